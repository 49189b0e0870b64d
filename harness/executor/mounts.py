"""Which filesystems of this guest are to be frozen, and in what order (FRZ-01).

`parse`, `choose` and `choose_partial` are pure; `has_device_node` and `open_root` look at the
machine.

A filesystem is the guest's own where it is mounted as a whole and its block device has a node in
the guest. A folder or file of the machine that a container engine binds into a guest fails both:
freezing that would stop the machine itself.

One that has the node and is mounted only by a folder in it is doubtful. It may be the guest's own
(an ostree root); in a container that was given the machine's device nodes it is as well a volume,
or the root folder, on the machine's disk, and nothing that a guest can see tells the two apart. It
is never frozen, and counts as a filesystem whose freeze failed (FRZ-04), so that no level is
claimed that the snapshot does not have (FBK-07).
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")


class Mount(NamedTuple):
    """One line of mountinfo; `device` is "MAJOR:MINOR" of the superblock, one a filesystem."""

    id: int
    parent: int
    device: str
    root: str
    mountpoint: str
    options: Tuple[str, ...]
    filesystem: str
    source: str
    super_options: Tuple[str, ...]

    @property
    def writable(self) -> bool:
        """Neither the mount nor the filesystem is read-only."""
        return "ro" not in self.options and "ro" not in self.super_options

    @property
    def whole(self) -> bool:
        """The filesystem's root, or that of a btrfs subvolume, rather than a folder in it."""
        if self.filesystem != "btrfs":
            return self.root == "/"
        named = [o[len("subvol=") :] for o in self.super_options if o.startswith("subvol=")]
        return self.root in ("/", *named)

    @property
    def depth(self) -> int:
        """How many folders deep it is mounted; 0 for the root."""
        return len([part for part in self.mountpoint.split("/") if part])


class Filesystem(NamedTuple):
    """One filesystem, with every mount of it that `choose` or `choose_partial` goes by."""

    device: str
    kind: str
    mounts: Tuple[Mount, ...]

    @property
    def name(self) -> str:
        """For people: "/data (ext4, 7:3)"."""
        return f"{self.mounts[0].mountpoint} ({self.kind}, {self.device})"


def parse(text: str) -> Tuple[Mount, ...]:
    """The mounts of a mountinfo text, in its order; lines that are none are passed over."""
    mounts = []
    for line in text.splitlines():
        head, separator, tail = line.partition(" - ")
        left, right = head.split(" "), tail.split(" ")
        if not separator or len(left) < 6 or len(right) < 2:
            continue
        mounts.append(
            Mount(
                id=int(left[0]),
                parent=int(left[1]),
                device=left[2],
                root=_plain(left[3]),
                mountpoint=_plain(left[4]),
                options=tuple(left[5].split(",")),
                filesystem=right[0],
                source=_plain(right[1]),
                super_options=tuple(_plain(o) for o in (right[2] if right[2:] else "").split(",")),
            )
        )
    return tuple(mounts)


def choose(
    mounts: Sequence[Mount],
    own: Callable[[Mount], bool],
    backing: Callable[[str], Optional[str]] = lambda _: None,
) -> Tuple[Filesystem, ...]:
    """What is to be frozen, in freezing order: nested ones first, the root last.

    `own(mount)`: its block device has a node in the guest. `backing(device)`: the device of the
    filesystem that holds a loop device's file, where that is known; the file's filesystem must
    still take writes while the loop device is frozen, so it comes later.
    """
    found: Dict[str, List[Mount]] = {}
    for mount in mounts:
        if mount.filesystem in FREEZABLE and mount.whole and mount.writable and own(mount):
            found.setdefault(mount.device, []).append(mount)
    filesystems = [
        Filesystem(device, group[0].filesystem, tuple(sorted(group, key=lambda m: m.depth)))
        for device, group in found.items()
    ]
    return _ordered(filesystems, _later(mounts, found, backing))


def choose_partial(mounts: Sequence[Mount], own: Callable[[Mount], bool]) -> Tuple[Filesystem, ...]:
    """What FRZ-01 names and `choose` leaves out: not mounted writable as a whole, only in part."""
    candidates = [m for m in mounts if m.filesystem in FREEZABLE and m.writable and own(m)]
    whole = {mount.device for mount in candidates if mount.whole}
    found: Dict[str, List[Mount]] = {}
    for mount in candidates:
        if mount.device not in whole:
            found.setdefault(mount.device, []).append(mount)
    return tuple(
        Filesystem(device, group[0].filesystem, tuple(sorted(group, key=lambda m: m.depth)))
        for device, group in found.items()
    )


