"""Disks that are full, and the space that is given back.

A file in the root of each of the guest's disks takes all that is free, root's reserve too; whoever
restores such a set makes room first, as an administrator would.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from harness.certify import faults
from harness.machines.guest import Guest, Process
from harness.problem import EngineProblem

#: The file that takes the space, on each disk.
FILLER = ".snapcert-filler"

_PYTHON = "/usr/bin/python3"
_DEADLINE = 60.0

#: Space is taken without writing it: in chunks, each half as large once one no longer fits. The
#: program waits for a signal first: a script may be over before another program has started.
_FILL = """\
import errno, os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("ready", flush=True)
signal.sigwait({signal.SIGTERM})
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


@dataclass(frozen=True)
class Filler:
    """Waits in a guest for a SIGTERM, and takes all the space of its disks then."""

    guest: Guest
    process: Process

    @classmethod
    def waiting(cls, guest: Guest) -> Filler:
        """Start it, and wait until it waits."""
        process = guest.spawn(
            faults.FILLER, [_PYTHON, "-I", "-c", _FILL, *fillers(guest)], lines=True
        )
        if process.wait_line(lambda line: line == "ready", _DEADLINE) is None:
            raise _cannot(guest, process)
        return cls(guest, process)

    def fill(self) -> None:
        """Have the space taken now."""
        self.process.kill(signal.SIGTERM)
        self.process.wait(_DEADLINE)

    def dismiss(self) -> float | None:
        """End it, and give the space back; when all was taken, in the guest's time, if it was."""
        if self.process.running:
            self.process.kill(signal.SIGKILL)
        ended = self.process.wait(_DEADLINE)
        give_back(self.guest)
        if ended is not None and ended.exit not in (0, None):
            raise _cannot(self.guest, self.process)
        return ended.at if ended is not None and ended.exit == 0 else None


def give_back(guest: Guest) -> None:
    """Give the space back that a filler took, if one did."""
    result = guest.run([_PYTHON, "-I", "-c", _FREE, *fillers(guest)], deadline=_DEADLINE)
    if not result.ok:
        raise _refused(guest, result.err)


def fillers(guest: Guest) -> tuple[str, ...]:
    """The files that take the space."""
    return tuple(
        f"{disk.mountpoint.rstrip('/')}/{FILLER}"
        for disk in guest.disks
        if not disk.read_only and not disk.foreign
    )


def _cannot(guest: Guest, process: Process) -> EngineProblem:
    ended = process.ended
    return _refused(guest, ended.tail if ended else b"")


def _refused(guest: Guest, output: bytes) -> EngineProblem:
    said = output.decode(errors="replace").strip()[-400:]
    return EngineProblem(
        f"the disks of guest {guest.name} can't be filled, or emptied again: {said or 'no answer'}",
        "give the kit a disk on which a file can take all the space",
        "disk-full",
    )
