"""The bytes of an attached container: one non-blocking socket, whatever transport is below.

The engine multiplexes stdout and stderr of a container without a terminal into blocks, each with
an 8-byte header: the stream's number, three zero bytes, the length in big-endian.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any, Protocol

STDIN, STDOUT, STDERR = 0, 1, 2

_HEADER = 8
_CHUNK = 256 * 1024


class StreamError(Exception):
    """What arrived is no multiplexed stream of a container."""


class Stream(Protocol):
    """A connected byte stream that never blocks."""

    def fileno(self) -> int:
        """For select(2)."""
        ...

    def receive(self) -> bytes | None:
        """What has arrived; b"" at the end of the stream, None where there is nothing now."""
        ...

    def send(self, data: memoryview) -> int:
        """How many bytes were taken; 0 where none can be taken now. Raises OSError."""
        ...

    def close(self) -> None:
        """End both directions; the other side sees the end of the stream."""
        ...


class SocketStream:
    """A Stream over a socket: unix, TCP, TLS, or the socket pair of an ssh client.

    `owners` are objects around the socket that live, and are closed, with the stream: while one
    of them is open, so is the socket.
    """

    def __init__(self, connected: socket.socket, *owners: Any) -> None:
        self._socket = connected
        self._owners = owners
        connected.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:  # ssl.SSLError is one
            return b""

    def send(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._socket.close()
        for owner in self._owners:
            if owner is not None:
                with contextlib.suppress(OSError, ValueError):
                    owner.close()
        self._owners = ()


class Demultiplexer:
    """Takes a container's stream apart; pieces may be cut anywhere."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._stream = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The (stream number, bytes) in `data`, in order. Raises StreamError."""
        self._held += data
        found: list[tuple[int, bytes]] = []
        start = 0
        while True:
            if self._left:
                piece = bytes(self._held[start : start + self._left])
                if not piece:
                    break
                found.append((self._stream, piece))
                start += len(piece)
                self._left -= len(piece)
                continue
            if len(self._held) - start < _HEADER:
                break
            header = self._held[start : start + _HEADER]
            if header[0] > STDERR or header[1:4] != b"\0\0\0":
                raise StreamError(f"a block of a container's stream begins with {bytes(header)!r}")
            self._stream = header[0]
            self._left = int.from_bytes(header[4:8], "big")
            start += _HEADER
        del self._held[:start]
        return found


class PlainStream:
    """Stands in for the Demultiplexer where stdout arrives alone, as from a local process."""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """All of it is stdout."""
        return [(STDOUT, data)]
