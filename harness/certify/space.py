"""Disks that are full, and the space that is given back.

A file in the root of each of the guest's disks takes all that is free, root's reserve too; whoever
restores such a set makes room first, as an administrator would.
"""

from __future__ import annotations

from harness.machines.guest import CommandResult, Guest
from harness.problem import EngineProblem

#: The file that takes the space, on each disk.
FILLER = ".snapcert-filler"

_PYTHON = "/usr/bin/python3"
_DEADLINE = 60.0

#: Space is taken without writing it: in chunks, each half as large once one no longer fits.
_FILL = """\
import errno, os, sys
for path in sys.argv[1:]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    at = 0
    chunk = 1 << 30
    while chunk >= 512:
        try:
            os.posix_fallocate(file, at, chunk)
            at += chunk
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EFBIG):
                raise
            chunk //= 2
    os.close(file)
"""
_FREE = """\
import os, sys
for path in sys.argv[1:]:
    if os.path.exists(path):
        os.unlink(path)
"""


def fill(guest: Guest) -> float:
    """Take all the space of the guest's disks; when that was done, in its own time."""
    return _run(guest, _FILL).ended


def give_back(guest: Guest) -> None:
    """Give the space back that `fill` took, if it did."""
    _run(guest, _FREE)


def fillers(guest: Guest) -> tuple[str, ...]:
    """The files that take the space."""
    return tuple(
        f"{disk.mountpoint.rstrip('/')}/{FILLER}"
        for disk in guest.disks
        if not disk.read_only and not disk.foreign
    )


def _run(guest: Guest, program: str) -> CommandResult:
    result = guest.run([_PYTHON, "-I", "-c", program, *fillers(guest)], deadline=_DEADLINE)
    if not result.ok:
        said = result.err.decode(errors="replace").strip()[-400:]
        raise EngineProblem(
            f"the disks of guest {guest.name} can't be filled, or emptied again: "
            f"{said or 'no answer'}",
            "give the kit a disk on which a file can take all the space",
            "disk-full",
        )
    return result
