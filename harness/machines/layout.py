"""What a guest is made of; guests of equal layouts are interchangeable until they are used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.history import Filesystem, Shape
from harness.problem import UsageProblem

MIB = 1024 * 1024

#: The smallest and the usual size of a disk, in bytes. Below: ext4 gets no journal, mkfs.xfs
#: refuses, btrfs does not format with one copy of its metadata.
SMALLEST: dict[Filesystem, int] = {
    "ext2": 1 * MIB,
    "ext3": 4 * MIB,
    "ext4": 4 * MIB,
    "xfs": 300 * MIB,
    "btrfs": 48 * MIB,
}
USUAL: dict[Filesystem, int] = {
    "ext2": 32 * MIB,
    "ext3": 64 * MIB,
    "ext4": 64 * MIB,
    "xfs": 320 * MIB,
    "btrfs": 128 * MIB,
}

#: A root filesystem holds a copy of the image, and room for what is installed.
ROOT_SIZE = 1024 * MIB

_BASE_MEMORY = 768 * MIB

Network = Literal["shared", "none"]


@dataclass(frozen=True)
class DiskSpec:
    """One disk of a layout. `size` is bytes, 0 for the usual size of its filesystem.

    `mountpoint` is as the executor sees it. `carries_root`: it holds the guest's root filesystem,
    at "/". `options` are mount options as for mount(8). `part`: only a file or folder of it is
    mounted there, and it stands for a disk of the machine that carries the guest (FRZ-01).
    """

    name: str = "data"
    filesystem: Filesystem = "ext4"
    size: int = 0
    mountpoint: str = "/data"
    read_only: bool = False
    carries_root: bool = False
    options: str = ""
    part: Literal["", "file", "folder"] = ""

    @property
    def bytes(self) -> int:
        """The size that the disk really gets."""
        if self.size:
            return self.size
        if self.carries_root:
            return max(ROOT_SIZE, USUAL[self.filesystem])
        return USUAL[self.filesystem]


@dataclass(frozen=True)
class ExtraMount:
    """A mount beside the disks: "tmpfs", "bind" of a folder in the guest, a "disk" once more, or
    other options for the mount that is there ("remount").

    `source` is a path for a bind, a disk's name for a disk, else "".
    """

    kind: Literal["tmpfs", "bind", "disk", "remount"]
    target: str
    source: str = ""
    options: str = ""


@dataclass(frozen=True)
class Layout:
    """A guest's shape, disks and limits. Hashable: the key of what is prepared ahead.

    `image` "" is the host's image. `network` "shared": the host's empty network namespace, cheap,
    with a loopback that all guests of that host share; "none": one of its own. `memory` is bytes,
    0 for a base and the size of all disks (pages of a disk's backing store are charged to the
    guest that wrote them). `beside`: bytes that it may write beside its disks. `allow_mount`:
    mount(2) passes the filter, for fixtures of ours only.
    """

    shape: Shape = "data"
    disks: tuple[DiskSpec, ...] = (DiskSpec(),)
    image: str = ""
    network: Network = "shared"
    memory: int = 0
    pids: int = 512
    beside: int = 2 * 1024 * MIB
    allow_mount: bool = False
    extra_mounts: tuple[ExtraMount, ...] = field(default=())

    def __post_init__(self) -> None:
        problem = _problem_of(self)
        if problem:
            raise UsageProblem(f"this guest cannot be built: {problem}", "change its layout")

    @property
    def memory_limit(self) -> int:
        """Bytes of memory that the guest really gets."""
        return self.memory or _BASE_MEMORY + sum(disk.bytes for disk in self.disks)

    @property
    def single_disk(self) -> bool:
        """Whether its only disk carries the root filesystem (FBK-08)."""
        return len(self.disks) == 1 and self.disks[0].carries_root


def _problem_of(layout: Layout) -> str:
    names = [disk.name for disk in layout.disks]
    if len(set(names)) != len(names):
        return f"two disks have the same name ({', '.join(names)})"
    roots = [disk for disk in layout.disks if disk.carries_root]
    if layout.shape not in get_args(Shape):
        return f"there is no shape {layout.shape!r}, only {' and '.join(get_args(Shape))}"
    if layout.shape == "data" and roots:
        return f"disk {roots[0].name!r} carries the root, which shape data keeps in the container"
    if layout.shape == "root-on-disk" and len(roots) != 1:
        return "shape root-on-disk needs exactly one disk that carries the root"
    for disk in layout.disks:
        problem = _problem_of_disk(disk)
        if problem:
            return f"disk {disk.name!r}: {problem}"
    for mount in layout.extra_mounts:
        if mount.kind == "disk" and mount.source not in names:
            return f"the mount at {mount.target} is of a disk {mount.source!r} that is not there"
    return ""


def _problem_of_disk(disk: DiskSpec) -> str:
    if disk.filesystem not in SMALLEST:
        return f"unknown filesystem {disk.filesystem!r}; known are {', '.join(SMALLEST)}"
    if not disk.name or not all(c.isalnum() or c in "-_" for c in disk.name):
        return "its name may hold letters, digits, - and _ only"
    if not disk.mountpoint.startswith("/") or "\0" in disk.mountpoint:
        return f"its mount point {disk.mountpoint!r} is no absolute path"
    if disk.carries_root != (disk.mountpoint == "/"):
        return 'exactly the disk that carries the root is mounted at "/"'
    if disk.carries_root and disk.filesystem == "ext2":
        return "a root filesystem that can never be frozen (ext2) proves nothing"
    if disk.bytes < SMALLEST[disk.filesystem]:
        return (
            f"{disk.bytes} bytes are too few for {disk.filesystem}, which needs "
            f"{SMALLEST[disk.filesystem]}"
        )
    return ""


def root_on_disk(filesystem: Filesystem = "ext4", *others: DiskSpec, size: int = 0) -> Layout:
    """A guest whose root filesystem lies on a disk, with further disks beside it."""
    root = DiskSpec("root", filesystem, size, "/", carries_root=True)
    return Layout(shape="root-on-disk", disks=(root, *others))


def data_disks(*disks: DiskSpec, mounts: tuple[ExtraMount, ...] = ()) -> Layout:
    """A guest whose root is the container's overlay, with these disks and further mounts."""
    return Layout(shape="data", disks=disks, extra_mounts=mounts)
