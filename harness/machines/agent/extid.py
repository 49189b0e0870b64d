"""A UUID of its own for a copied ext4, without a program that would have to be started for it.

Only the superblock and its copies carry it: a filesystem made with `metadata_csum_seed` keeps the
seed of its checksums.
"""

from __future__ import annotations

import os
import struct

from .fsid import crc32c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_AT = 1024
_SIZE = 1024

# Offsets within a superblock (ext4's on-disk format).
_BLOCKS = 0x04
_FIRST_BLOCK = 0x14
_LOG_BLOCK_SIZE = 0x18
_BLOCKS_PER_GROUP = 0x20
_AT_MAGIC = 0x38
_INCOMPAT = 0x60
_UUID = 0x68
_CHECKSUM = 0x3FC

_MAGIC = 0xEF53
_HAS_SEED = 0x2000


def renew(path: str, uuid: str) -> None:
    """Give the unmounted ext4 in an image this UUID. Raises ValueError where there is none."""
    image = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        first = os.pread(image, _SIZE, _AT)
        raw = bytes.fromhex(uuid.replace("-", ""))
        os.pwrite(image, renewed(first, raw), _AT)
        for place in copies(first):
            os.pwrite(image, renewed(os.pread(image, _SIZE, place), raw), place)
    finally:
        os.close(image)


def renewed(block: bytes, uuid: bytes) -> bytes:
    """A superblock with another UUID and everything else as it was, checksum included."""
    if len(block) != _SIZE or _number("<H", block, _AT_MAGIC) != _MAGIC:
        raise ValueError("there is no ext superblock")
    if not _number("<I", block, _INCOMPAT) & _HAS_SEED:
        raise ValueError("its checksums follow from the UUID")
    made = bytearray(block)
    made[_UUID : _UUID + 16] = uuid
    # Not inverted at the end, unlike btrfs's.
    struct.pack_into("<I", made, _CHECKSUM, crc32c(bytes(made[:_CHECKSUM])) ^ 0xFFFFFFFF)
    return bytes(made)


def copies(block: bytes) -> Iterator[int]:
    """Where the copies of a superblock stand: in group 1 and the powers of 3, 5 and 7."""
    size = 1024 << _number("<I", block, _LOG_BLOCK_SIZE)
    first, each = _number("<I", block, _FIRST_BLOCK), _number("<I", block, _BLOCKS_PER_GROUP)
    groups = -(-(_number("<I", block, _BLOCKS) - first) // each)
    powers = {base**exponent for base in (3, 5, 7) for exponent in range(32)}
    for group in sorted(power for power in powers if power < groups):
        yield (first + group * each) * size


def _number(kind: str, block: bytes, at: int) -> int:
    number: int = struct.unpack_from(kind, block, at)[0]
    return number
