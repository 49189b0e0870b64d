"""What ShellCheck says of the kit's shell scripts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.certify.kit import KitFile
from harness.certify.lint.finding import LintFinding
from harness.certify.lint.interpreter import shell_of
from harness.problem import IncompleteProblem

_DEADLINE = 60.0

ShellCheck = Callable[[str, str], list[dict[str, object]]]
"""Takes a script's text and its shell, gives ShellCheck's comments as its json1 form has them."""


def shellcheck_findings(file: KitFile, dash: bool, check: ShellCheck) -> Iterator[LintFinding]:
    """Of one file; `dash`: /bin/sh is dash there, where what only bash knows is an error."""
    shell = shell_of(file.content)
    unnamed = not file.content.startswith((b"#!", b"\x7fELF", b"\xef\xbb\xbf"))
    if shell is None and unnamed:
        shell = "sh"
    if shell == "sh" and dash:
        shell = "dash"
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
            timeout=_DEADLINE,
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
