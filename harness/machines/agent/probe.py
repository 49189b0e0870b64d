"""Whether a filesystem is frozen, asked through the host's own mount without ever blocking.

A file with a time of modification in the future: each read of it would set its access time, as
relatime wants it, and the kernel lets that be on a frozen filesystem instead of waiting. So a read
that did not move the access time says frozen. File times stand still between two ticks of the
kernel's clock, so a sample counts only once that clock has moved on.
"""

from __future__ import annotations

import os
import threading
import time

from . import linux

FILE = ".snapcert"

_FUTURE = 4102444800  # 2100-01-01
_TICK_NS = 10_000_000  # the longest tick a kernel is built with
_FIRST = b"."


class Probe:
    """The probe of one mounted disk; holds a descriptor of its file.

    One for reading only: a file that is open for writing keeps a guest from remounting read-only.
    """

    def __init__(self, point: str) -> None:
        self._path = f"{point}/{FILE}"
        if not os.path.exists(self._path):
            self._write(_FIRST, 0)
        self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._into_the_future()

    def sample(self) -> bool | None:
        """Whether it is frozen; None where the clock has not moved since the last sample."""
        with self._lock:
            before = os.fstat(self._file).st_atime_ns
            if time.clock_gettime_ns(linux.CLOCK_REALTIME_COARSE) <= before:
                return None
            os.pread(self._file, 1, 0)
            if os.fstat(self._file).st_atime_ns != before:
                return False
            # Somebody may have remounted it read-only: no access times then either.
            return not os.fstatvfs(self._file).f_flag & os.ST_RDONLY

    def frozen(self) -> bool:
        """Whether it is frozen, waiting for the clock's next tick if need be."""
        deadline = time.monotonic_ns() + 10 * _TICK_NS
        while True:
            sampled = self.sample()
            if sampled is not None:
                return sampled
            if time.monotonic_ns() > deadline:
                return False  # the access time lies in the future: somebody set it
            time.sleep(0.001)

    def write(self, text: str) -> None:
        """Put a marker behind the first byte, on the disk when this returns."""
        with self._lock:
            self._write(text.encode(), len(_FIRST))
            self._into_the_future()
            os.fsync(self._file)

    def read(self) -> str:
        """The marker; "" where none was written."""
        return os.pread(self._file, 65536, len(_FIRST)).decode("utf-8", "replace")

    def _write(self, text: bytes, at: int) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(file, at)
            os.pwrite(file, text, at)
        finally:
            os.close(file)

    def _into_the_future(self) -> None:
        os.utime(self._file, ns=(0, _FUTURE * 1_000_000_000))

    def close(self) -> None:
        """Let go of the file, so that the disk can be unmounted."""
        os.close(self._file)
