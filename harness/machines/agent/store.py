"""The host's store: a btrfs in a loop file on the container's tmpfs.

Each guest's disks are images in one subvolume, so that a read-only snapshot of that subvolume is
one instant for all of them, whatever the guest is doing.
"""

from __future__ import annotations

import os
import re
import time

from . import attached, linux, loopdev, subvolumes
from .problem import AgentProblem
from .tools import Tools
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_BASE = "/store"
_FILE = f"{_BASE}/store.img"
_POOL = f"{_BASE}/pool"
_FOLDERS = ("guests", "sets", "templates", "work")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Image:
    """What is known of one image of a snapshot set."""

    def __init__(self, filesystem: str, uuid: str, path: str) -> None:
        self.filesystem = filesystem
        self.uuid = uuid
        self.path = path


class Store:
    """Paths and subvolumes of the store."""

    def __init__(self, run: str, tools: Tools) -> None:
        self._label = loopdev.label(run, "store")
        self._tools = tools
        self._number = -1
        self._sets: dict[str, dict[str, Image]] = {}

    def open(self, size: int) -> None:
        """Make the store. Raises AgentProblem (store-full, no-loop-device, no-btrfs, mkfs)."""
        room = os.statvfs(_BASE)
        if size > room.f_bavail * room.f_frsize:
            raise AgentProblem(
                Code.STORE_FULL,
                f"a store of {size >> 20} MiB does not fit into the "
                f"{room.f_bavail * room.f_frsize >> 20} MiB of the host's {_BASE}",
                "give the host's container a larger tmpfs, or ask for a smaller store",
            )
        with open(_FILE, "wb") as made:
            made.truncate(size)
        self._tools.must(
            Code.MKFS,
            "the store can't be made",
            *("mkfs.btrfs", "-q", "-f", "-m", "single", "-d", "single", _FILE),
        )
        self._number, device = loopdev.attach(_FILE, self._label)
        try:
            os.makedirs(_POOL, exist_ok=True)
            node = loopdev.path_of(self._number)
            linux.mount(node, _POOL, "btrfs", linux.MS_NOATIME | linux.MS_NODEV)
        except OSError as error:
            raise AgentProblem(
                Code.NO_BTRFS,
                f"the store's btrfs can't be mounted: {error.strerror}",
                "the engine's kernel needs btrfs: unfrozen levels can't be shown without it",
            ) from error
        finally:
            os.close(device)
        for folder in _FOLDERS:
            subvolumes.create(f"{_POOL}/{folder}")

    def usage(self) -> dict[str, int]:
        """Free and total bytes."""
        room = os.statvfs(_POOL)
        return {"free": room.f_bavail * room.f_frsize, "total": room.f_blocks * room.f_frsize}

    def need(self, size: int) -> None:
        """Raises AgentProblem (store-full) where `size` more bytes do not fit."""
        usage = self.usage()
        if usage["free"] < size:
            self._reclaim()
            usage = self.usage()
        if usage["free"] < size:
            raise AgentProblem(
                Code.STORE_FULL,
                f"the store has {usage['free'] >> 20} of {usage['total'] >> 20} MiB free, "
                f"{size >> 20} MiB are asked for",
                "forget snapshot sets, release guests, or start the host with a larger store",
            )

    def _reclaim(self) -> None:
        """Have the room of what was deleted now: by itself it comes back after up to a minute.

        A commit makes the deletions known to the cleaner; when it is through with them, the next
        one gives their room free.
        """
        for command in (("filesystem", "sync"), ("subvolume", "sync"), ("filesystem", "sync")):
            self._tools.run("btrfs", *command, _POOL)

    # -- guests

    def make_guest(self, guest: str) -> str:
        """A subvolume for a guest's images: its folder."""
        path = f"{_POOL}/guests/{checked(guest)}"
        subvolumes.create(path)
        return path

    def guest_folder(self, guest: str) -> str:
        """The folder of a guest's images."""
        return f"{_POOL}/guests/{checked(guest)}"

    def drop_guest(self, guest: str) -> None:
        """Delete a guest's images."""
        path = self.guest_folder(guest)
        if os.path.isdir(path):
            subvolumes.delete(path)

    @staticmethod
    def mount_point(guest: str, disk: str) -> str:
        """Where the host mounts a guest's disk."""
        return f"{_BASE}/mnt/{checked(guest)}.{checked(disk)}"

    # -- snapshot sets

    def take(self, guest: str, set_id: str) -> None:
        """The atomic set: a read-only snapshot of the guest's subvolume."""
        subvolumes.snapshot(self.guest_folder(guest), self._new_set(set_id))

    def fill(self, set_id: str, write: Callable[[str], None]) -> None:
        """A set that `write` fills itself: the control, which is no instant at all."""
        path = self._new_set(set_id)
        subvolumes.create(path)
        write(path)

    def take_apart(self, guest: str, set_id: str, names: Sequence[str], seconds: float) -> None:
        """A set of no one instant: each disk whole, in this order, `seconds` between two."""
        path = self._new_set(set_id)
        subvolumes.create(path)
        for place, name in enumerate(names):
            if place:
                # What the control is about: storage that copies one disk now and the next later.
                time.sleep(seconds)
            instant = self.work(f"{set_id}.{checked(name)}")
            subvolumes.snapshot(self.guest_folder(guest), instant)
            try:
                linux.clone_file(f"{instant}/{name}.img", f"{path}/{name}.img")
            finally:
                subvolumes.delete(instant)

    def record(self, set_id: str, disks: Iterable[attached.Disk]) -> None:
        """Note which disks a set holds."""
        folder = f"{_POOL}/sets/{set_id}"
        self._sets[set_id] = {
            disk.name: Image(disk.filesystem, disk.uuid, f"{folder}/{disk.name}.img")
            for disk in disks
        }

    def images(self, set_id: str) -> dict[str, Image]:
        """A set's images by disk name. Raises AgentProblem (unknown)."""
        if set_id not in self._sets:
            raise AgentProblem(
                Code.UNKNOWN, f"the store has no snapshot set {set_id}", "it was forgotten"
            )
        return self._sets[set_id]

    def drop_set(self, set_id: str) -> None:
        """Delete a set."""
        self.images(set_id)
        subvolumes.delete(f"{_POOL}/sets/{set_id}")
        del self._sets[set_id]

    def _new_set(self, set_id: str) -> str:
        path = f"{_POOL}/sets/{checked(set_id)}"
        if os.path.exists(path):
            raise AgentProblem(
                Code.BAD_REQUEST, f"there is a snapshot set {set_id} already", "use a new id"
            )
        return path

    # -- others

    @staticmethod
    def template(name: str) -> str:
        """The path of a template image."""
        return f"{_POOL}/templates/{name}.img"

    @staticmethod
    def work(name: str) -> str:
        """A path for something short-lived."""
        return f"{_POOL}/work/{name}"

    def close(self) -> str:
        """Unmount and wait until the device is free; "" or why not."""
        if self._number < 0:
            return ""
        if attached.mountinfo_has(_POOL):
            # A guest that is not gone yet holds images open: the last to go frees all.
            linux.unmount(_POOL, linux.MNT_DETACH)
        if attached.wait_until_detached(self._number, self._label, attached.LET_GO_SECONDS):
            return ""
        return f"loop{self._number} ({self._label}) is still in use"


def checked(name: str) -> str:
    """A name that is safe in a path. Raises AgentProblem."""
    if not _NAME.fullmatch(name) or len(name) > 100:
        raise AgentProblem(
            Code.BAD_REQUEST,
            f"{name!r} is no name for a guest, disk or set",
            "use letters, digits, dots, dashes and underscores",
        )
    return name
