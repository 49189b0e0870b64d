"""A warden: the helper process under which one command runs, and the worker's hold on it.

The warden is a subreaper, so everything that the command starts stays below it and can be ended as
a whole (RUN-05). It drains the command's output for as long as the run lasts (RUN-07, RUN-08). It
outlives neither its worker nor the run; where its worker dies it ends what is still running.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from .channel import Gone, Lifeline, Message, pack, receive_packet, start_service, unpack
from .system import become_subreaper, default_signals, encode, leak_nothing, now
from .tree import GIVE_UP, end_descendants

#: How much of the end of each output stream is kept, in bytes (RUN-08: 1 KiB or more).
TAIL = 2048
_CHUNK = 1 << 16
# How much later than the warden's own deadline the worker believes that the warden is stuck.
_PATIENCE = GIVE_UP + 3.0


class Command(NamedTuple):
    """What to start; a file without a shebang is run by /bin/sh (RUN-09)."""

    argv: Tuple[str, ...]
    environment: Mapping[str, str]


class Ended(NamedTuple):
    """How one start of a command ended.

    Exactly one of `exit`, `signal` and `error` (errno of a failed exec) is set, unless `timed_out`
    or `stopped` (ended on request). `left` counts processes that even SIGKILL did not end in time.
    """

    seconds: float
    exit: Optional[int] = None
    signal: Optional[int] = None
    error: Optional[int] = None
    timed_out: bool = False
    stopped: bool = False
    left: int = 0
    out: str = ""
    err: str = ""

    @property
    def success(self) -> bool:
        """Exit status 0, in time (RUN-02)."""
        return self.exit == 0 and not self.timed_out and not self.stopped

    def describe(self) -> str:
        """A phrase for people: "exit status 3"."""
        if self.timed_out:
            return "ended at its deadline"
        if self.stopped:
            return "ended by the executor"
        if self.error is not None:
            return f"could not be executed: {os.strerror(self.error)}"
        if self.signal is not None:
            return f"killed by signal {self.signal}"
        return f"exit status {self.exit}"


class Warden:
    """The worker's hold on one warden; `start` may be called again after each end."""

    def __init__(self, command: Command) -> None:
        null = os.open("/dev/null", os.O_RDWR)
        try:
            self._service = start_service(lambda end: _Keeper(end, command, null).serve())
        finally:
            os.close(null)
        self._began = 0.0
        self._until: Optional[float] = None

    def start(self, until: Optional[float]) -> None:
        """Start the command; it is ended at `until` (monotonic seconds; None: never)."""
        self._began = now()
        self._until = until
        with contextlib.suppress(Gone):  # wait() tells
            self._service.send({"do": "start", "until": until})

    def wait(
        self, lifeline: Optional[Lifeline] = None, deadline: Optional[float] = None
    ) -> Optional[Ended]:
        """How the command ended; None where it has not at `deadline`. Raises Interrupted."""
        limit = None if self._until is None else self._until + _PATIENCE
        if deadline is not None and (limit is None or deadline < limit):
            limit = deadline
        try:
            message = self._service.receive(limit, lifeline)
        except Gone:
            return Ended(now() - self._began, signal=signal.SIGKILL, err="its warden was killed")
        if message is not None:
            return Ended(**message)
        if limit is not None and limit == deadline:
            return None
        return Ended(now() - self._began, timed_out=True, left=1)

    def stop(self) -> Ended:
        """End the command's whole process tree now (RUN-05, SNP-02); how it ended."""
        with contextlib.suppress(Gone):
            self._service.send({"do": "stop"})
        ended = self.wait(deadline=now() + _PATIENCE)
        return ended or Ended(now() - self._began, stopped=True, left=1)

    def sweep(self) -> int:
        """End also what a command that has ended left behind (SNP-02); how many it could not."""
        until = now() + _PATIENCE
        try:
            self._service.send({"do": "sweep"})
            message = self._service.receive(until)
            while message is not None and "swept" not in message:  # the command's own late end
                message = self._service.receive(until)
        except Gone:
            message = None
        return 1 if message is None else int(message["swept"])

    def close(self) -> None:
        """Let go: a command that still runs is ended, what a finished one left is not (RUN-07)."""
        self._service.close(now() + _PATIENCE)


