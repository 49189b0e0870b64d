"""Programs that are started from a disk while it is frozen, and whose access time is due then.

fanotify holds each start until it was looked at: on a frozen filesystem no access time has moved
by then. Marks stand on the guest's own mounts only and only during a freeze, so that neither the
host's look at the disk nor anything outside a freeze ever waits. What belongs to the snapshot
command is the suite's own and is left out.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FAN_CLOEXEC = 1
_FAN_NONBLOCK = 2
_FAN_CLASS_CONTENT = 4
_MARK_ADD = 1
_MARK_MOUNT = 0x10
_MARK_FLUSH = 0x80
_OPEN_EXEC_PERM = 0x40000
_ON_CHILD = 0x08000000
_ALLOW = 1
_EVENT = struct.Struct("=IBBHQii")
_ANSWER = struct.Struct("=iI")

_ST_RDONLY, _ST_NOATIME, _ST_RELATIME = 1, 1024, 4096
_DAY = 86400


class Started:
    """One start: who, of which file, and whether its access time would have to be written."""

    def __init__(self, pid: int, path: str, mount: int, due: bool) -> None:
        self.pid = pid
        self.path = path
        self.mount = mount
        self.due = due


class ProgramWatch:
    """The marks, and the events behind them. `descriptor` is for poll. Raises OSError."""

    def __init__(self, own_folder: str) -> None:
        self._own_folder = own_folder
        self.descriptor = linux.fanotify_init(
            _FAN_CLOEXEC | _FAN_NONBLOCK | _FAN_CLASS_CONTENT, os.O_RDONLY | os.O_CLOEXEC
        )
        #: Processes that became the snapshot command.
        self.commands: set[int] = set()

    def mark(self, points: Iterable[str]) -> None:
        """From now on tell of programs on these mounts."""
        linux.fanotify_mark(
            self.descriptor, _MARK_ADD, _OPEN_EXEC_PERM | _ON_CHILD, self._own_folder
        )
        for point in points:
            with contextlib.suppress(OSError):  # hidden under another mount, or gone
                linux.fanotify_mark(
                    self.descriptor, _MARK_ADD | _MARK_MOUNT, _OPEN_EXEC_PERM, point
                )

    def clear(self) -> None:
        """Nothing is frozen any more."""
        self.commands.clear()
        linux.fanotify_mark(self.descriptor, _MARK_FLUSH, 0, "/")
        linux.fanotify_mark(self.descriptor, _MARK_FLUSH | _MARK_MOUNT, 0, "/")

    def take(self, tell: Callable[[Started], None]) -> None:
        """Look at each start that waits, `tell` of it, and let it go on."""
        while True:
            try:
                data = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return
            while data:
                size, _, _, _, _, file, pid = _EVENT.unpack_from(data)
                data = data[size:]
                if file < 0:
                    continue
                try:
                    self._look(file, pid, tell)
                finally:
                    with contextlib.suppress(OSError):  # whoever started it was killed
                        os.write(self.descriptor, _ANSWER.pack(file, _ALLOW))
                    os.close(file)

    def _look(self, file: int, pid: int, tell: Callable[[Started], None]) -> None:
        path = os.readlink(f"/proc/self/fd/{file}")
        if os.path.dirname(path) == self._own_folder:
            self.commands.add(pid)
            return
        tell(Started(pid, path, mount_of("self", file), access_time_due(file)))


def mount_of(pid: int | str, descriptor: int) -> int:
    """The id of the mount by which a process holds a file open; 0 where it holds none so."""
    try:
        with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
    except OSError:
        return 0
    return int(fields["mnt_id"])


def access_time_due(file: int) -> bool:
    """Whether reading it now would write its access time, by the mount's options."""
    flags = os.fstatvfs(file).f_flag
    if flags & (_ST_NOATIME | _ST_RDONLY):
        return False
    facts = os.fstat(file)
    return relatime_due(
        facts.st_atime_ns, facts.st_mtime_ns, facts.st_ctime_ns, time.time_ns()
    ) or not (flags & _ST_RELATIME)


def relatime_due(access: int, change: int, status: int, now: int) -> bool:
    """The kernel's rule of relatime, in nanoseconds: not since the last change, or a day ago."""
    return access <= max(change, status) or now - access >= _DAY * 1_000_000_000
