"""Which mounts a guest may have: a bind of the machine's is found whatever it looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machines.agent.mountinfo import ENGINE_BINDS, Mount, below, judge

_LINES = (Path(__file__).parent / "samples" / "mountinfo_docker.txt").read_text().splitlines()
_STARTED = [Mount(line) for line in _LINES]
_SAFE = [mount for mount in _STARTED if mount.point not in ENGINE_BINDS]
_EXT4 = "600 160 7:3 / /data rw,relatime - ext4 /dev/loop3 rw"
_BTRFS = "601 160 0:77 / /data rw,relatime - btrfs /dev/loop4 rw,space_cache=v2"


def test_a_container_without_its_engines_binds_is_safe() -> None:
    assert judge(_SAFE, ["7:3"]) == []


def test_the_binds_that_every_container_gets_are_found() -> None:
    findings = judge(_STARTED, ["7:3"])
    assert len(findings) == len(ENGINE_BINDS)
    for point, finding in zip(sorted(ENGINE_BINDS), sorted(findings), strict=True):
        assert finding.startswith(f"{point} (ext4, /dev/sda1)")


@pytest.mark.parametrize("line", [_EXT4, _BTRFS], ids=["ext4", "btrfs"])
def test_a_disk_is_the_guests_own_by_its_device(line: str) -> None:
    own = [*_SAFE, Mount(line)]
    assert judge(own, ["7:3", "7:4"]) == []
    assert len(judge(own, ["7:5"])) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(
            "600 160 8:1 /srv /srv rw - ext4 /dev/sda1 rw", "neither a disk", id="a-folder"
        ),
        pytest.param(
            "600 160 0:26 /docker.sock /docker.sock rw - tmpfs tmpfs rw",
            "bind of /docker.sock",
            id="the-engines-socket",
        ),
        pytest.param("600 160 0:5 / /devs rw - devtmpfs udev rw", "neither a disk", id="devices"),
        pytest.param("600 160 0:99 / /m rw - overlay overlay rw", "second overlay", id="overlay"),
        pytest.param("600 160 0:98 / /m rw - nfs4 nas:/x rw", "neither a disk", id="nfs"),
        pytest.param("600 160 0:97 / /m rw - sysfs sysfs rw", "is writable", id="sysfs"),
        pytest.param("600 160 0:30 / /m rw - cgroup cgroup rw,cpu", "is writable", id="cgroup"),
        pytest.param("600 160 0:33 / /m rw - cgroup2 cgroup rw", "is writable", id="cgroup2"),
        pytest.param(
            "600 160 7:3 /a /m rw - btrfs /dev/loop9 rw", "neither a disk", id="anothers-btrfs"
        ),
    ],
)
def test_what_is_not_the_guests_is_named(line: str, reason: str) -> None:
    mount = Mount(line)
    (finding,) = judge([*_SAFE, mount], ["7:8"])
    assert finding.startswith(f"{mount.point} (")
    assert reason in finding


def test_a_tmpfs_that_held_files_before_the_guest_began_is_refused() -> None:
    (finding,) = judge(_SAFE, [], filled=["/run"])
    assert finding.startswith("/run (tmpfs")


def test_a_root_that_is_no_overlay_is_refused() -> None:
    """The storage driver vfs binds a folder of the machine: frozen, the machine would stop."""
    root = Mount("160 150 8:1 /var/lib/vfs/x / rw,relatime - ext4 /dev/sda1 rw")
    (finding,) = judge([root, *[mount for mount in _SAFE if mount.point != "/"]], [])
    assert finding.startswith("/ (ext4, /dev/sda1)")


def test_a_privileged_container_is_refused() -> None:
    open_proc = [mount for mount in _SAFE if mount.point != "/proc/sys"]
    (finding,) = judge(open_proc, [])
    assert finding.startswith("/proc/sys")


def test_paths_are_those_that_the_guest_sees() -> None:
    mount = Mount(r"600 160 7:3 / /guest/my\040data rw,noatime - ext4 /dev/loop3 rw")
    assert mount.text("/guest") == "7:3 /my data ext4 rw,noatime"
    assert Mount("600 160 7:3 / /guest rw - ext4 /dev/loop3 rw").text("/guest").split()[1] == "/"
    assert below("/guesthouse", "/guest") is None
