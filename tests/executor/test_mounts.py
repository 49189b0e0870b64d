"""FRZ-01: what is chosen from mountinfo texts, and in what order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.executor.mounts import (
    Mount,
    choose,
    choose_partial,
    device_of,
    has_device_node,
    parse,
    read_mounts,
)

OWN = {"7:0", "7:1", "7:2", "7:3", "8:1", "0:40"}


def chosen(text: str, backing: dict[str, str] | None = None) -> list[str]:
    found = choose(parse(text), lambda mount: mount.device in OWN, (backing or {}).get)
    return [filesystem.mounts[0].mountpoint for filesystem in found]


ROOT = "20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"


def test_nested_first_root_last() -> None:
    text = (
        ROOT
        + "21 20 7:0 / /data rw - ext4 /dev/loop0 rw\n"
        + "22 21 7:1 / /data/deep/xfs rw - xfs /dev/loop1 rw\n"
        + "23 20 0:40 / /b rw - btrfs /dev/loop2 rw,subvolid=5,subvol=/\n"
    )
    order = chosen(text)
    assert order.index("/data/deep/xfs") < order.index("/data") < order.index("/")
    assert order[-1] == "/"
    assert set(order) == {"/", "/data", "/data/deep/xfs", "/b"}


def test_a_mount_on_a_mount_that_is_not_frozen_itself_still_comes_first() -> None:
    text = (
        "21 20 7:0 / /x rw - ext4 /dev/loop0 rw\n"
        "22 21 0:50 / /x/t rw - tmpfs tmpfs rw\n"
        "23 22 7:1 / /x/t/y rw - ext4 /dev/loop1 rw\n"
    )
    assert chosen(text) == ["/x/t/y", "/x"]


def test_parents_count_by_identity_not_by_path() -> None:
    # 7:1 is mounted beside 7:0 and, by a second mount, inside it: it goes first.
    text = (
        "21 20 7:0 / /a/b/c rw - ext4 /dev/loop0 rw\n"
        "22 20 7:1 / /z rw - ext4 /dev/loop1 rw\n"
        "23 21 7:1 / /a/b/c/z rw - ext4 /dev/loop1 rw\n"
    )
    assert chosen(text) == ["/z", "/a/b/c"]


def test_each_filesystem_once() -> None:
    text = (
        ROOT
        + "21 20 7:0 / /data rw - ext4 /dev/loop0 rw\n"
        + "22 20 7:0 / /again rw - ext4 /dev/loop0 rw\n"
        + "23 20 7:0 /folder /bind rw - ext4 /dev/loop0 rw\n"
    )
    assert sorted(chosen(text)) == ["/", "/data"]


def test_a_container_engines_binds_of_the_machines_disk_are_never_touched() -> None:
    text = (
        "20 1 0:48 / / rw - overlay overlay rw,lowerdir=/l\n"
        "21 20 8:1 /docker/c/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n"
        "22 20 8:1 /docker/c/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
        "23 20 8:1 /srv/folder /mnt rw - xfs /dev/sda1 rw\n"
        "24 20 0:40 /@/docker/c/resolv.conf /etc/resolv.conf rw - btrfs /dev/sdb1 rw,subvol=/@\n"
    )
    assert chosen(text) == []


def partial(text: str) -> list[str]:
    found = choose_partial(parse(text), lambda mount: mount.device in OWN)
    return [filesystem.mounts[0].mountpoint for filesystem in found]


def test_a_filesystem_of_which_only_a_folder_is_mounted_is_not_frozen_and_not_forgotten() -> None:
    text = (
        "20 1 8:1 /ostree/deploy/os/1 / rw - ext4 /dev/sda1 rw\n"
        "21 20 8:1 / /sysroot ro - ext4 /dev/sda1 rw\n"
        "22 20 7:0 /folder /data/deep rw - xfs /dev/loop0 rw\n"
        "23 20 7:0 /other /data rw - xfs /dev/loop0 rw\n"
        "24 20 0:40 /@/folder /b rw - btrfs /dev/loop2 rw,subvol=/@\n"
    )
    assert chosen(text) == []
    assert partial(text) == ["/", "/data", "/b"]


def test_what_is_frozen_or_not_the_guests_own_or_can_not_be_written_is_not_partial() -> None:
    assert (
        partial(
            ROOT
            + "21 20 8:1 /folder /bind rw - ext4 /dev/sda1 rw\n"
            + "22 20 254:0 /docker/c/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
            + "23 20 7:0 /folder /ro ro - ext4 /dev/loop0 rw\n"
            + "24 20 7:1 /folder /ext2 rw - ext2 /dev/loop1 rw\n"
        )
        == []
    )


def test_a_device_without_a_node_in_the_guest_is_not_its_own() -> None:
    assert chosen("21 1 254:0 / /machine rw - ext4 /dev/vda rw\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "21 1 7:0 / /d ro - ext4 /dev/loop0 rw",
        "21 1 7:0 / /d rw - ext4 /dev/loop0 ro",
        "21 1 7:0 / /d rw - ext2 /dev/loop0 rw",
        "21 1 7:0 / /d rw - vfat /dev/loop0 rw",
        "21 1 0:9 / /d rw - tmpfs tmpfs rw",
        "21 1 0:9 / /d rw - nfs4 server:/d rw",
    ],
    ids=["read-only mount", "read-only filesystem", "ext2", "vfat", "tmpfs", "nfs"],
)
def test_left_alone(line: str) -> None:
    assert chosen(line) == []


@pytest.mark.parametrize("kind", ["ext3", "ext4", "xfs", "btrfs"])
def test_frozen_kinds(kind: str) -> None:
    assert chosen(f"21 1 7:0 / /d rw shared:1 master:2 - {kind} /dev/loop0 rw") == ["/d"]


def test_writable_by_one_of_its_mounts_is_enough() -> None:
    text = "21 1 7:0 / /ro ro - ext4 /dev/loop0 rw\n22 1 7:0 / /rw rw - ext4 /dev/loop0 rw\n"
    assert chosen(text) == ["/rw"]


def test_btrfs_subvolumes_are_one_filesystem() -> None:
    options = "rw,ssd,subvolid=256,subvol="
    text = (
        f"20 1 0:40 /@ / rw - btrfs /dev/sda2 {options}/@\n"
        f"21 20 0:40 /@home /home rw - btrfs /dev/sda2 {options}/@home\n"
    )
    found = choose(parse(text), lambda mount: mount.device in OWN)
    assert [f.device for f in found] == ["0:40"]
    assert found[0].mounts[0].mountpoint == "/"


def test_the_disk_under_a_loop_device_comes_after_it() -> None:
    text = (
        "21 1 7:0 / /very/deep/store rw - ext4 /dev/loop0 rw\n"
        "22 1 7:1 / /x rw - ext4 /dev/loop1 rw\n"
    )
    assert chosen(text) == ["/very/deep/store", "/x"]
    assert chosen(text, {"7:1": "7:0"}) == ["/x", "/very/deep/store"]


def test_mounts_that_lie_in_each_other_still_have_an_order() -> None:
    text = (
        "21 1 7:0 / /a rw - ext4 /dev/loop0 rw\n"
        "22 21 7:1 / /a/b rw - ext4 /dev/loop1 rw\n"
        "23 22 7:0 / /a/b/c rw - ext4 /dev/loop0 rw\n"
    )
    assert sorted(chosen(text)) == ["/a", "/a/b"]


def test_escapes_and_lines_that_are_none() -> None:
    text = "nonsense\n\n21 1 7:0 / /my\\040disk\\134 rw - ext4 /dev/loop0 rw\n"
    assert chosen(text) == ["/my disk\\"]


def test_the_mounts_of_this_machine_can_be_read() -> None:
    mounts = read_mounts()
    assert any(mount.mountpoint == "/" for mount in mounts)
    root = Path("/").stat().st_dev
    assert device_of("/there/is/no/such/folder") == device_of("/")
    assert f"{os.major(root)}:{os.minor(root)}" == device_of("/")


def test_a_source_that_is_no_block_device_is_no_node() -> None:
    mount = Mount(1, 0, "250:77", "/", "/d", ("rw",), "ext4", "/dev/null", ("rw",))
    assert not has_device_node(mount)
