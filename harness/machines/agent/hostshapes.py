"""The shapes of what a host is asked and answers; see `shapes` for how to read them."""

from __future__ import annotations

from typing import Any, TypedDict


class OpenStore(TypedDict):
    """The store's size. Errors: `store-full`, `no-loop-device`, `no-btrfs`, `tool-missing`."""

    bytes: int


class Usage(TypedDict):
    """Answer of `open_store` and `usage`, bytes of the store."""

    free: int
    total: int


class HostDisk(TypedDict, total=False):
    """`source`: "empty", "root" or {"set": ID, "disk": NAME}; `size` is ignored for a set."""

    name: str
    filesystem: str
    size: int
    source: Any
    read_only: bool


class MakeDisks(TypedDict):
    """Make, attach and mount a guest's disks."""

    guest: str
    disks: list[HostDisk]


class MadeDisk(TypedDict):
    """One disk; `device` is "7:N", `number` is N."""

    name: str
    device: str
    number: int
    uuid: str
    size: int
    filesystem: str
    mount_options: str  # what a guest must add to mount it: "nouuid" for a restored xfs


class MadeDisks(TypedDict):
    """Answer of `make_disks`."""

    disks: list[MadeDisk]


class Watch(TypedDict):
    """Watch a guest's disks; `bound` seconds after a freeze plus 15 the host thaws."""

    guest: str
    bound: float


class FrozenEvent(TypedDict):
    """Event `frozen`: `thawed_before` is None where it was frozen since the watch began."""

    guest: str
    disk: str
    thawed_before: float | None
    first: float


class ThawedEvent(TypedDict):
    """Event `thawed`: seen frozen at `last`, thawed at `thawed_after`."""

    guest: str
    disk: str
    last: float
    thawed_after: float
    rescued: bool


class TakeSnapshot(TypedDict, total=False):
    """Take the snapshot set `set` of all disks of `guest`. `copy` has the same shape.

    With `apart` it is no set of one instant: the disks, the last one first, so many seconds apart.
    """

    guest: str
    set: str
    apart: float


class DiskCounters(TypedDict):
    """What history.DiskAtSnapshot holds."""

    frozen_before: bool
    frozen_after: bool
    writes_before: int
    writes_after: int
    in_flight_before: int
    in_flight_after: int


class Taken(TypedDict):
    """Answer of `snapshot` and `copy`."""

    taken_from: float
    taken_to: float
    disks: dict[str, DiskCounters]


class Examine(TypedDict, total=False):
    """Images of the set to examine; all where `disks` is left out."""

    set: str
    disks: list[str]


class ImageFacts(TypedDict, total=False):
    """Fields of history's Ext4Image, XfsImage or BtrfsImage, by `filesystem`.

    ext2/3/4: needs_recovery, journal_start, fsck_exit, fsck_tail, replayed_exit (`e2fsck -fn` on a
    copy after a mount and unmount: the raw check fails a frozen image on which somebody held an
    unlinked file open); xfs: log_items, log_transactions, repair_exit, repair_tail; btrfs:
    log_root, check_exit, check_tail.
    """

    disk: str
    filesystem: str
    needs_recovery: bool
    journal_start: int
    fsck_exit: int
    fsck_tail: str
    replayed_exit: int | None
    log_items: list[str]
    log_transactions: int
    repair_exit: int
    log_redundant: bool  # xfs: all that the log holds is in place
    repair_tail: str
    log_root: int
    check_exit: int
    check_tail: str


class Examined(TypedDict):
    """Answer of `examine`."""

    images: list[ImageFacts]


class WriteMarker(TypedDict):
    """Write `text` into each writable disk's marker file, on disk when this is answered."""

    guest: str
    text: str


class Markers(TypedDict):
    """Answer of `read_marker`: disk name to text; "" where none was ever written."""

    markers: dict[str, str]


class GuestDiedEvent(TypedDict):
    """Event `guest-died`: the lock of a guarded guest was let go; its frozen disks were thawed."""

    guest: str
    thawed: list[str]


class OfGuest(TypedDict):
    """Arguments of `guard`, `unwatch`, `read_marker`, `thaw`, `release`."""

    guest: str


class OfSet(TypedDict):
    """Arguments of `discard` and `forget`."""

    set: str


class Rescue(TypedDict, total=False):
    """Mend what hosts of these runs left; None: all runs. Only loop devices with our label.

    Without `detach` (default true) they are only thawed.
    """

    runs: list[str] | None
    detach: bool


class Rescued(TypedDict):
    """Answer of `rescue`: a sentence for each thing mended, and for each that could not be."""

    mended: list[str]
    problems: list[str]
