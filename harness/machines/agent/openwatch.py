"""Who opens certain files: the opener waits until what is to be done then has been done.

A permission event of fanotify, so that a fault comes exactly there, for any executor and without
its help. Never on a guest's disk: its filesystem is the host's as well, whose look at it must not
wait for a guest.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading

from . import linux
from .problem import AgentProblem
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FAN_CLOEXEC = 1
_FAN_NONBLOCK = 2
_FAN_CLASS_CONTENT = 4
_FAN_MARK_ADD = 1
_FAN_MARK_FLUSH = 0x80
_FAN_OPEN_PERM = 0x10000
_FAN_EVENT_ON_CHILD = 0x08000000
_FAN_ALLOW = 1
_EVENT = struct.Struct("=IBBHQii")
_RESPONSE = struct.Struct("=iI")


class OpenWatch:
    """Calls `opened(path, pid)` for each opening of a watched file, or of a file in a watched
    folder, while the opener waits; `path` is the watched one."""

    def __init__(self, own_disk: Callable[[int], bool], opened: Callable[[str, int], None]) -> None:
        self._own_disk = own_disk
        self._opened = opened
        self._lock = threading.Lock()
        self._fan = -1
        self._marked: dict[tuple[int, int], str] = {}  # device and inode: path

    def watch(self, paths: Iterable[str]) -> None:
        """Watch these, instead of earlier ones. Raises AgentProblem, OSError."""
        wanted = list(paths)
        with self._lock:
            if self._fan >= 0:
                linux.fanotify_mark(self._fan, _FAN_MARK_FLUSH, 0, "/")
                self._marked.clear()
            elif wanted:
                self._fan = linux.fanotify_init(
                    _FAN_CLOEXEC | _FAN_NONBLOCK | _FAN_CLASS_CONTENT, os.O_RDONLY | os.O_CLOEXEC
                )
                threading.Thread(target=self._follow, name="openings", daemon=True).start()
            for path in wanted:
                self._mark(path)

    def _mark(self, path: str) -> None:
        held = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if self._own_disk(held):
                raise AgentProblem(Code.BAD_REQUEST, f"{path} is on a disk of the host's too", "")
            facts = os.fstat(held)
        finally:
            os.close(held)
        linux.fanotify_mark(self._fan, _FAN_MARK_ADD, _FAN_OPEN_PERM | _FAN_EVENT_ON_CHILD, path)
        self._marked[facts.st_dev, facts.st_ino] = path

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._fan, select.POLLIN)
        while True:
            poll.poll()
            try:
                data = os.read(self._fan, 65536)
            except BlockingIOError:
                continue
            while data:
                size, _, _, _, _, file, pid = _EVENT.unpack_from(data)
                data = data[size:]
                if file >= 0:
                    self._take(file, pid)

    def _take(self, file: int, pid: int) -> None:
        try:
            # The agent itself, and what lies outside of the guest (pid 0), is never held up.
            if pid not in (0, os.getpid()):
                path = self._path_of(file)
                if path is not None:
                    self._opened(path, pid)
        finally:
            with contextlib.suppress(OSError):  # it was killed while it waited
                os.write(self._fan, _RESPONSE.pack(file, _FAN_ALLOW))
            os.close(file)

    def _path_of(self, file: int) -> str | None:
        facts = os.fstat(file)
        folder = os.path.dirname(os.readlink(f"/proc/self/fd/{file}"))
        with self._lock:
            found = self._marked.get((facts.st_dev, facts.st_ino))
            if found is None:
                parent = os.stat(folder)
                found = self._marked.get((parent.st_dev, parent.st_ino))
        return found
