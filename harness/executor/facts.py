"""What stat shows of the framework's files, gathered for the contract's pure judgements."""

from __future__ import annotations

import os
import stat
from typing import Tuple

from ..contract.permissions import DirFacts, FileFacts
from .system import decode, encode

_KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "dir"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISCHR, "char"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISSOCK, "socket"),
)


def look(path: str) -> FileFacts:
    """Facts of a path, symlinks followed, and of every directory on its resolved path."""
    raw = encode(path)
    try:
        status = os.stat(raw)
    except (OSError, ValueError):
        return FileFacts(path, exists=False, dangling=_leads_nowhere(raw), kind="")
    resolved = os.path.realpath(raw)
    return _facts(path, resolved, status)


def look_again(path: str, resolved: str) -> FileFacts:
    """Facts of what `path` resolved to in the precheck, not resolved once more (FILE-09)."""
    raw = encode(resolved)
    try:
        status = os.lstat(raw)
    except (OSError, ValueError):
        return FileFacts(path, exists=False, kind="")
    return _facts(path, raw, status)


def _facts(path: str, resolved: bytes, status: os.stat_result) -> FileFacts:
    return FileFacts(
        path=path,
        kind=next((name for test, name in _KINDS if test(status.st_mode)), ""),
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        resolved=decode(resolved),
        directories=_directories(resolved),
    )


def _directories(resolved: bytes) -> Tuple[DirFacts, ...]:
    found = []
    folder = os.path.dirname(resolved)
    while True:
        try:
            status = os.stat(folder)
        except OSError:
            # Gone meanwhile: nobody vouches for it.
            found.append(DirFacts(decode(folder), -1, 0))
        else:
            found.append(DirFacts(decode(folder), status.st_uid, stat.S_IMODE(status.st_mode)))
        if folder in (b"/", b""):
            return tuple(reversed(found))
        folder = os.path.dirname(folder)


def _leads_nowhere(raw: bytes) -> bool:
    try:
        os.lstat(raw)
    except (OSError, ValueError):
        return False
    return True
