"""A copied ext4 gets a UUID of its own, and e2fsck finds nothing to say about it."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from harness.machines.agent import extid

MIB = 1 << 20
NEW = uuid.UUID(int=9)


def tool(name: str, *arguments: str | Path) -> str:
    """What a program of e2fsprogs says; it must succeed."""
    path = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=[4 * MIB, 64 * MIB, 1024 * MIB], ids=["one group", "small", "a root's"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    with path.open("wb") as made:
        made.truncate(request.param)
    tool("mkfs.ext4", "-q", "-F", "-O", "metadata_csum_seed", path)
    return path


def test_the_superblock_and_all_its_copies_carry_it(image: Path) -> None:
    extid.renew(str(image), str(NEW))
    assert str(NEW) in tool("dumpe2fs", "-h", image)
    with image.open("rb") as file:
        places = list(extid.copies(file.read(2048)[1024:]))
        assert len(places) == tool("dumpe2fs", image).count("Backup superblock")
        for place in places:
            file.seek(place)
            assert file.read(1024)[0x68:0x78] == NEW.bytes
    tool("e2fsck", "-fn", image)


def test_it_is_what_tune2fs_would_have_made(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.img"
    shutil.copyfile(image, other)
    extid.renew(str(image), str(NEW))
    tool("tune2fs", "-f", "-U", str(NEW), other)

    def told(path: Path) -> list[str]:
        # The instants of the last write, and the checksum over them, are tune2fs's own.
        lines = tool("dumpe2fs", path).splitlines()
        return [line for line in lines if not line.startswith(("Last write", "Checksum:"))]

    assert told(image) == told(other)


@pytest.mark.parametrize("options", [("-O", "^metadata_csum"), ("-O", "^metadata_csum_seed")])
def test_without_a_seed_it_is_refused(options: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as made:
        made.truncate(4 * MIB)
    tool("mkfs.ext4", "-q", "-F", *options, path)
    with pytest.raises(ValueError, match="follow from the UUID"):
        extid.renew(str(path), str(NEW))


def test_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(4096))
    with pytest.raises(ValueError, match="no ext superblock"):
        extid.renew(str(path), str(NEW))
