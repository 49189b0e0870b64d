"""Which files of a kit are part of its two scripts: those that are installed where backups run.

The programs of the application's commands (its load, its verification) are the suite's side of a
kit; what lint says of running scripts is not said of them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.certify.kit import Kit, KitFile
from harness.certify.lint.interpreter import interpreter_of, shell_of
from harness.certify.lint.shell import Script, read_script


@dataclass(frozen=True)
class Read:
    """A shell script of the kit and what was read in it."""

    file: KitFile
    script: Script


def read_scripts(kit: Kit) -> tuple[Read, ...]:
    """The two scripts, and each shell file of the kit that one of them names; shell only."""
    return tuple(
        Read(file, read_script(file.content.decode("utf-8", "replace").replace("\r\n", "\n")))
        for file in _named(kit)
        if shell_of(file.content) or _unnamed(file)
    )


def _named(kit: Kit) -> Iterator[KitFile]:
    found = [kit.pre, kit.post]
    for file in found:  # grows while it is read
        yield file
        text = file.content.decode("utf-8", "replace")
        for other in kit.files.values():
            name = re.escape(posixpath.basename(other.path))
            if other not in found and re.search(rf"(?<![\w.-]){name}(?![\w.-])", text):
                found.append(other)


def _unnamed(file: KitFile) -> bool:
    """A file without an interpreter's name, sourced or run by /bin/sh."""
    content = file.content
    return (
        interpreter_of(content) is None
        and b"\0" not in content
        and (file.executable or file.path.endswith(".sh"))
    )
