"""Helper processes of a run, and the messages between them and the worker.

A message is one JSON object in one packet. End-of-file means that the other side is gone; for that
to be true each new helper closes the worker's ends of all earlier channels.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from typing import Any, Callable, Dict, List, Optional, Set

from .system import now

Message = Dict[str, Any]
_MOST = 1 << 18

_worker_ends: Set[socket.socket] = set()


class Interrupted(Exception):
    """The main process is gone, or was told to end.

    Whatever waits raises it once; then the waits are silent, and only `check` raises it again.
    """


class Gone(Exception):
    """The process at the other end of a channel has ended without an answer."""


class Lifeline:
    """The worker's end of the channel to the main process.

    `killed`: the main process is gone, nobody waits for an outcome. `signalled`: it got a signal
    and still waits.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        # Helpers must not hold it: its end-of-file tells the main process of the worker's death.
        _worker_ends.add(end)
        self.killed = False
        self.signalled: Optional[int] = None

    @property
    def broken(self) -> bool:
        """An interruption has been noticed."""
        return self.killed or self.signalled is not None

    def fileno(self) -> int:
        """For poll."""
        return self._end.fileno()

    def print(self, lines: List[str]) -> None:
        """Hand lines to the main process for its output; dropped where it does not read."""
        for line in lines:
            with contextlib.suppress(OSError):
                self._end.send(line.encode("utf-8", "replace")[:4000], socket.MSG_DONTWAIT)

    def notice(self) -> None:
        """Read what poll announced. Raises Interrupted."""
        try:
            packet = self._end.recv(16)
        except OSError:
            packet = b""
        if packet:
            self.signalled = int(packet)
        else:
            self.killed = True
        raise Interrupted

    def check(self) -> None:
        """Between two phases: raises Interrupted where there was an interruption; does not wait.

        Also where a script has noticed it already and was allowed to end (`scripts.run_script`).
        """
        if self.broken:
            raise Interrupted
        if _readable([self._end.fileno()], 0):
            self.notice()


class Service:
    """The worker's side of a helper process."""

    def __init__(self, pid: int, end: socket.socket) -> None:
        self.pid = pid
        self._end = end

    def send(self, message: Message) -> None:
        """Raises Gone."""
        try:
            self._end.send(pack(message))
        except OSError:
            raise Gone from None

    def receive(
        self, deadline: Optional[float], lifeline: Optional[Lifeline] = None
    ) -> Optional[Message]:
        """The next message, None at the deadline (monotonic seconds; None waits for ever).

        Raises Gone, and Interrupted where a lifeline is given that breaks meanwhile.
        """
        while True:
            watched = [self._end.fileno()]
            if lifeline is not None and not lifeline.broken:
                watched.append(lifeline.fileno())
            left = None if deadline is None else max(0.0, deadline - now())
            ready = _readable(watched, left)
            if self._end.fileno() in ready:
                packet = receive_packet(self._end)
                if not packet:
                    raise Gone
                return unpack(packet)
            if lifeline is not None and ready:
                lifeline.notice()
            if deadline is not None and now() >= deadline:
                return None

    def close(self, deadline: float) -> bool:
        """Close the channel and wait for the helper's end; False where it outlives the deadline."""
        _worker_ends.discard(self._end)
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_WR)
        # The helper holds the only other end: end-of-file is its death.
        over = False
        while not over and now() < deadline:
            if not _readable([self._end.fileno()], max(0.0, deadline - now())):
                break
            over = not receive_packet(self._end)
        self._end.close()
        if over:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        return over


def start_service(serve: Callable[[socket.socket], None]) -> Service:
    """Fork a helper that runs `serve` with its end of a channel and then exits."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            for end in (*_worker_ends, mine):
                end.close()
            ignore_signals()
            serve(theirs)
            code = 0
        finally:
            os._exit(code)
    theirs.close()
    _worker_ends.add(mine)
    return Service(pid, mine)


def ignore_signals() -> None:
    """What a terminal or a shutdown sends to everybody is the main process's to answer."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


def pack(message: Message) -> bytes:
    """ASCII JSON: a byte that is no UTF-8 stays an escape."""
    return json.dumps(message).encode("ascii")


def unpack(packet: bytes) -> Message:
    """The message of a packet that `pack` made."""
    message: Message = json.loads(packet)
    return message


def receive_packet(end: socket.socket) -> bytes:
    """One packet; empty at end-of-file or where the other side is gone."""
    try:
        return end.recv(_MOST)
    except OSError:
        return b""


def _readable(descriptors: List[int], seconds: Optional[float]) -> List[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    # Rounded up: a wait that ends a millisecond early would be a busy loop.
    timeout = None if seconds is None else int(seconds * 1000) + 1 if seconds > 0 else 0
    return [descriptor for descriptor, _ in poll.poll(timeout)]
