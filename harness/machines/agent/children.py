"""The guest's processes that the control plane started, as the agent sees them.

One thread owns the connection to the launcher and all pipes: it reads what processes write, so
that nobody ever blocks on a full pipe, and it knows of an end before it tells it: everything that
a process wrote itself has been read by then. A pipe that outlives its process (a daemon holds
it) is read on, and thrown away.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time

from . import launcher
from .problem import AgentProblem
from .wire import Code, Event, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

DEFAULT_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}

_CHUNK = 65536
_MESSAGE = 8192
_ONE_FILE = socket.CMSG_SPACE(struct.calcsize("i"))
_FLUSH_SECONDS = 0.03
_START_SECONDS = 30.0
_LOST = -1  # no errno: there is nobody who could start it


class Tail:
    """The last `limit` bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self.cut = False

    def add(self, data: bytes) -> None:
        """Take what was read."""
        self._parts.append(data)
        self._size += len(data)
        if self._size > 2 * self._limit + _CHUNK:
            self._parts = [self.bytes()]
            self._size = len(self._parts[0])

    def bytes(self) -> bytes:
        """What is kept."""
        whole = b"".join(self._parts)
        if len(whole) > self._limit:
            self.cut = True
            whole = whole[len(whole) - self._limit :]
        return whole


class Lines:
    """Lines out of a stream, each with the instant at which it was read."""

    def __init__(self) -> None:
        self.batch: list[list[object]] = []
        self.sent = 0.0
        self._rest = b""

    def add(self, data: bytes) -> None:
        """Take what was read."""
        now = time.monotonic()
        *whole, self._rest = (self._rest + data).split(b"\n")
        self.batch.extend([now, line.decode("utf-8", "surrogateescape")] for line in whole)

    def take(self) -> list[list[object]]:
        """The lines since the last call."""
        batch, self.batch = self.batch, []
        return batch

    def last(self) -> list[list[object]]:
        """The same, with a last line that had no newline."""
        if self._rest:
            self.add(b"\n")
        return self.take()


