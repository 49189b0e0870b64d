"""Where in a kit's files a check points: for what is shown beside the source."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from harness.results.record import CheckLine, Header

_MANIFEST = "kit.toml"


@dataclass(frozen=True)
class Place:
    """A file as an address relative to where the command was given; `line` is 0 for all of it."""

    path: str
    line: int = 0


def place(check: CheckLine, header: Header) -> Place | None:
    """Where to look; a check of a kit that names no file points at its manifest.

    None for a conformance run: an executor's sources are not known.
    """
    if header.kit is None:
        return None
    folder = posixpath.normpath(header.kit.folder or ".")
    name = check.file or _MANIFEST
    path = name if folder == "." else posixpath.join(folder, name)
    return Place(path, check.at if check.file else 0)
