"""What a guest writes beside its disks is counted where room gets scarce, and nobody else's."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.machines.agent.spill import Spill, written

LIMIT = 1 << 20
MUCH = b"x" * (2 * LIMIT)


class Storage:
    """A storage whose room is what a test says."""

    def __init__(self) -> None:
        self.room = 100 * LIMIT
        self.told: list[str] = []

    def watch(self, root: Path) -> Spill:
        # A guest's own /proc has its own processes; the whole machine's are no part of a test.
        nobody = root.with_name(f"{root.name}-proc")
        nobody.mkdir(exist_ok=True)
        return Spill(LIMIT, self.told.append, str(root), lambda _: self.room, str(nobody))


def test_too_much_ends_the_guest(tmp_path: Path) -> None:
    storage = Storage()
    spill = storage.watch(tmp_path)
    assert not spill.look()
    (tmp_path / "log").write_bytes(MUCH)
    storage.room -= 2 * LIMIT
    assert spill.look()
    assert len(storage.told) == 1
    assert "it wrote 2 MiB beside its disks, more than the 1 MiB" in storage.told[0]


def test_many_small_files_count_together(tmp_path: Path) -> None:
    storage = Storage()
    spill = storage.watch(tmp_path)
    for number in range(40):
        folder = tmp_path / f"d{number}"
        folder.mkdir()
        (folder / "f").write_bytes(b"x" * (LIMIT // 32))
    storage.room -= LIMIT + LIMIT // 4
    assert spill.look()


def test_what_others_wrote_does_not_count(tmp_path: Path) -> None:
    storage = Storage()
    (tmp_path / "old").write_bytes(MUCH)
    os.utime(tmp_path / "old")
    spill = storage.watch(tmp_path)
    spill._since = time.time() + 60
    storage.room -= 10 * LIMIT
    assert not spill.look()
    assert storage.told == []


def test_nothing_is_counted_while_there_is_room(tmp_path: Path) -> None:
    storage = Storage()
    spill = storage.watch(tmp_path / "is not there")
    storage.room -= LIMIT - 1
    assert not spill.look()
    storage.room += 5 * LIMIT
    assert not spill.look()


def test_a_deleted_file_that_is_open_counts(tmp_path: Path) -> None:
    proc = tmp_path / "proc" / "1"
    proc.mkdir(parents=True)
    (proc / "fd").symlink_to("/proc/self/fd")
    with (tmp_path / "log").open("wb") as file:
        file.write(MUCH)
        file.flush()
        os.fsync(file.fileno())
        (tmp_path / "log").unlink()
        assert written(str(tmp_path), time.time() - 60, str(proc.parent)) >= len(MUCH)
    assert written(str(tmp_path), time.time() - 60, str(proc.parent)) < len(MUCH)
