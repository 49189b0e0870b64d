"""The guests that scenarios run in, by what they are for.

A layout is data: two scenarios with the same one can be served by the same prepared guest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.history import Filesystem
from harness.machines.layout import DiskSpec, ExtraMount, Layout, data_disks, root_on_disk


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


def _log_disk(filesystem: Filesystem) -> Layout:
    return root_on_disk(filesystem, DiskSpec("log", filesystem, mountpoint="/var/log"))


def _single_disk(filesystem: Filesystem) -> Layout:
    return root_on_disk(filesystem)


#: By the name that a scenario's `guest` marker gives:
#: "data": the container's root and one disk with the application's data;
#: "two-disks": a second disk mounted below the first (FRZ-01's order, SNP-01's one instant);
#: "read-only": a disk that nobody can write to, so that there is nothing to freeze (FRZ-01);
#: "noexec": the scripts lie on a mount from which nothing can be executed (RUN-02);
#: "root-and-data": a root filesystem that freezes under the executor, and a data disk (FRZ-05);
#: "log-disk": the same with a disk at /var/log, so that the logs are frozen too;
#: "single-disk": FBK-08's guest, whose only disk carries the root filesystem.
LAYOUTS: Mapping[str, Callable[[Filesystem], Layout]] = {
    "data": _data,
    "two-disks": _two_disks,
    "read-only": _read_only,
    "noexec": _noexec,
    "root-and-data": _root_and_data,
    "log-disk": _log_disk,
    "single-disk": _single_disk,
}
