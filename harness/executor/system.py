"""The few kernel interfaces that the standard library does not wrap."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import time

# linux/fs.h: _IOWR('X', 119, int) and _IOWR('X', 120, int).
_FIFREEZE = 0xC0045877
_FITHAW = 0xC0045878
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def now() -> float:
    """Seconds of CLOCK_MONOTONIC: the one clock of all processes of a run."""
    return time.monotonic()


def freeze(descriptor: int) -> None:
    """FIFREEZE. Raises OSError; EBUSY: somebody else has frozen it (FRZ-07)."""
    fcntl.ioctl(descriptor, _FIFREEZE, 0)


def thaw(descriptor: int) -> None:
    """FITHAW. Raises OSError; EINVAL: it was not frozen (FRZ-06)."""
    fcntl.ioctl(descriptor, _FITHAW, 0)


def become_subreaper() -> None:
    """Orphans among the descendants of this process become its own children (RUN-05)."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "prctl")


def standard_descriptors() -> None:
    """0, 1 and 2 are there, whatever the caller closed: no pipe of ours gets their number."""
    descriptor = os.open("/dev/null", os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.dup(descriptor)
    os.close(descriptor)


def leak_nothing() -> None:
    """Descriptors that the caller of this process leaked into it reach no script (RUN-09)."""
    for name in os.listdir("/proc/self/fd"):
        # The descriptor of the listing itself is gone by now.
        with contextlib.suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)


def default_signals() -> None:
    """Default dispositions and an empty mask, whatever the caller had (RUN-09)."""
    for number in range(1, signal.NSIG):
        # KILL, STOP and the two that the C library keeps for itself can't be set.
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def boot_id() -> str:
    """Tells this boot of the kernel from every other one."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def encode(text: str) -> bytes:
    """UTF-8 whatever the caller's locale: parameters and paths go verbatim (CFG-06)."""
    return text.encode("utf-8", "surrogateescape")


def decode(raw: bytes) -> str:
    """The other way round; nothing is lost."""
    return raw.decode("utf-8", "surrogateescape")
