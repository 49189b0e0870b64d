"""A disk as the host has it: attached under its label, and mounted in the host's own namespace.

The mount stands from before the guest starts until the guest is gone: through it the host sees a
freeze and ends one, and while it stands the loop number belongs to nobody else. The host itself
never freezes anything.
"""

from __future__ import annotations

import os
import time

from . import linux, loopdev, mountinfo
from .probe import Probe
from .problem import AgentProblem
from .reaper import wait_until
from .wire import Code

LET_GO_SECONDS = 15.0

_AGAIN_SECONDS = 0.5

# What the first mount of a filesystem decides, for the guest's too. ext4's lazy initialization
# would write in the background; a copy of an xfs shares its UUID with the original.
_HOST_OPTIONS = {"ext3": "noinit_itable", "ext4": "noinit_itable", "xfs": "nouuid"}


class Disk:
    """One attached and mounted disk. `point` is the host's own mount point."""

    def __init__(
        self,
        name: str,
        filesystem: str,
        image: str,
        *,
        label: str,
        point: str,
        read_only: bool = False,
        options: str = "",
    ) -> None:
        self.name = name
        self.filesystem = filesystem
        self.image = image
        self.label = label
        self.point = point
        self.read_only = read_only
        self.options = options
        self.uuid = ""
        self.number = -1
        self.probe: Probe | None = None
        self._root = -1

    @property
    def size(self) -> int:
        """Bytes of the image."""
        return os.path.getsize(self.image)

    def bring_up(self) -> None:
        """Attach, mount, and put the probe's file there.

        Raises AgentProblem (no-loop-device, mount); then nothing is attached or mounted.
        """
        self.mount_only()
        if self.read_only:
            return
        try:
            self.probe = Probe(self.point)
        except OSError as error:
            self.let_go()
            raise self._no_mount("can't be written", error) from error

    def mount_only(self) -> None:
        """Attach and mount, and leave nothing on the disk. Raises as `bring_up`."""
        self.number, device = loopdev.attach(self.image, self.label, self.read_only)
        try:
            os.makedirs(self.point, exist_ok=True)
            mount_loop(self.number, self.filesystem, self.point, self.read_only, self.options)
        except OSError as error:
            raise self._no_mount("can't be mounted", error) from error
        finally:
            # The mount holds the device now; without a mount this detaches it.
            os.close(device)
        self._root = os.open(self.point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def _no_mount(self, what: str, error: OSError) -> AgentProblem:
        return AgentProblem(
            Code.MOUNT,
            f"disk {self.name} ({self.filesystem}) {what}: {error.strerror}",
            "the filesystem in the image is damaged or full, or the kernel does not have it",
        )

    def thaw(self) -> bool:
        """Thaw it through the host's mount; whether it was frozen."""
        return self._root >= 0 and linux.thaw(self._root)

    def let_go(self, seconds: float = LET_GO_SECONDS) -> str:
        """Thaw, unmount, and wait until the device is free; "" or why it is not."""
        if self._root >= 0:
            linux.thaw(self._root)
            os.close(self._root)
            self._root = -1
        if self.probe is not None:
            self.probe.close()
            self.probe = None
        if mountinfo_has(self.point):
            linux.unmount(self.point)
        free = wait_until_free(self.number, self.label, self.filesystem, self.point, seconds)
        if not free:
            return f"loop{self.number} ({self.label}) is still in use"
        os.rmdir(self.point)
        return ""


def mount_loop(number: int, filesystem: str, point: str, read_only: bool, more: str = "") -> None:
    """Mount a loop device for the host, with `more` options. Raises OSError."""
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC | linux.MS_RELATIME
    flags |= linux.MS_RDONLY if read_only else 0
    options = ",".join(o for o in (_HOST_OPTIONS.get(filesystem, ""), more) if o)
    linux.mount(loopdev.path_of(number), point, filesystem, flags, options)


def mountinfo_has(point: str) -> bool:
    """Whether something is mounted exactly there."""
    return any(mount.point == point for mount in mountinfo.read_mounts())


def wait_until_detached(number: int, label: str, seconds: float) -> bool:
    """Wait until a device no longer carries this label; whether it came true."""
    return wait_until(lambda: loopdev.label_of(number) != label, seconds, 0.004)


def wait_until_free(number: int, label: str, filesystem: str, point: str, seconds: float) -> bool:
    """Wait until a device with this label is detached; whether it is.

    A guest that is being ended may still have it mounted, and may have frozen it after our thaw;
    an orphan superblock, frozen, is in nobody's mounts. So while it is not free it is mounted,
    thawed and unmounted again from time to time.
    """
    deadline = time.monotonic() + seconds
    while True:
        step = min(_AGAIN_SECONDS, max(deadline - time.monotonic(), 0))
        if wait_until_detached(number, label, step):
            return True
        if time.monotonic() >= deadline:
            return False
        thaw_orphan(number, filesystem, point)
        loopdev.detach(number, label)


def thaw_orphan(number: int, filesystem: str, point: str) -> bool:
    """Mount a device's living superblock for a moment and thaw it; whether it was frozen.

    A frozen one lets itself be mounted only with the ro or rw that it has.
    """
    os.makedirs(point, exist_ok=True)
    for read_only in (False, True):
        try:
            mount_loop(number, filesystem, point, read_only)
        except OSError:
            continue
        try:
            held = os.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return linux.thaw(held)
            finally:
                os.close(held)
        finally:
            linux.unmount(point)
    return False
