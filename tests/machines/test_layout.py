"""Layouts: what can be built, and what is refused before anything is started."""

from __future__ import annotations

from typing import Any

import pytest

from harness.machines.layout import (
    MIB,
    SMALLEST,
    DiskSpec,
    ExtraMount,
    Layout,
    data_disks,
    root_on_disk,
)
from harness.problem import UsageProblem


def test_equal_layouts_are_one_key() -> None:
    ready = {root_on_disk("xfs", DiskSpec("data")): 1}
    assert ready[root_on_disk("xfs", DiskSpec("data"))] == 1
    assert root_on_disk("ext4") not in ready


def test_only_a_lone_root_disk_is_a_single_disk_guest() -> None:
    assert root_on_disk("ext4").single_disk
    assert not root_on_disk("ext4", DiskSpec("data")).single_disk
    assert not data_disks(DiskSpec("data")).single_disk


def test_a_guest_may_write_its_disks_full_within_its_memory_limit() -> None:
    layout = data_disks(DiskSpec("a", size=900 * MIB), DiskSpec("b", size=700 * MIB))
    assert layout.memory_limit > 1600 * MIB
    assert Layout(memory=256 * MIB).memory_limit == 256 * MIB


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: data_disks(DiskSpec("a"), DiskSpec("a")), "the same name"),
        (lambda: data_disks(DiskSpec("a", "ntfs")), "unknown filesystem 'ntfs'; known are ext2"),  # type: ignore[arg-type]
        (lambda: data_disks(DiskSpec("a", "xfs", 64 * MIB)), "too few for xfs"),
        (lambda: data_disks(DiskSpec("a", mountpoint="data")), "no absolute path"),
        (lambda: data_disks(DiskSpec("a/b")), "its name may hold"),
        (lambda: data_disks(DiskSpec("a", mountpoint="/")), "carries the root"),
        (lambda: data_disks(DiskSpec("a", mountpoint="/", carries_root=True)), "shape data"),
        (lambda: Layout("root-on-disk", (DiskSpec("a"),)), "exactly one disk"),
        (lambda: Layout("vm"), "there is no shape 'vm'"),  # type: ignore[arg-type]
        (lambda: root_on_disk("ext2"), "never be frozen"),
        (
            lambda: Layout(extra_mounts=(ExtraMount("disk", "/again", "other"),)),
            "a disk 'other' that is not there",
        ),
    ],
)
def test_what_cannot_be_built_is_named(build: Any, words: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        build()
    assert words in caught.value.message
    assert caught.value.exit_code == 4


def test_the_smallest_disks_are_accepted() -> None:
    for filesystem, size in SMALLEST.items():
        assert DiskSpec("a", filesystem, size).bytes == size
        data_disks(DiskSpec("a", filesystem, size))
