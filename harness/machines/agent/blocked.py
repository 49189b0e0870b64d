"""Processes that wait to write to a frozen filesystem.

Such a wait ends only with the thaw, not even by SIGKILL. So whoever tried to write while something
was frozen is still at it when the first thaw is asked for: a look at that instant misses nothing.
"""

from __future__ import annotations

import os

from . import procfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Thread = tuple[int, int, int]  # process, thread, its start in ticks

# Where the kernel waits for the end of a freeze: in sb_start_write, by whatever name it is shown.
_WAITS = ("percpu_rwsem_wait", "__percpu_down_read", "percpu_down_read", "__sb_start_write")
# The same wait serves other locks, which nobody holds for long.
LASTING = 0.25
# Calls that wait for such a lock of all processes, while the engine moves one: clone, clone3, fork,
# vfork, execve, execveat, exit, exit_group.
_OF_PROCESSES = {
    "x86_64": (56, 435, 57, 58, 59, 322, 60, 231),
    "aarch64": (220, 435, 221, 281, 93, 94),
}


class Suspects:
    """Threads seen waiting, since when; those that go on are told once."""

    def __init__(self) -> None:
        self._since: dict[Thread, float] = {}  # first seen
        self._told: set[Thread] = set()

    def clear(self) -> None:
        """Begin anew, for the next run."""
        self._since.clear()
        self._told.clear()

    def look(self, waiting: Iterable[Thread], now: float) -> list[tuple[Thread, float]]:
        """Take what waits now; what surely waits for a thaw, with its first sight, once."""
        self._since = {one: self._since.get(one, now) for one in waiting}
        sure = [
            (one, since)
            for one, since in self._since.items()
            if now - since >= LASTING and one not in self._told
        ]
        self._told.update(one for one, _ in sure)
        return sure

    @property
    def open(self) -> bool:
        """Whether some of those that wait have not done so for long enough to tell."""
        return bool(set(self._since) - self._told)


def waiting(pids: Iterable[int]) -> list[Thread]:
    """The threads of these processes that wait so now."""
    return [
        (pid, thread.pid, thread.start_ticks)
        for pid in pids
        for thread in _threads(pid)
        if thread.state == "D" and _place(thread.pid) in _WAITS and _may_write(thread.pid)
    ]


def _threads(pid: int) -> list[procfs.Process]:
    try:
        names = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found = (procfs.read(int(name)) for name in names)
    return [thread for thread in found if thread is not None]


def _may_write(thread: int) -> bool:
    """Whether it is in a call that may have to write; so it is taken where that can't be read."""
    try:
        with open(f"/proc/{thread}/syscall", encoding="ascii") as text:
            number = text.read().split()[0]
    except OSError:
        return True
    return number not in map(str, _OF_PROCESSES.get(os.uname().machine, ()))


def _place(thread: int) -> str:
    try:
        with open(f"/proc/{thread}/wchan", encoding="ascii", errors="replace") as text:
            return text.read().strip()
    except OSError:
        return ""
