"""A bound on what a guest writes beside its disks.

The container's root is a folder of the engine's own storage, which no usual engine bounds: a
program that writes there without end would fill the engine's machine. So the agent watches the room
that is left; where it shrinks by as much as a guest may write, what this guest wrote is counted,
and too much of it ends the guest, with all that it wrote.
"""

from __future__ import annotations

import os
import stat
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_EVERY = 0.5
_BLOCK = 512


class Spill:
    """Watches one folder's filesystem; `end` is called once, with the reason."""

    def __init__(
        self,
        limit: int,
        end: Callable[[str], None],
        root: str = "/",
        room: Callable[[str], int] | None = None,
        proc: str = "/proc",
    ) -> None:
        self._limit = limit
        self._end = end
        self._root = root
        self._room = room or room_left
        self._proc = proc
        self._since = time.time() - 1
        self._mark = self._room(root)

    def start(self) -> None:
        """Watch from now on, for as long as the container lives."""
        threading.Thread(target=self._watch, name="spill", daemon=True).start()

    def look(self) -> bool:
        """Whether too much was written; what others wrote to the same storage does not count."""
        left = self._room(self._root)
        if self._mark - left < self._limit:
            self._mark = max(self._mark, left)
            return False
        found = written(self._root, self._since, self._proc)
        self._mark = left + min(found, self._limit - 1)
        if found < self._limit:
            return False
        self._end(
            f"it wrote {found >> 20} MiB beside its disks, more than the {self._limit >> 20} MiB "
            "that a guest may: the engine's own storage must not be filled"
        )
        return True

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK_EVERY):
            if self.look():
                return


def room_left(root: str) -> int:
    """Bytes that can still be written to a folder's filesystem."""
    facts = os.statvfs(root)
    return facts.f_bavail * facts.f_frsize


def written(root: str, since: float, proc: str = "/proc") -> int:
    """Bytes of the files below that were changed after an instant, and of those deleted but open.

    Other filesystems are passed over.
    """
    device = os.lstat(root).st_dev
    total = 0
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if _device(os.path.join(folder, name)) == device]
        for name in names:
            total += _changed(os.path.join(folder, name), since)
    return total + _deleted_but_open(device, proc)


def _device(path: str) -> int:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return -1


def _changed(path: str, since: float) -> int:
    try:
        facts = os.lstat(path)
    except OSError:
        return 0
    return facts.st_blocks * _BLOCK if facts.st_ctime >= since else 0


def _deleted_but_open(device: int, proc: str) -> int:
    sizes = {}
    for pid in filter(str.isdigit, os.listdir(proc)):
        try:
            descriptors = os.listdir(f"{proc}/{pid}/fd")
        except OSError:
            continue
        for number in descriptors:
            try:
                facts = os.stat(f"{proc}/{pid}/fd/{number}")
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 0 and facts.st_dev == device:
                sizes[facts.st_ino] = facts.st_blocks * _BLOCK
    return sum(sizes.values())
