"""Watching a guest's disks for freezes, from the host, every few milliseconds.

One thread for all disks of a guest. The judgement of samples is `Course`, pure; the thread feeds
it, and thaws what stays frozen too long: the rescue, which is itself a finding.
"""

from __future__ import annotations

import threading
import time

from .wire import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .attached import Disk

CADENCE = 0.005
RESCUE_AFTER_BOUND = 15.0


class Course:
    """What samples of one disk say about its freezes."""

    def __init__(self) -> None:
        self._thawed: float | None = None
        self._first: float | None = None
        self._last = 0.0
        self._rescued = False

    @property
    def since(self) -> float | None:
        """First sample of the freeze that goes on; None while thawed."""
        return self._first

    def rescue(self) -> None:
        """It was the host that thawed the freeze that goes on."""
        self._rescued = True

    def sample(self, began: float, ended: float, frozen: bool) -> tuple[str, dict[str, Any]] | None:
        """Take a sample; the event that it makes, None where nothing changed.

        It was taken at some instant from `began` to `ended`, which may lie far apart on a busy
        machine. So each bound that an event tells is the one that holds whenever it was: a freeze
        began after `thawed_before` and not after `first`, ended not before `last`. Of a freeze
        that one sample saw, `last` so lies before `first`, by the time that the sample took.
        """
        if frozen:
            self._last = began
            if self._first is not None:
                return None
            self._first = ended
            return Event.FROZEN, {"thawed_before": self._thawed, "first": ended}
        self._thawed = began
        if self._first is None:
            return None
        self._first = None
        rescued, self._rescued = self._rescued, False
        return Event.THAWED, {"last": self._last, "thawed_after": ended, "rescued": rescued}


class FreezeWatch:
    """The watch over one guest."""

    def __init__(
        self, guest: str, disks: Sequence[Disk], bound: float, emit: Callable[..., None]
    ) -> None:
        self._guest = guest
        self._courses = [(disk, Course()) for disk in disks if disk.probe is not None]
        self._limit = bound + RESCUE_AFTER_BOUND
        self._emit = emit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {guest}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch; no event of it comes after this returns."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            for disk, course in self._courses:
                self._look(disk, course)
            self._stop.wait(CADENCE)

    def _look(self, disk: Disk, course: Course) -> None:
        if disk.probe is None:
            return
        before = time.monotonic()
        frozen = disk.probe.sample()
        if frozen is None:
            return
        at = time.monotonic()
        told = course.sample(before, at, frozen)
        if told is not None:
            event, facts = told
            self._emit(event, {"guest": self._guest, "disk": disk.name, **facts}, at)
        if course.since is not None and at - course.since > self._limit:
            course.rescue()
            disk.thaw()
