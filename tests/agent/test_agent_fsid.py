"""A copied btrfs gets an id of its own, and nothing else of it changes."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

import pytest

from harness.machines.agent import fsid

OLD, NEW = uuid.UUID(int=7), uuid.UUID(int=9)


def superblock(flags: int = 0x341, metadata: bytes = bytes(16), checksum_type: int = 0) -> bytes:
    """A block with the fields that matter here, and noise around them."""
    block = bytearray(range(256)) * 16
    block[0x20:0x30] = OLD.bytes
    block[0x40:0x48] = b"_BHRfS_M"
    struct.pack_into("<Q", block, 0xBC, flags)
    struct.pack_into("<H", block, 0xC4, checksum_type)
    block[0x23B:0x24B] = metadata
    return bytes(block)


def test_the_checksum_is_castagnolis() -> None:
    assert fsid.crc32c(b"123456789") == 0xE3069283


def test_the_old_id_stays_as_the_metadatas() -> None:
    made = fsid.renewed(superblock(), NEW.bytes)
    assert made[0x20:0x30] == NEW.bytes
    assert made[0x23B:0x24B] == OLD.bytes
    assert struct.unpack_from("<Q", made, 0xBC)[0] == 0x341 | 0x400
    assert struct.unpack_from("<I", made, 0)[0] == fsid.crc32c(made[32:])


def test_a_copy_of_a_copy_keeps_the_metadatas_id() -> None:
    first = fsid.renewed(superblock(), NEW.bytes)
    second = fsid.renewed(first, uuid.UUID(int=11).bytes)
    assert second[0x23B:0x24B] == OLD.bytes


def test_nothing_else_changes() -> None:
    before, after = superblock(), fsid.renewed(superblock(), NEW.bytes)
    touched = {*range(32), *range(0x20, 0x30), *range(0xBC, 0xC4), *range(0x23B, 0x24B)}
    assert all(
        a == b for i, (a, b) in enumerate(zip(before, after, strict=True)) if i not in touched
    )


@pytest.mark.parametrize(
    "block",
    [bytes(4096), superblock()[:100], superblock(checksum_type=1)],
    ids=["no magic", "short", "another checksum"],
)
def test_anything_else_is_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"superblock|crc32c"):
        fsid.renewed(block, NEW.bytes)


def test_every_copy_of_the_superblock_is_written(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        for place in (1 << 16, 1 << 26):
            file.seek(place)
            file.write(superblock())
        file.truncate(100 << 20)
    fsid.renew(str(image), str(NEW))
    with image.open("rb") as file:
        for place in (1 << 16, 1 << 26):
            file.seek(place + 0x20)
            assert file.read(16) == NEW.bytes
