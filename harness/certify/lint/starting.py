"""What keeps a script from being started at all: its bytes and its first line."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from harness.certify.kit import KitFile
from harness.certify.lint.finding import LintFinding, Severity


def starting_findings(which: str, file: KitFile) -> Iterator[LintFinding]:
    """Of one of the two scripts; `which` is "pre" or "post"."""

    def finding(
        rule: str, severity: Severity, line: int | None, message: str, remedy: str
    ) -> LintFinding:
        return LintFinding(rule, severity, file.path, line, message, remedy)

    content = file.content
    if not content.strip():
        yield finding(
            "lint.empty",
            "error",
            None,
            f"the {which}-script is empty: it would always succeed",
            "write it; a script that does nothing makes no application consistent",
        )
        return
    if content.startswith(b"\x7fELF"):
        return
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        yield finding(
            "lint.bom",
            "error",
            1,
            "it begins with a byte order mark: the kernel does not see the shebang behind it",
            "save it as plain UTF-8 without a byte order mark",
        )
        return
    if b"\0" in content:
        yield finding(
            "lint.encoding",
            "error",
            content[: content.index(b"\0")].count(b"\n") + 1,
            "it holds a NUL byte: no text, or UTF-16",
            "save it as plain UTF-8",
        )
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield finding(
            "lint.encoding",
            "warning",
            content[: error.start].count(b"\n") + 1,
            "it is no UTF-8",
            "save it as plain UTF-8",
        )
    if b"\r" in content:
        line = content[: content.index(b"\r")].count(b"\n") + 1
        yield finding(
            "lint.crlf",
            "error",
            line,
            "it has Windows line endings: the interpreter's name, and each last word of a line, "
            "end in a carriage return",
            "convert it (sed -i 's/\\r$//'), and keep your editor and git from doing it again",
        )
    yield from _interpreter(file, finding)


def _interpreter(
    file: KitFile, finding: Callable[[str, Severity, int | None, str, str], LintFinding]
) -> Iterator[LintFinding]:
    first = file.content.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    if not first.startswith("#!"):
        yield finding(
            "lint.no-shebang",
            "warning",
            1,
            "it names no interpreter: by RUN-09 it is run by /bin/sh, others may refuse it",
            "begin it with #!/bin/sh or the full path of its interpreter",
        )
        return
    words = first[2:].split()
    if not words or not words[0].startswith("/"):
        yield finding(
            "lint.interpreter",
            "error",
            1,
            f"its interpreter {' '.join(words) or '(none)'!r} is no full path",
            "write the full path of the interpreter",
        )
    elif posixpath.basename(words[0]) == "env" and len(words) > 2 and words[1] != "-S":
        yield finding(
            "lint.interpreter",
            "error",
            1,
            f"the kernel gives {first!r} its words as one: env looks for a program of that name",
            "name the interpreter with its full path, or use env -S",
        )
