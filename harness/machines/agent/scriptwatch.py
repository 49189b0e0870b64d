"""Who runs the configured scripts, and for how long: fanotify for the start, a pidfd for the end.

Seen for any script, also a vendor's that reports no marks, and without its help.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import struct
import threading
import time

from . import linux, procfs
from .problem import AgentProblem
from .wire import Code, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FAN_CLOEXEC = 1
_FAN_NONBLOCK = 2
_FAN_MARK_ADD = 1
_FAN_MARK_FLUSH = 0x80
_FAN_OPEN = 0x20
_FAN_OPEN_EXEC = 0x1000
_EVENT = struct.Struct("=IBBHQii")
#: What is given a script to read, and so runs it without executing the file.
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
# A path that leads to no file: nothing, a file for a folder, links in a circle, a name too long.
_NO_FILE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG))


class ScriptWatch:
    """Emits script-started and script-ended; `pids` maps pids seen to "pre" or "post".

    `started(script, pid)` is called at each start, after it was told; the script goes on meanwhile.
    With `read` a shell that is given the file to read counts as a start too: `sh SCRIPT`.
    """

    def __init__(self, emit: Callable[..., None], started: Callable[[str, int], None]) -> None:
        self._emit = emit
        self._started = started
        self._lock = threading.Lock()
        self._fan = -1
        self._paths: dict[str, str] = {}
        self._files: dict[tuple[int, int], str] = {}
        self._wanted = _FAN_OPEN_EXEC
        self._running: dict[int, tuple[str, int]] = {}  # pidfd: script, pid
        self.pids: dict[int, str] = {}

    def watch(self, paths: Mapping[str, str], *, read: bool = False) -> list[str]:
        """Watch these files, instead of earlier ones. Raises AgentProblem (not-permitted)."""
        with self._lock:
            try:
                if self._fan < 0:
                    self._fan = linux.fanotify_init(
                        _FAN_CLOEXEC | _FAN_NONBLOCK, os.O_RDONLY | os.O_CLOEXEC
                    )
                    threading.Thread(target=self._follow, name="scripts", daemon=True).start()
                else:
                    self._flush()
                self._paths = dict(paths)
                self._wanted = _FAN_OPEN_EXEC | (_FAN_OPEN if read else 0)
                return self._mark()
            except OSError as error:
                raise AgentProblem(
                    Code.NOT_PERMITTED,
                    f"the kernel does not let the agent watch scripts: {error.strerror}",
                    "the container needs SYS_ADMIN in the machine's own user namespace",
                ) from error

    def renew(self) -> None:
        """A file was put: one that took a watched path's place is watched instead."""
        with self._lock:
            if self._fan >= 0 and self._paths:
                self._flush()
                self._mark()

    def unwatch(self) -> None:
        """Watch nothing; ends of scripts that run are still told."""
        with self._lock:
            self._paths = {}
            if self._fan >= 0:
                self._flush()

    def runs(self, pid: int) -> bool:
        """Whether a process is a watched script; by its arguments where its event is on the way."""
        return pid in self.pids or bool({*self._paths.values()}.intersection(procfs.argv(pid)))

    def _reads(self, script: str, pid: int) -> bool:
        """Whether a process that opened the file is a shell whose script it is.

        What was executed is opened by its interpreter as well: that is no second start.
        """
        shell, *words = procfs.argv(pid) or [""]
        given = next((word for word in words if not word.startswith("-")), "")
        return (
            self.pids.get(pid) != script
            and os.path.basename(shell) in _SHELLS
            and "-n" not in words
            and given == self._paths.get(script)
        )

    def _flush(self) -> None:
        linux.fanotify_mark(self._fan, _FAN_MARK_FLUSH, 0, "/")
        self._files.clear()

    def _mark(self) -> list[str]:
        watched = []
        for script, path in self._paths.items():
            try:
                facts = os.stat(path)
                if not stat.S_ISREG(facts.st_mode):
                    continue  # nothing else is ever executed, and a device can't be watched
                linux.fanotify_mark(self._fan, _FAN_MARK_ADD, self._wanted, path)
            except OSError as error:
                if error.errno in _NO_FILE:
                    continue
                raise
            self._files.setdefault((facts.st_dev, facts.st_ino), script)
            watched.append(script)
        return watched

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._fan, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._fan:
                    for pidfd in self._take():
                        poll.register(pidfd, select.POLLIN)
                    continue
                script, pid = self._running.pop(descriptor)
                poll.unregister(descriptor)
                os.close(descriptor)
                self._emit(Event.SCRIPT_ENDED, {"script": script, "pid": pid})

    def _take(self) -> list[int]:
        """Read events; the pidfds of scripts that began."""
        now = time.monotonic()
        try:
            data = os.read(self._fan, 65536)
        except BlockingIOError:
            return []
        begun = []
        while data:
            size, _, _, _, mask, file, pid = _EVENT.unpack_from(data)
            data = data[size:]
            if file < 0:
                continue
            facts = os.fstat(file)
            os.close(file)
            with self._lock:
                script = self._files.get((facts.st_dev, facts.st_ino))
            if script is None or (script, pid) in self._running.values():
                continue
            if not mask & _FAN_OPEN_EXEC and not self._reads(script, pid):
                continue
            self.pids[pid] = script
            self._emit(Event.SCRIPT_STARTED, {"script": script, "pid": pid}, now)
            self._started(script, pid)
            try:
                pidfd = os.pidfd_open(pid)
            except OSError:  # it ended before it could be followed
                self._emit(Event.SCRIPT_ENDED, {"script": script, "pid": pid})
                continue
            self._running[pidfd] = (script, pid)
            begun.append(pidfd)
        return begun
