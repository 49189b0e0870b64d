"""A kit that is another one with a few things changed, as a folder of its own.

An overlay is a folder that holds only the files which differ; what is small is an edit of the
base's own text, so that it follows the base.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class StaleEdit(ValueError):
    """The text that an edit replaces does not stand there, or more than once."""


@dataclass(frozen=True)
class Edit:
    """One replacement in `file`; `old` stands there exactly once."""

    file: str
    old: str
    new: str


def lay_over(
    base: Path,
    over: Path | None,
    into: Path,
    *,
    edits: Sequence[Edit] = (),
    links: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> None:
    """Write the kit `base` into the new folder `into`, with the files of `over`, if there is one,
    in the place of its own.

    Then each edit is made, in order, and `links` (path in the kit: target) become symbolic links.
    Files of `over` named in `without` are no part of the kit.
    """
    shutil.copytree(base, into, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for path in sorted(over.rglob("*")) if over else ():
        name = path.relative_to(over or path)
        if path.is_file() and str(name) not in without:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into / name)
    for edit in edits:
        file = into / edit.file
        whole = {edit.file: file.read_bytes()} if file.is_file() else {}
        file.write_bytes(edited(whole, [edit])[edit.file])
    for link, target in (links or {}).items():
        (into / link).unlink(missing_ok=True)
        (into / link).symlink_to(target)


def edited(files: Mapping[str, bytes], edits: Sequence[Edit], prefix: str = "") -> dict[str, bytes]:
    """The files with every edit made, in order; StaleEdit where one does not fit."""
    changed = dict(files)
    for edit in edits:
        path = prefix + edit.file
        if path not in changed:
            raise StaleEdit(f"there is no {path}")
        text = changed[path].decode()
        count = text.count(edit.old)
        if count != 1:
            raise StaleEdit(f"{path} has this text {count} times, not once: {edit.old!r}")
        changed[path] = text.replace(edit.old, edit.new).encode()
    return changed
