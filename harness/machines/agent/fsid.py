"""A filesystem id of its own for a copied btrfs, without a word to its log tree.

`btrfstune -M` does the same, but through transactions: they raise the generation, and the log tree
of a filesystem that was being written to, whose generation must be the next, can't be replayed any
more (the mount fails with an I/O error). So only the superblocks are changed here: a new fsid, and
the old one kept as the metadata's uuid, which is what all tree blocks carry.
"""

from __future__ import annotations

import os
import struct

_SUPERBLOCKS = (1 << 16, 1 << 26, 1 << 38)
_SIZE = 4096
_CHECKSUM = 32
_MAGIC = b"_BHRfS_M"

# Offsets within a superblock (btrfs's on-disk format).
_FSID = 0x20
_AT_MAGIC = 0x40
_INCOMPAT = 0xBC
_CHECKSUM_TYPE = 0xC4
_METADATA_UUID = 0x23B

_HAS_METADATA_UUID = 1 << 10
_CRC32C = 0


def renew(path: str, fsid: str) -> None:
    """Give the unmounted btrfs in an image this id. Raises ValueError where there is none."""
    image = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(image).st_size
        for place in _SUPERBLOCKS:
            if place + _SIZE <= size:
                block = os.pread(image, _SIZE, place)
                os.pwrite(image, renewed(block, bytes.fromhex(fsid.replace("-", ""))), place)
        os.fsync(image)
    finally:
        os.close(image)


def renewed(block: bytes, fsid: bytes) -> bytes:
    """A superblock with another fsid and everything else as it was, checksum included."""
    if len(block) != _SIZE or block[_AT_MAGIC : _AT_MAGIC + 8] != _MAGIC:
        raise ValueError("there is no btrfs superblock")
    if struct.unpack_from("<H", block, _CHECKSUM_TYPE)[0] != _CRC32C:
        raise ValueError("its checksums are not crc32c")
    made = bytearray(block)
    flags = struct.unpack_from("<Q", block, _INCOMPAT)[0]
    if not flags & _HAS_METADATA_UUID:
        made[_METADATA_UUID : _METADATA_UUID + 16] = block[_FSID : _FSID + 16]
        struct.pack_into("<Q", made, _INCOMPAT, flags | _HAS_METADATA_UUID)
    made[_FSID : _FSID + 16] = fsid
    struct.pack_into("<I28x", made, 0, crc32c(bytes(made[_CHECKSUM:])))
    return bytes(made)


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum, bit-reversed as btrfs has it."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


_TABLE = tuple(_entry(byte) for byte in range(256))
