"""Level 1: what can be said of a kit without running it; seconds, no engine.

The config by the contract's own reader, the files by the contract's own judgement of owners and
modes, as the kit installs them; then what breaks scripts in the field: encodings, line endings, a
missing interpreter, and what ShellCheck says.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.certify.kit import Kit, KitFile
from harness.contract import permissions
from harness.contract.config import (
    CONFIG_PATH,
    Config,
    effective_timeout,
    find_problems,
    parse_config,
)
from harness.problem import IncompleteProblem

Severity = Literal["error", "warning"]

#: Interpreters that ShellCheck understands.
_SHELLS = ("sh", "bash", "dash", "ksh")
_SHELLCHECK_DEADLINE = 60.0


@dataclass(frozen=True)
class LintFinding:
    """One thing that lint found: an "error" fails level 1, a "warning" is shown.

    `rule` is a rule of the contract ("FILE-04"), or a name of lint's own ("lint.crlf",
    "SC2086"). `line` is None where the whole file is meant.
    """

    rule: str
    severity: Severity
    file: str
    line: int | None
    message: str
    remedy: str


ShellCheck = Callable[[str, str], list[dict[str, object]]]
"""Takes a script's text and its shell, gives ShellCheck's comments as its json1 form has them."""


def lint(kit: Kit, shellcheck: ShellCheck | None = None) -> tuple[LintFinding, ...]:
    """All findings of a kit, in the order of its files. Raises IncompleteProblem without
    ShellCheck.
    """
    findings = [*_config(kit), *_permissions(kit)]
    for which, file in (("pre", kit.pre), ("post", kit.post)):
        findings += _script(which, file)
    check = shellcheck or run_shellcheck
    for file in _shell_files(kit):
        findings += _shellcheck(file, check)
    return tuple(findings)


def _config(kit: Kit) -> Iterator[LintFinding]:
    file = kit.config_file
    for problem in find_problems(file.content):
        yield LintFinding(
            "CFG-03",
            "error",
            file.path,
            None,
            problem.detail,
            "executors refuse this config and run no script; mend it",
        )
    config, warnings = parse_config(file.content)
    if not isinstance(config, Config):
        return
    for warning in (*warnings, *effective_timeout(config, None)[1]):
        rule = "CFG-04" if "CFG-04" in warning else "CFG-05"
        yield LintFinding(rule, "warning", file.path, None, warning, "mend it in the config")
    if config.pre_location == config.post_location and config.pre_params == config.post_params:
        yield LintFinding(
            "lint.same-script",
            "error",
            file.path,
            None,
            "preScriptLocation and postScriptLocation name the same script with the same "
            "parameters: it cannot tell which of the two it is",
            "name two scripts, or tell them apart by preScriptParams and postScriptParams",
        )
    for key, location in (("pre", config.pre_location), ("post", config.post_location)):
        for disk in kit.manifest.layout.disks:
            if not disk.carries_root and _below(location, disk.mountpoint):
                yield LintFinding(
                    "lint.script-on-data-disk",
                    "warning",
                    file.path,
                    None,
                    f"{key}ScriptLocation is on the disk at {disk.mountpoint}, which is frozen "
                    "while it is waited for, and may be mounted noexec",
                    "keep scripts on the system's own disk, such as in /etc/azure",
                )


def _permissions(kit: Kit) -> Iterator[LintFinding]:
    """The modes with which the kit installs its files, by the contract's own judgement."""
    scripts = kit.manifest.scripts
    facts = _facts(CONFIG_PATH, scripts.config_mode)
    found = permissions.judge_config_file(facts)
    if found:
        yield _permission(found, "FILE-03", kit.config_file.path, "scripts.modes.config")
    config = kit.config
    if not isinstance(config, Config):
        return
    for which, location, mode, file in (
        ("pre", config.pre_location, scripts.pre_mode, kit.pre),
        ("post", config.post_location, scripts.post_mode, kit.post),
    ):
        found = permissions.judge_script_permission(which, _facts(location, mode))
        if found:
            yield _permission(found, "FILE-04", file.path, f"scripts.modes.{which}")


