"""Commands that a script calls by name, and the PATH in which they are looked for.

Executors give RUN-09's PATH and read no profile: what is found in a login shell only is missing in
each backup, often unnoticed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from harness.certify.kit import Kit
from harness.certify.lint.finding import LintFinding, Severity
from harness.certify.lint.programs import ELSEWHERE, SYSTEM, USUAL
from harness.certify.lint.scope import Read
from harness.certify.lint.shell import Script, settings
from harness.certify.manifest import KIT_FOLDER

#: RUN-09.
_GIVEN = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SBIN = frozenset(("/sbin", "/usr/sbin"))


def path_findings(kit: Kit, read: Read) -> Iterator[LintFinding]:
    """Of one script: each command once, where it is met first."""
    own = _own_programs(kit)
    told: set[str] = set()
    for command in read.script.commands:
        name = command.name
        if not name or "/" in command.words[0] or name in told or read.script.function(name):
            continue
        folders = folders_at(read.script, command.line)
        wrong = _wrong(name, folders, own) if folders is not None else None
        if wrong is not None:
            told.add(name)
            severity, message, remedy = wrong
            yield LintFinding("lint.path", severity, read.file.path, command.line, message, remedy)


def _wrong(
    name: str, folders: Sequence[str], own: Mapping[str, str]
) -> tuple[Severity, str, str] | None:
    path = ":".join(folders)
    folder = posixpath.dirname(own.get(name, ""))
    if folder and folder not in folders and name not in USUAL:
        message = f"{name} is {own[name]}, and executors read no profile: PATH is {path}"
        remedy = f"call it by its full path, or set PATH in the script with {folder} in it"
        return "error", message, remedy
    if name in SYSTEM and not _SBIN & set(folders):
        message = f"{name} is in /usr/sbin, and the script sets PATH without it: {path}"
        return "error", message, "add /usr/sbin:/sbin to it, as executors' own PATH has them"
    if name in ELSEWHERE and set(folders) <= set(_GIVEN):
        message = f"{name} is usually in {ELSEWHERE[name]}, and PATH is {path}"
        return "warning", message, "call it by its full path, or set PATH in the script"
    return None


def folders_at(script: Script, line: int) -> tuple[str, ...] | None:
    """PATH's folders at a line by the assignments before it; None where a file that is read in, or
    another variable, may say otherwise.
    """
    folders: tuple[str, ...] = _GIVEN
    for command in script.commands:
        if command.line > line:
            break
        if command.name in (".", "source"):
            return None
        for name, value in settings(command):
            if name != "PATH" or not value:
                continue
            found: list[str] = []
            for part in value.split(":"):
                if part in ("$PATH", "${PATH}"):
                    found += folders
                elif "$" in part or "`" in part:
                    return None
                else:
                    found.append(part.rstrip("/") or "/")
            folders = tuple(found)
    return folders


def _own_programs(kit: Kit) -> dict[str, str]:
    """The kit's programs by name, with the path at which each is in the guest."""
    own = {
        posixpath.basename(file.path): f"{KIT_FOLDER}/{file.path}"
        for file in kit.files.values()
        if file.executable
    }
    for install in kit.manifest.installs:
        if install.mode & 0o111:
            own[posixpath.basename(install.target)] = install.target
    return own
