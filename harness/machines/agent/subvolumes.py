"""Subvolumes of a btrfs, by ioctl: what makes a snapshot set one instant for all its disks."""

from __future__ import annotations

import fcntl
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SUBVOL_CREATE = 0x5000940E
_SNAP_DESTROY = 0x5000940F
_SNAP_CREATE_V2 = 0x50009417
_READ_ONLY = 2

# struct btrfs_ioctl_vol_args: fd, name[4088]
_ARGS = struct.Struct("=q4088s")
# struct btrfs_ioctl_vol_args_v2: fd, transid, flags, four unused u64, name[4040]
_ARGS_V2 = struct.Struct("=qQQ32x4040s")


def create(path: str) -> None:
    """Make an empty subvolume. Raises OSError."""
    _call(path, _SUBVOL_CREATE, lambda name: _ARGS.pack(0, name))


def snapshot(source: str, path: str) -> None:
    """A read-only snapshot of the subvolume `source`, at one instant. Raises OSError."""
    taken = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _call(path, _SNAP_CREATE_V2, lambda name: _ARGS_V2.pack(taken, 0, _READ_ONLY, name))
    finally:
        os.close(taken)


def delete(path: str) -> None:
    """Delete a subvolume with all that is in it. Raises OSError."""
    _call(path, _SNAP_DESTROY, lambda name: _ARGS.pack(0, name))


def _call(path: str, number: int, arguments: Callable[[bytes], bytes]) -> None:
    folder, name = os.path.split(path)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # More than 1024 bytes: only a mutable buffer goes to the kernel without a copy.
        fcntl.ioctl(held, number, bytearray(arguments(os.fsencode(name))))
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(held)
