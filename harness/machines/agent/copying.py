"""The plain copy: what a backup without a snapshot would take, and the control for one."""

from __future__ import annotations

import errno
import os

_CHUNK = 1 << 20


def copy_plainly(source: str, target: str) -> None:
    """Copy the parts of a live image that hold data, from its start to its end."""
    taken = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(taken).st_size
        os.ftruncate(made, size)
        at = 0
        while at < size:
            try:
                at = os.lseek(taken, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return  # only a hole is left
                raise
            end = os.lseek(taken, at, os.SEEK_HOLE)
            while at < end:
                data = os.pread(taken, min(_CHUNK, end - at), at)
                if not data:
                    return
                at += os.pwrite(made, data, at)
    finally:
        os.close(taken)
        os.close(made)