def _later(
    mounts: Sequence[Mount],
    found: Dict[str, List[Mount]],
    backing: Callable[[str], Optional[str]],
) -> Dict[str, Set[str]]:
    """For each device the devices that must be frozen after it: what it lies on."""
    by_id = {mount.id: mount for mount in mounts}
    later: Dict[str, Set[str]] = {device: set() for device in found}
    for device, group in found.items():
        for mount in group:
            seen = {mount.id}
            parent = by_id.get(mount.parent)
            while parent is not None and parent.id not in seen:
                seen.add(parent.id)
                later[device].add(parent.device)
                parent = by_id.get(parent.parent)
        holder = backing(device)
        if holder is not None:
            later[device].add(holder)
        later[device] = {d for d in later[device] if d in found and d != device}
    return later


def _ordered(filesystems: List[Filesystem], later: Dict[str, Set[str]]) -> Tuple[Filesystem, ...]:
    left = {filesystem.device: filesystem for filesystem in filesystems}
    order: List[Filesystem] = []
    while left:
        held_back = {d for device in left for d in later[device]}
        free = [f for device, f in left.items() if device not in held_back]
        # Bind mounts can lie in each other; then the deepest one goes first, the root last.
        candidates = free or list(left.values())
        chosen = max(candidates, key=lambda f: (not _is_root(f), _depth(f)))
        order.append(left.pop(chosen.device))
    return tuple(order)


def _is_root(filesystem: Filesystem) -> bool:
    return any(mount.mountpoint == "/" for mount in filesystem.mounts)


def _depth(filesystem: Filesystem) -> int:
    return max(mount.depth for mount in filesystem.mounts)


def _plain(field: str) -> str:
    # The kernel writes space, tab, newline and backslash as three octal digits.
    if "\\" not in field:
        return field
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), field)


def read_mounts() -> Tuple[Mount, ...]:
    """The mounts that this process sees now."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return parse(file.read())


def find_filesystems() -> Tuple[Filesystem, ...]:
    """What `choose` makes of this guest as it is now."""
    return choose(read_mounts(), has_device_node, backing_device)


def find_partial() -> Tuple[Filesystem, ...]:
    """What `choose_partial` makes of this guest as it is now."""
    return choose_partial(read_mounts(), has_device_node)


def has_device_node(mount: Mount) -> bool:
    """Whether the guest has the block device of a mount: by its source, else by its number."""
    number = _block_number(mount.source)
    if mount.filesystem == "btrfs":
        # The device number of a btrfs is anonymous: only the source names a device.
        return number is not None
    if number == mount.device:
        return True
    # "/dev/root" and the like are names of no file.
    with contextlib.suppress(OSError):
        return any(_block_number(f"/dev/{name}") == mount.device for name in os.listdir("/dev"))
    return False


def backing_device(device: str) -> Optional[str]:
    """The device number of the filesystem that holds a loop device's file, if it is seen here."""
    try:
        with open(f"/sys/dev/block/{device}/loop/backing_file", encoding="utf-8") as file:
            holder = os.stat(file.read().strip()).st_dev
    except (OSError, ValueError):
        return None
    return f"{os.major(holder)}:{os.minor(holder)}"


def open_root(filesystem: Filesystem) -> Optional[int]:
    """A descriptor of the filesystem's root; None where another mount hides each of its mounts.

    Raises OSError where it is there and can't be opened.
    """
    for mount in filesystem.mounts:
        path = mount.mountpoint.encode("utf-8", "surrogateescape")
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            continue  # hidden together with the folder that it is mounted on
        if _mount_id(descriptor) in (mount.id, None):
            return descriptor
        os.close(descriptor)
    return None


def device_of(folder: str) -> Optional[str]:
    """The superblock's device number of a folder, or of the nearest one above that exists."""
    while True:
        try:
            descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            if folder in ("/", ""):
                return None
            folder = os.path.dirname(folder)
            continue
        try:
            identity = _mount_id(descriptor)
        finally:
            os.close(descriptor)
        return next((m.device for m in read_mounts() if m.id == identity), None)


def _mount_id(descriptor: int) -> Optional[int]:
    # By the path alone a mount that lies over this one would be frozen in its place.
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
        for line in file:
            if line.startswith("mnt_id:"):
                return int(line.split()[1])
    return None


def _block_number(path: str) -> Optional[str]:
    if not path.startswith("/"):
        return None
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISBLK(status.st_mode):
        return None
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