def _permission(found: permissions.Finding, rule: str, file: str, key: str) -> LintFinding:
    rule = "FILE-08" if found.reason == "directory" else rule
    return LintFinding(
        rule,
        "error",
        file,
        None,
        f"as it is installed, {found.detail}: {found.name.value}",
        f"set {key} in kit.toml to what your installation does, and mend that",
    )


def _facts(path: str, mode: int) -> permissions.FileFacts:
    """What stat will show: all is installed root-owned, folders with mode 755."""
    folders, parent = [], posixpath.dirname(path)
    while True:
        folders.append(parent)
        if parent == "/":
            break
        parent = posixpath.dirname(parent)
    directories = tuple(
        permissions.DirFacts(path=folder, uid=0, mode=0o1777 if folder == "/tmp" else 0o755)
        for folder in reversed(folders)
    )
    return permissions.FileFacts(path=path, mode=mode, resolved=path, directories=directories)


def _script(which: str, file: KitFile) -> Iterator[LintFinding]:
    """What keeps a script from being started at all, whatever is in it."""

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


def shell_of(content: bytes) -> str | None:
    """The shell of a script by its shebang, None where it is another interpreter's or none."""
    first = content.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    words = first[2:].split() if first.startswith("#!") else []
    if words and posixpath.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    name = posixpath.basename(words[0]) if words else ""
    return name if name in _SHELLS else None


def _shell_files(kit: Kit) -> Iterator[KitFile]:
    """The two scripts first, then every other shell script of the kit."""
    yield from (kit.pre, kit.post)
    for path in sorted(kit.files):
        file = kit.files[path]
        if file not in (kit.pre, kit.post) and shell_of(file.content):
            yield file


def _shellcheck(file: KitFile, check: ShellCheck) -> Iterator[LintFinding]:
    shell = shell_of(file.content)
    unnamed = not file.content.startswith((b"#!", b"\x7fELF", b"\xef\xbb\xbf"))
    if shell is None and unnamed:
        shell = "sh"
    if shell is None or b"\0" in file.content or not file.content.strip():
        return
    # Line endings have a finding of their own; ShellCheck would repeat it for each line.
    text = file.content.decode("utf-8", "replace").replace("\r\n", "\n")
    for comment in check(text, shell):
        level = comment["level"]
        if level not in ("error", "warning"):
            continue
        code = f"SC{comment['code']}"
        line = comment["line"]
        yield LintFinding(
            code,
            "error" if level == "error" else "warning",
            file.path,
            line if isinstance(line, int) else None,
            str(comment["message"]),
            f"www.shellcheck.net/wiki/{code} says why and how to mend it",
        )


def run_shellcheck(text: str, shell: str) -> list[dict[str, object]]:
    """Run the ShellCheck of this virtual environment, else of PATH, over one script."""
    own = Path(sys.executable).parent / "shellcheck"
    program = str(own) if own.exists() else shutil.which("shellcheck")
    if program is None:
        raise IncompleteProblem(
            "ShellCheck is not there, so that level 1 cannot be judged",
            "run `make setup`, which installs it into the virtual environment",
            "lint.shellcheck",
        )
    argv = [program, "--norc", "--format=json1", f"--shell={shell}", "--severity=warning", "-"]
    try:
        done = subprocess.run(
            argv,
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=_SHELLCHECK_DEADLINE,
            check=False,
        )
        comments = json.loads(done.stdout)["comments"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        raise IncompleteProblem(
            f"ShellCheck did not do its work: {error}",
            "try `shellcheck --version`; `make setup` installs it again",
            "lint.shellcheck",
        ) from None
    return list(comments)


def _below(path: str, folder: str) -> bool:
    return re.sub(r"/+", "/", path).startswith(folder.rstrip("/") + "/")
