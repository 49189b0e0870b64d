"""How a host learns at once that a guest's agent died, whatever killed it.

A blocked writer keeps a dead guest's container, and with it the controller's connection, from
ending. But guest and host have the same filesystem mounted: the guest's agent holds a lock on a
file of it, and the kernel lets go of the lock when the agent dies. Then the host thaws. A lock
writes nothing, so it stands while the disk is frozen.
"""

from __future__ import annotations

import fcntl
import os
import threading

from . import linux, loopdev
from .probe import FILE
from .wire import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .attached import Disk

_POINT = "/run/snapcert-guard"
_LOOK_SECONDS = 0.1


def hold(disks: Sequence[dict[str, Any]]) -> int:
    """In the guest: hold the lock for as long as this process lives; -1 where no disk can.

    Through a mount of its own, detached at once, so that the guest's mounts stay free to be
    unmounted. The first disk on which the host has its probe's file serves for all.
    """
    for disk in disks:
        try:
            return _lock(disk)
        except OSError:
            continue  # read-only, or not mounted by the host
    return -1


def _lock(disk: dict[str, Any]) -> int:
    number = int(disk["device"].partition(":")[2])
    os.makedirs(_POINT, exist_ok=True)
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    data = "nouuid" if disk["filesystem"] == "xfs" else ""
    try:
        linux.mount(loopdev.path_of(number), _POINT, disk["filesystem"], flags, data)
        try:
            held = os.open(f"{_POINT}/{FILE}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            linux.unmount(_POINT, linux.MNT_DETACH)
    finally:
        os.rmdir(_POINT)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


class Guard:
    """In the host: waits for the lock of one guest, and thaws its disks when it gets it.

    A blocking wait for the lock could not be called off; a look at it ten times a second can.
    """

    def __init__(self, guest: str, disks: Sequence[Disk], emit: Callable[..., None]) -> None:
        self._guest = guest
        self._disks = disks
        self._emit = emit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._wait, name=f"guard {guest}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the wait; the disks can be unmounted when this returns."""
        self._stop.set()
        self._thread.join()

    def _wait(self) -> None:
        files = []
        try:
            for disk in self._disks:
                if disk.probe is not None:
                    path = f"{disk.point}/{FILE}"
                    files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            while not self._stop.wait(_LOOK_SECONDS):
                if all(_is_free(descriptor) for descriptor in files):
                    thawed = [disk.name for disk in self._disks if disk.thaw()]
                    self._emit(Event.GUEST_DIED, {"guest": self._guest, "thawed": thawed})
                    return
        finally:
            for descriptor in files:
                os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