class _Stream:
    """One output stream: the pipe it comes from, and its last bytes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.kept = b""

    def add(self, chunk: bytes) -> None:
        self.kept = (self.kept + chunk)[-TAIL:]

    def text(self) -> str:
        return self.kept.decode("utf-8", "replace")


class _Attempt:
    """One start: its process, its streams, the pipe that tells of a failed exec, its end."""

    def __init__(
        self, pid: int, began: float, until: Optional[float], *, out: int, err: int, report: int
    ) -> None:
        self.pid = pid
        self.began = began
        self.until = until
        self.out = _Stream(out)
        self.err = _Stream(err)
        self.report = report
        self.status: Optional[int] = None


class _Keeper:
    """The warden's own side: starts, drains, reaps, ends."""

    def __init__(self, end: socket.socket, command: Command, null: int) -> None:
        self._end = end
        self._command = command
        self._null = null
        self._streams: Dict[int, _Stream] = {}
        self._attempt: Optional[_Attempt] = None
        self._open = True

    def serve(self) -> None:
        """Until the worker lets go or is gone."""
        os.setsid()
        become_subreaper()
        leak_nothing()
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        self._poll = select.poll()
        for descriptor in (self._end.fileno(), self._wake):
            self._poll.register(descriptor, select.POLLIN)
        while self._open:
            self._turn(self._left())
            if self._attempt is None:
                continue
            if self._attempt.status is not None:
                self._tell()
            elif self._left() == 0.0:
                self._tell(timed_out=True, left=self._end_all())

    def _left(self) -> Optional[float]:
        if self._attempt is None or self._attempt.until is None:
            return None
        return max(0.0, self._attempt.until - now())

    def _turn(self, seconds: Optional[float]) -> None:
        # One wait for whatever comes first: a request, output, the end of a child.
        timeout = None if seconds is None else int(seconds * 1000) + 1 if seconds else 0
        for descriptor, _ in self._poll.poll(timeout):
            if descriptor == self._end.fileno():
                self._request(receive_packet(self._end))
            elif descriptor == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, _CHUNK)
                self._reap()
            elif descriptor in self._streams:
                self._drain(descriptor)

    def _request(self, packet: bytes) -> None:
        request: Message = unpack(packet) if packet else {"do": "close"}
        if request["do"] == "start" and self._attempt is None:
            self._attempt = self._start(request["until"])
            return
        left: Optional[int] = None
        if self._attempt is not None:
            left = self._end_all()
            self._tell(stopped=True, left=left)
        if request["do"] == "sweep":
            self._send({"swept": self._end_all() if left is None else left})
        if request["do"] == "close":
            self._open = False

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._attempt is not None and pid == self._attempt.pid:
                self._attempt.status = status

    def _drain(self, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self._streams[descriptor].add(chunk)
            return
        # Nobody can write to it any more.
        self._poll.unregister(descriptor)
        del self._streams[descriptor]
        os.close(descriptor)

    def _start(self, until: Optional[float]) -> _Attempt:
        out, out_end = _output_pipe()
        err, err_end = _output_pipe()
        report, report_end = os.pipe()
        began = now()
        pid = os.fork()
        if pid == 0:
            _become(self._command, self._null, out_end, err_end, report_end)
        for descriptor in (out_end, err_end, report_end):
            os.close(descriptor)
        attempt = _Attempt(pid, began, until, out=out, err=err, report=report)
        for stream in (attempt.out, attempt.err):
            self._streams[stream.descriptor] = stream
            self._poll.register(stream.descriptor, select.POLLIN)
        return attempt

    def _end_all(self) -> int:
        # A request that waits, or the worker's end-of-file, would make every wait below return.
        self._poll.unregister(self._end.fileno())
        left = end_descendants(self._turn, self._reap)
        self._poll.register(self._end.fileno(), select.POLLIN)
        return left

    def _tell(self, *, timed_out: bool = False, stopped: bool = False, left: int = 0) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        self._attempt = None
        out, err = self._rest(attempt.out), self._rest(attempt.err)
        # The report pipe holds an errno only where exec failed, and ends with the process.
        os.set_blocking(attempt.report, False)
        error = b""
        with contextlib.suppress(BlockingIOError):
            error = os.read(attempt.report, 16)
        os.close(attempt.report)
        message: Message = {
            "seconds": now() - attempt.began,
            "timed_out": timed_out,
            "stopped": stopped,
            "left": left,
            "out": out,
            "err": err,
        }
        if error:
            message["error"] = int(error)
        elif attempt.status is not None and os.WIFSIGNALED(attempt.status):
            message["signal"] = os.WTERMSIG(attempt.status)
        elif attempt.status is not None:
            message["exit"] = os.WEXITSTATUS(attempt.status)
        self._send(message)

    def _send(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            self._end.send(pack(message))

    def _rest(self, stream: _Stream) -> str:
        # What is in the pipe now; a process that was left behind may go on writing (RUN-07).
        for _ in range(64):
            before = stream.kept
            if self._streams.get(stream.descriptor) is stream:
                self._drain(stream.descriptor)
            if stream.kept is before:
                break
        return stream.text()


def _output_pipe() -> Tuple[int, int]:
    """A pipe whose writer never gets SIGPIPE: its end is opened for reading as well.

    So a process that a script left behind (RUN-07) is not killed by its own output when the run,
    and with it the reader, is over.
    """
    read, write = os.pipe()
    os.set_blocking(read, False)
    with contextlib.suppress(OSError):
        both = os.open(f"/proc/self/fd/{write}", os.O_RDWR | os.O_CLOEXEC)
        os.close(write)
        write = both
    return read, write


def _become(command: Command, null: int, out: int, err: int, report: int) -> None:
    # Between fork and exec; never returns.
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        default_signals()
        for source, target in ((null, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        os.chdir("/")
        os.umask(0o022)
        argv: List[bytes] = [encode(word) for word in command.argv]
        environment = {encode(k): encode(v) for k, v in command.environment.items()}
        try:
            os.execve(argv[0], argv, environment)
        except OSError as problem:
            if problem.errno != errno.ENOEXEC:
                raise
        os.execve(b"/bin/sh", [b"/bin/sh", *argv], environment)
    except OSError as problem:
        os.write(report, str(problem.errno or errno.EIO).encode())
    finally:
        os._exit(127)