class Child:
    """A process that was started; `ended` is set once `exit` or `signal` says how."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid = 0
        self.started = 0.0
        self.ended_at = 0.0
        self.exit: int | None = None
        self.signal: int | None = None
        self.refused: tuple[int, str] | None = None
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.released = threading.Event()  # nobody has its pipes open any more
        self.sinks: dict[int, Callable[[bytes], None]] = {}  # read end of a pipe: who takes it
        self.on_end: Callable[[Child], None] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.begun.is_set() and self.refused is None and not self.ended.is_set()


class Children:
    """Starts processes through the launcher and follows them to their end."""

    def __init__(
        self, link: socket.socket, emit: Callable[..., None], trouble: Callable[[str, str], None]
    ) -> None:
        self._link = link
        self._emit = emit
        self._trouble = trouble
        self._lock = threading.Lock()
        self._number = 0
        self._starting: dict[int, Child] = {}
        self._running: dict[int, Child] = {}
        self._named: dict[str, Child] = {}
        self._pipes: dict[int, Child] = {}
        self._writes: dict[int, bytes] = {}
        self._lines: dict[Child, Lines] = {}
        self._adopted: list[tuple[int, int]] = []
        self._watched: set[int] = set()
        self._poll = select.poll()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def enter(self, root: str, allow_mount: bool) -> int:
        """Let the launcher change its root and set the filter. Raises AgentProblem (filter).

        Returns the descriptor by which freezes and thaws are told.
        """
        launcher.send_job(self._link, b"enter", {"root": root, "allow_mount": allow_mount})
        data, ancillary, _, _ = self._link.recvmsg(_MESSAGE, _ONE_FILE, socket.MSG_CMSG_CLOEXEC)
        told = launcher.received_files(ancillary)
        answer = data.decode("utf-8", "replace")
        if answer != "entered" or not told:
            raise AgentProblem(
                Code.FILTER,
                f"the filter for the guest's processes could not be set: {answer or 'no answer'}",
                "the engine's kernel must be 5.5 or later, with seccomp filters that may tell of "
                "a call, on x86-64 or arm64",
            )
        self._poll.register(self._link.fileno(), select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)
        threading.Thread(target=self._follow, name="children", daemon=True).start()
        return told[0]

    def launch(
        self,
        child: Child,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None,
        cwd: str,
        user: str,
        stdin: bytes | None,
        keep_orphans: bool,
        out: Callable[[bytes], None],
        err: Callable[[bytes], None] | None,
    ) -> None:
        """Start a process; `err` None reads both streams through one pipe.

        `keep_orphans`: what its tree orphans becomes its child, so that the whole tree can be
        found while it lives; a process under observation should not see that.

        Returns when its program runs. Raises AgentProblem where the launcher is gone; a program
        that can't be run is told in `child.refused`.
        """
        ends: list[int] = []
        try:
            if stdin is None:
                ends.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
            else:
                read, write = os.pipe2(os.O_CLOEXEC)
                ends.append(read)
                os.set_blocking(write, False)
                self._writes[write] = stdin
            for sink in (out, err):
                if sink is None:
                    ends.append(os.dup(ends[1]))
                    continue
                read, write = os.pipe2(os.O_CLOEXEC)
                os.set_blocking(read, False)
                child.sinks[read] = sink
                ends.append(write)
            job = {
                "argv": list(argv),
                "env": dict(DEFAULT_ENVIRONMENT if env is None else env),
                "cwd": cwd,
                "user": user,
                "keep_orphans": keep_orphans,
            }
            with self._lock:
                self._number += 1
                self._starting[self._number] = child
                if child.name:
                    self._named[child.name] = child
                for pipe in child.sinks:
                    self._pipes[pipe] = child
                launcher.send_job(self._link, b"start %d" % self._number, job, *ends)
        except OSError as error:
            raise _launcher_gone(str(error)) from error
        finally:
            for end in ends:
                os.close(end)
        os.write(self._wake_write, b".")
        if not child.begun.wait(_START_SECONDS):
            raise _launcher_gone(f"{argv[0]} was not started within {_START_SECONDS:.0f} s")
        if child.refused is not None and child.refused[0] == _LOST:
            raise _launcher_gone(child.refused[1])

    def named(self, name: str) -> Child | None:
        """The latest process started under this name."""
        return self._named.get(name)

    def owners(self) -> dict[int, str]:
        """Pid to name of the named processes that run."""
        with self._lock:
            return {pid: child.name for pid, child in self._running.items() if child.name}

    def lines_of(self, child: Child) -> Lines:
        """A sink that sends a process's output as events `lines`."""
        lines = Lines()
        self._lines[child] = lines
        return lines

    def adopt(self, pid: int, status: int) -> None:
        """The agent itself reaped a process: one of ours where the launcher was killed."""
        self._adopted.append((pid, status))
        os.write(self._wake_write, b".")

    # -- the thread

    def _follow(self) -> None:
        link = self._link.fileno()
        while True:
            self._register()
            pending = any(lines.batch for lines in self._lines.values())
            told = False
            for descriptor, _ in self._poll.poll(_FLUSH_SECONDS * 1000 if pending else None):
                if descriptor == link:
                    told = True
                elif descriptor == self._wake_read:
                    os.read(self._wake_read, _CHUNK)
                elif descriptor in self._writes:
                    self._feed(descriptor)
                elif descriptor in self._pipes:
                    self._drain(descriptor, once=True)
            self._send_lines()
            if told and not self._hear():
                self._poll.unregister(link)
                link = -1
                self._trouble(Code.FAILED, "the launcher was killed: nothing can be started now")
            while self._adopted:
                self._exited(*self._adopted.pop())

    def _register(self) -> None:
        for pipes, events in ((self._pipes, select.POLLIN), (self._writes, select.POLLOUT)):
            for pipe in set(pipes) - self._watched:
                self._watched.add(pipe)
                self._poll.register(pipe, events)

    def _hear(self) -> bool:
        data = self._link.recv(_MESSAGE)
        if not data:
            with self._lock:
                lost = list(self._starting.values())
                self._starting.clear()
            for child in lost:
                child.refused = (_LOST, "it was killed")
                child.begun.set()
            return False
        verb, first, *rest = data.split(b" ", 3)
        if verb == b"exited":
            self._exited(int(first), int(rest[0]))
            return True
        with self._lock:
            child = self._starting.pop(int(first))
            if verb == b"started":
                child.pid = int(rest[0])
                child.started = time.monotonic()
                self._running[child.pid] = child
        if verb == b"refused":
            child.refused = (int(rest[0]), rest[1].decode("utf-8", "replace"))
            for pipe in list(child.sinks):
                self._drain(pipe, once=False)
        child.begun.set()
        return True

    def _exited(self, pid: int, status: int) -> None:
        with self._lock:
            child = self._running.pop(pid, None)
        if child is None:
            return
        child.ended_at = time.monotonic()
        for pipe in list(child.sinks):
            self._drain(pipe, once=False)
        if os.WIFSIGNALED(status):
            child.signal = os.WTERMSIG(status)
        else:
            child.exit = os.WEXITSTATUS(status)
        lines = self._lines.pop(child, None)
        if lines is not None:
            self._send(child, lines.last())
        if child.on_end is not None:
            child.on_end(child)
        child.ended.set()

    def _drain(self, pipe: int, once: bool) -> bool:
        """Read what is there; whether the pipe came to its end and was closed."""
        child = self._pipes.get(pipe)
        if child is None:
            return True
        while True:
            try:
                data = os.read(pipe, _CHUNK)
            except BlockingIOError:
                return False
            if not data:
                self._forget(pipe)
                del self._pipes[pipe]
                child.sinks.pop(pipe, None)
                if not child.sinks:
                    child.released.set()
                os.close(pipe)
                return True
            child.sinks[pipe](data)
            if once:
                return False

    def _feed(self, pipe: int) -> None:
        """Write some of a process's input, and close it after the last."""
        try:
            rest = self._writes[pipe]
            self._writes[pipe] = rest[os.write(pipe, rest[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._writes[pipe] = b""
        if not self._writes[pipe]:
            self._forget(pipe)
            del self._writes[pipe]
            os.close(pipe)

    def _forget(self, pipe: int) -> None:
        # A number is used again at once: what is closed must not count as watched.
        if pipe in self._watched:
            self._watched.discard(pipe)
            self._poll.unregister(pipe)

    def _send_lines(self) -> None:
        now = time.monotonic()
        for child, lines in list(self._lines.items()):
            if lines.batch and now - lines.sent >= _FLUSH_SECONDS:
                lines.sent = now
                self._send(child, lines.take())

    def _send(self, child: Child, batch: list[list[object]]) -> None:
        if batch:
            self._emit(Event.LINES, {"name": child.name, "lines": batch})


def exited(child: Child, tail: Tail) -> dict[str, Any]:
    """What the event `exited` says."""
    return {
        "name": child.name,
        "pid": child.pid,
        "exit": child.exit,
        "signal": child.signal,
        "ended": child.ended_at,
        "tail_b64": pack(tail.bytes()),
    }


def _launcher_gone(why: str) -> AgentProblem:
    return AgentProblem(
        Code.FAILED,
        f"the guest's launcher does not answer: {why}",
        "something in the guest killed it; start a fresh guest",
    )
