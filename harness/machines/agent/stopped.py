"""Calls that the filter stopped and told of, and how they are let go.

The kernel's seccomp notification: a process that calls FIFREEZE or FITHAW waits inside the call
until it is answered here. Let go, the call is carried out by the process itself, as if nobody had
looked; what comes of it is not told.
"""

from __future__ import annotations

import fcntl
import struct

# struct seccomp_notif: id, pid, flags, then seccomp_data: nr, arch, instruction pointer, six
# arguments. struct seccomp_notif_resp: id, value, error, flags.
_NOTICE = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_RECEIVE = 0xC0000000 | _NOTICE.size << 16 | ord("!") << 8
_SEND = 0xC0000000 | _ANSWER.size << 16 | ord("!") << 8 | 1
_CONTINUE = 1

_GONE = 2  # ENOENT: a signal ended the wait
_AGAIN = 4  # EINTR


class Stopped:
    """One call that waits: the thread that made it, the ioctl's number and its descriptor."""

    def __init__(self, listener: int, data: bytes) -> None:
        self._listener = listener
        self._id, self.thread, _, _, _, _, descriptor, request, *_ = _NOTICE.unpack(data)
        self.descriptor = descriptor & 0xFFFFFFFF
        self.request = request & 0xFFFFFFFF

    def let_go(self) -> None:
        """The kernel carries the call out."""
        self._answer(0, _CONTINUE)

    def refuse(self, errno: int) -> None:
        """The call fails with `errno`, and nothing of it is done."""
        self._answer(-errno, 0)

    def _answer(self, error: int, flags: int) -> None:
        try:
            fcntl.ioctl(self._listener, _SEND, _ANSWER.pack(self._id, 0, error, flags))
        except OSError as problem:
            if problem.errno != _GONE:
                raise


def receive(listener: int) -> Stopped | None:
    """The next call that waits; None where it was killed before it could be read."""
    data = bytearray(_NOTICE.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, data)
    except OSError as problem:
        if problem.errno in (_GONE, _AGAIN):
            return None
        raise
    return Stopped(listener, bytes(data))
