"""The system calls that Python does not offer, and the numbers that go with them."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_SYNCHRONOUS = 16
MS_REMOUNT = 32
MS_DIRSYNC = 128
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MS_STRICTATIME = 1 << 24
MS_LAZYTIME = 1 << 25
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

FIFREEZE = 0xC0045877
FITHAW = 0xC0045878
FICLONE = 0x40049409
FIONREAD = 0x541B

CLOCK_REALTIME_COARSE = 5

_CLONE_FS = 0x200
_PR_SET_DUMPABLE = 4

_FLAGS = {
    "ro": MS_RDONLY,
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "sync": MS_SYNCHRONOUS,
    "dirsync": MS_DIRSYNC,
    "noatime": MS_NOATIME,
    "nodiratime": MS_NODIRATIME,
    "relatime": MS_RELATIME,
    "strictatime": MS_STRICTATIME,
    "lazytime": MS_LAZYTIME,
}
_NO_FLAG = {"", "rw", "suid", "dev", "exec", "async", "atime", "diratime", "defaults"}


def mount_options(text: str) -> tuple[int, str]:
    """Options as mount(8) takes them, as flags and the filesystem's own part."""
    flags = 0
    rest = []
    for option in text.split(","):
        if option in _FLAGS:
            flags |= _FLAGS[option]
        elif option not in _NO_FLAG:
            rest.append(option)
    return flags, ",".join(rest)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError that names source and target."""
    done = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    if done != 0:
        raise _failed("mount", source, target)


def unmount(target: str, flags: int = UMOUNT_NOFOLLOW) -> None:
    """umount2(2). Raises OSError."""
    if _libc.umount2(os.fsencode(target), flags) != 0:
        raise _failed("unmount", target)


def syscall(number: int, *arguments: object) -> int:
    """syscall(2). Raises OSError."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise _failed("syscall", str(number))
    return result


def prctl(option: int, *arguments: object) -> None:
    """prctl(2). Raises OSError."""
    full = [*arguments, *[ctypes.c_ulong(0)] * (4 - len(arguments))]
    if _libc.prctl(option, *full) != 0:
        raise _failed("prctl", str(option))


def undumpable() -> None:
    """From now on nobody in the container without CAP_SYS_PTRACE can look into this process."""
    prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0))


def own_root(path: str) -> None:
    """Give the calling thread alone another root directory, and make it the current one."""
    if _libc.unshare(_CLONE_FS) != 0:
        raise _failed("unshare", path)
    os.chroot(path)
    os.chdir("/")


class AsUser:
    """The calling thread's file access as another user's: /proc opens what it hides from root.

    Root without CAP_SYS_PTRACE may not read another user's environ or descriptors; that user may.
    """

    def __init__(self, uid: int, gid: int) -> None:
        self._ids = (uid, gid)

    def __enter__(self) -> None:
        uid, gid = self._ids
        _libc.setfsgid(gid)
        _libc.setfsuid(uid)

    def __exit__(self, *_: object) -> None:
        _libc.setfsuid(0)
        _libc.setfsgid(0)


def thaw(descriptor: int) -> bool:
    """Thaw the filesystem of `descriptor`; whether it was frozen. Raises OSError."""
    try:
        fcntl.ioctl(descriptor, FITHAW, 0)
    except OSError as error:
        if error.errno in (22, 95):  # EINVAL: not frozen; EOPNOTSUPP: can't be
            return False
        raise
    return True


def clone_file(source: str, target: str) -> None:
    """A reflink copy: `target` is made and shares all its blocks with `source`."""
    taken = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        made = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.ioctl(made, FICLONE, taken)
        finally:
            os.close(made)
    finally:
        os.close(taken)


def waiting_bytes(descriptor: int) -> int:
    """How many bytes of a pipe nobody has read yet."""
    held: int = struct.unpack("i", fcntl.ioctl(descriptor, FIONREAD, b"\0" * 4))[0]
    return held


def fanotify_init(flags: int, event_flags: int) -> int:
    """fanotify_init(2): a descriptor. Raises OSError."""
    descriptor: int = _libc.fanotify_init(flags, event_flags)
    if descriptor < 0:
        raise _failed("fanotify_init", "")
    return descriptor


def fanotify_mark(descriptor: int, flags: int, mask: int, path: str) -> None:
    """fanotify_mark(2) on a path. Raises OSError."""
    done = _libc.fanotify_mark(
        descriptor, ctypes.c_uint(flags), ctypes.c_uint64(mask), -100, os.fsencode(path)
    )
    if done != 0:
        raise _failed("fanotify_mark", path)


def _failed(what: str, *paths: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}", *paths[-1:])
