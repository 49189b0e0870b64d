"""The interpreter that a script names, and whether the guest has it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.certify.kit import Kit, KitFile
from harness.certify.lint.finding import LintFinding

#: Interpreters that ShellCheck understands.
_SHELLS = ("sh", "bash", "dash", "ksh")
#: Folders of Debian's interpreters; /bin is a link to /usr/bin.
_FOLDERS = ("/bin", "/usr/bin")
#: In every Debian system.
_ALWAYS = frozenset(["sh", "bash", "dash", "env", "awk", "mawk", "perl", "sed"])
#: A pattern of the packages that bring an interpreter, by the interpreter's name.
_PACKAGES = {
    "python3": r"python3([.-].*)?",
    "python": r"python-is-python3",
    "php": r"php([0-9.]*)(-cli)?",
    "ruby": r"ruby.*",
    "node": r"nodejs",
    "nodejs": r"nodejs",
    "lua": r"lua[0-9.]+",
    "tclsh": r"tcl[0-9.]*",
    "expect": r"expect",
    "gawk": r"gawk",
    "ksh": r"ksh|ksh93u\+m|mksh",
    "zsh": r"zsh",
    "fish": r"fish",
    "pwsh": r"powershell",
}


@dataclass(frozen=True)
class Interpreter:
    """The first line of a script: the interpreter's path, and the program that `env` looks for."""

    path: str
    sought: str = ""

    @property
    def name(self) -> str:
        """What runs the script: "bash" of "/usr/bin/env bash"."""
        return self.sought or posixpath.basename(self.path)


def interpreter_of(content: bytes) -> Interpreter | None:
    """Of a script's shebang; None where there is none that the kernel would take."""
    first = content.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    words = first[2:].split() if first.startswith("#!") else []
    if not words or not words[0].startswith("/"):
        return None
    if posixpath.basename(words[0]) != "env":
        return Interpreter(words[0])
    sought = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return Interpreter(words[0], sought[0]) if sought else None


def shell_of(content: bytes) -> str | None:
    """The shell of a script by its shebang, None where it is another interpreter's or none."""
    found = interpreter_of(content)
    return found.name if found and found.name in _SHELLS else None


def shell_files(kit: Kit) -> Iterator[KitFile]:
    """The two scripts first, then every other shell script of the kit."""
    yield from (kit.pre, kit.post)
    for path in sorted(kit.files):
        file = kit.files[path]
        if file not in (kit.pre, kit.post) and shell_of(file.content):
            yield file


def interpreter_findings(kit: Kit, file: KitFile) -> Iterator[LintFinding]:
    """Whether the guest has it, as far as the names of packages tell; level 2 looks."""
    found = interpreter_of(file.content)
    installed = {install.target for install in kit.manifest.installs}
    if found is None or kit.manifest.dockerfile or found.path in installed:
        return
    folder = posixpath.dirname(found.path)
    known = found.name in _ALWAYS or found.name in _PACKAGES
    if folder not in _FOLDERS and known:
        yield LintFinding(
            "lint.interpreter",
            "error",
            file.path,
            1,
            f"its interpreter {found.path} is not where Debian's packages put it",
            f"write #!/usr/bin/{posixpath.basename(found.path)}, or install it by [[install]]",
        )
    elif found.name in _PACKAGES:
        if not any(re.fullmatch(_PACKAGES[found.name], name) for name in kit.manifest.packages):
            yield LintFinding(
                "lint.no-package",
                "warning",
                file.path,
                1,
                f"its interpreter is {found.name}, and none of guest.packages names it",
                "add the package to kit.toml, and to what your product depends on",
            )
    elif found.name not in _ALWAYS:
        yield LintFinding(
            "lint.no-package",
            "warning",
            file.path,
            1,
            f"its interpreter {found.name} is unknown here: whether the guest has it is seen at "
            "level 2",
            "name its package in kit.toml",
        )
