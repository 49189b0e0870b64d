"""The guests that scenarios run in, by what they are for.

A layout is data: two scenarios with the same one can be served by the same prepared guest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.history import Filesystem
from harness.machines.layout import (
    MIB,
    DiskSpec,
    ExtraMount,
    Layout,
    data_disks,
    root_on_disk,
)


def _data(filesystem: Filesystem) -> Layout:
    return data_disks(DiskSpec("data", filesystem))


def _two_disks(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem), DiskSpec("log", filesystem, mountpoint="/data/log")
    )


def _read_only(filesystem: Filesystem) -> Layout:
    return data_disks(DiskSpec("archive", filesystem, mountpoint="/archive", read_only=True))


def _root_and_data(filesystem: Filesystem) -> Layout:
    return root_on_disk(filesystem, DiskSpec("data", filesystem))


def _noexec(filesystem: Filesystem) -> Layout:
    scripts = ExtraMount("tmpfs", "/opt/scripts", options="noexec,mode=755")
    return replace(_data(filesystem), extra_mounts=(scripts,))


def _small_tmpfs(filesystem: Filesystem) -> Layout:
    small = ExtraMount("tmpfs", "/small", options="size=4k")
    return replace(_data(filesystem), extra_mounts=(small,))


def _log_disk(filesystem: Filesystem) -> Layout:
    return root_on_disk(filesystem, DiskSpec("log", filesystem, mountpoint="/var/log"))


def _single_disk(filesystem: Filesystem) -> Layout:
    return root_on_disk(filesystem)


def _four_disks(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem),
        DiskSpec("log", filesystem, mountpoint="/data/log"),
        DiskSpec("old", filesystem, mountpoint="/data/log/old"),
        DiskSpec("web", filesystem, mountpoint="/srv"),
    )


def _mounted_again(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem),
        mounts=(
            ExtraMount("disk", "/mnt/again", source="data"),
            ExtraMount("bind", "/srv/app", source="/data/app"),
            ExtraMount("bind", "/srv/shown", source="/data", options="ro"),
        ),
    )


def _read_only_mount(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem), mounts=(ExtraMount("remount", "/data", options="ro"),)
    )


def _over_mounted(filesystem: Filesystem) -> Layout:
    return data_disks(DiskSpec("below", filesystem), DiskSpec("data", filesystem))


def _half_hidden(filesystem: Filesystem) -> Layout:
    again = ExtraMount("disk", "/mnt/again", source="below")
    return replace(_over_mounted(filesystem), extra_mounts=(again,))


def _read_only_first(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem),
        mounts=(
            ExtraMount("disk", "/mnt/again", source="data"),
            ExtraMount("remount", "/data", options="ro"),
        ),
    )


def _odd_names(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem, mountpoint="/srv/two words"),
        DiskSpec("log", filesystem, mountpoint="/srv/back\\slash"),
    )


def _root_within(filesystem: Filesystem) -> Layout:
    bound = ExtraMount("bind", "/data/root", source="/")
    return replace(_root_and_data(filesystem), extra_mounts=(bound,))


def _subvolumes(_: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", "btrfs", options="subvol=@data"),
        mounts=(ExtraMount("disk", "/home", source="data", options="subvol=@home"),),
    )


def _beside(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem),
        DiskSpec("home", "btrfs", mountpoint="/home"),
        DiskSpec("legacy", "ext3", mountpoint="/legacy"),
        DiskSpec("boot", "ext2", mountpoint="/boot"),
        mounts=(
            ExtraMount("disk", "/home/shared", source="home", options="subvol=@shared"),
            ExtraMount("tmpfs", "/data/scratch"),
        ),
    )


def _ext2(_: Filesystem) -> Layout:
    return data_disks(DiskSpec("boot", "ext2", mountpoint="/boot"))


def _engine_binds(filesystem: Filesystem) -> Layout:
    return data_disks(
        DiskSpec("data", filesystem),
        DiskSpec("machine", "ext4", 8 * MIB, "/etc/resolv.conf", part="file"),
        DiskSpec("volume", "xfs", mountpoint="/srv/volume", part="folder"),
    )


#: By the name that a scenario's `guest` marker gives:
#: "data": the container's root and one disk with the application's data;
#: "two-disks": a second disk mounted below the first (FRZ-01's order, SNP-01's one instant);
#: "read-only": a disk that nobody can write to, so that there is nothing to freeze (FRZ-01);
#: "noexec": the scripts lie on a mount from which nothing can be executed (RUN-02);
#: "small-tmpfs": like "data", with a tmpfs that one page fills (PLG-01);
#: "root-and-data": a root filesystem that freezes under the executor, and a data disk (FRZ-05);
#: "log-disk": the same with a disk at /var/log, so that the logs are frozen too;
#: "single-disk": FBK-08's guest, whose only disk carries the root filesystem;
#: "four-disks": three nested ones and one beside them (FRZ-01's order);
#: "mounted-again": a disk with four mounts: whole, whole again, a folder of it, read-only;
#: "read-only-mount": a writable filesystem whose only mount is read-only;
#: "over-mounted": a disk hidden below another one, mounted over it;
#: "half-hidden": the same, where the hidden one is mounted elsewhere too;
#: "read-only-first": a disk whose first mount is read-only, its second not;
#: "odd-names": mount points that mountinfo can't write as they are;
#: "root-within": like "root-and-data", with the root bound to a folder of the data disk;
#: "subvolumes": a btrfs of which two subvolumes are mounted and the whole is not, as distributions
#: install themselves;
#: "beside": ext3, ext2, btrfs with a subvolume within it, and a tmpfs on the data disk;
#: "ext2": nothing but an ext2, so that there is nothing to freeze;
#: "engine-binds": a file and a folder of filesystems that are not the guest's own.
LAYOUTS: Mapping[str, Callable[[Filesystem], Layout]] = {
    "data": _data,
    "two-disks": _two_disks,
    "read-only": _read_only,
    "noexec": _noexec,
    "small-tmpfs": _small_tmpfs,
    "root-and-data": _root_and_data,
    "log-disk": _log_disk,
    "single-disk": _single_disk,
    "four-disks": _four_disks,
    "mounted-again": _mounted_again,
    "read-only-mount": _read_only_mount,
    "over-mounted": _over_mounted,
    "half-hidden": _half_hidden,
    "read-only-first": _read_only_first,
    "odd-names": _odd_names,
    "root-within": _root_within,
    "subvolumes": _subvolumes,
    "beside": _beside,
    "ext2": _ext2,
    "engine-binds": _engine_binds,
}
