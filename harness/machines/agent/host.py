"""The host's agent: the store, the guests' disks, snapshot sets and what they hold."""

from __future__ import annotations

import threading
import time

from . import loopdev, mounting, rescue
from .attached import Disk
from .copying import copy_plainly
from .examine import Examiner
from .freezewatch import FreezeWatch
from .guard import Guard
from .images import Images
from .problem import AgentProblem
from .reaper import Reaper
from .session import Role, Session
from .store import Store
from .tools import Tools
from .wire import Code, Do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Wanted = dict[str, Any]


def start(session: Session, role: Wanted) -> Role:
    """Drop the engine's binds before anything else, then serve."""
    mounting.drop_engine_binds()
    return Host(session, role["run"])


class Host(Role):
    """The machine that carries the guests' disks; it never freezes."""

    def __init__(self, session: Session, run: str) -> None:
        self._session = session
        self._run = run
        reaper = Reaper()
        reaper.start()
        tools = Tools(reaper)
        self._store = Store(run, tools)
        self._images = Images(run, self._store, tools)
        self._examiner = Examiner(run, self._store, tools)
        self._lock = threading.Lock()
        self._guests: dict[str, dict[str, Disk]] = {}
        self._watches: dict[str, FreezeWatch] = {}
        self._guards: dict[str, Guard] = {}
        self.handlers = {
            Do.OPEN_STORE: self._open_store,
            Do.MAKE_DISKS: self._make_disks,
            Do.GUARD: self._guard,
            Do.WATCH: self._watch,
            Do.UNWATCH: self._unwatch,
            Do.SNAPSHOT: self._snapshot,
            Do.COPY: self._copy,
            Do.DISCARD: self._forget,
            Do.FORGET: self._forget,
            Do.EXAMINE: self._examine,
            Do.WRITE_MARKER: self._write_marker,
            Do.READ_MARKER: self._read_marker,
            Do.THAW: self._thaw,
            Do.RELEASE: self._release,
            Do.USAGE: lambda _: self._store.usage(),
            Do.RESCUE: lambda wanted: rescue.mend(wanted["runs"], bool(wanted.get("detach", True))),
        }

    def _open_store(self, wanted: Wanted) -> Wanted:
        self._store.open(int(wanted["bytes"]))
        return self._store.usage()

    # -- disks

    def _make_disks(self, wanted: Wanted) -> Wanted:
        guest = wanted["guest"]
        folder = self._store.make_guest(guest)
        disks: dict[str, Disk] = {}
        try:
            for ordered in wanted["disks"]:
                disk = self._make_disk(guest, folder, ordered)
                disks[disk.name] = disk
        except BaseException:
            for disk in disks.values():
                disk.let_go()
            self._store.drop_guest(guest)
            raise
        with self._lock:
            self._guests[guest] = disks
        return {"disks": [_made(disk) for disk in disks.values()]}

    def _make_disk(self, guest: str, folder: str, ordered: Wanted) -> Disk:
        name = ordered["name"]
        label = loopdev.label(self._run, guest, name)
        point = self._store.mount_point(guest, name)
        image = f"{folder}/{name}.img"
        filesystem, uuid = self._images.make(image, ordered)
        read_only = bool(ordered.get("read_only"))
        disk = Disk(name, filesystem, image, label=label, point=point, read_only=read_only)
        disk.uuid = uuid
        disk.bring_up()
        return disk

    def _of(self, wanted: Wanted) -> dict[str, Disk]:
        with self._lock:
            disks = self._guests.get(wanted["guest"])
        if disks is None:
            raise AgentProblem(
                Code.UNKNOWN, f"the host has no guest {wanted['guest']}", "make its disks first"
            )
        return disks

    def _thaw(self, wanted: Wanted) -> Wanted:
        return {"thawed": [disk.name for disk in self._of(wanted).values() if disk.thaw()]}

    def _release(self, wanted: Wanted) -> Wanted:
        guest = wanted["guest"]
        disks = self._of(wanted)
        self._unwatch(wanted)
        with self._lock:
            guard = self._guards.pop(guest, None)
        if guard is not None:
            guard.stop()
        problems = [problem for problem in (disk.let_go() for disk in disks.values()) if problem]
        if problems:
            raise AgentProblem(
                Code.BUSY,
                f"disks of guest {guest} are not free: " + "; ".join(problems),
                "the guest's container must be gone first",
            )
        with self._lock:
            self._guests.pop(guest, None)
        self._store.drop_guest(guest)
        return {}

    # -- freezes

    def _guard(self, wanted: Wanted) -> Wanted:
        guest = wanted["guest"]
        guard = Guard(guest, list(self._of(wanted).values()), self._session.emit)
        with self._lock:
            self._guards[guest] = guard
        return {}

    def _watch(self, wanted: Wanted) -> Wanted:
        disks = list(self._of(wanted).values())
        self._unwatch(wanted)
        watch = FreezeWatch(wanted["guest"], disks, float(wanted["bound"]), self._session.emit)
        with self._lock:
            self._watches[wanted["guest"]] = watch
        return {}

    def _unwatch(self, wanted: Wanted) -> Wanted:
        with self._lock:
            watch = self._watches.pop(wanted["guest"], None)
        if watch is not None:
            watch.stop()
        return {}

    # -- snapshot sets

    def _snapshot(self, wanted: Wanted) -> Wanted:
        disks = self._of(wanted)
        guest, set_id = wanted["guest"], wanted["set"]
        seconds = wanted.get("apart")
        if seconds is None:
            return self._set(wanted, lambda: self._store.take(guest, set_id), disks)
        last_first = list(reversed(disks))
        return self._set(
            wanted,
            lambda: self._store.take_apart(guest, set_id, last_first, float(seconds)),
            disks,
        )

    def _copy(self, wanted: Wanted) -> Wanted:
        disks = self._of(wanted)

        def write(folder: str) -> None:
            for disk in disks.values():
                copy_plainly(disk.image, f"{folder}/{disk.name}.img")

        return self._set(wanted, lambda: self._store.fill(wanted["set"], write), disks)

    def _set(self, wanted: Wanted, take: Callable[[], None], disks: dict[str, Disk]) -> Wanted:
        """Take a set between two looks at every disk: freeze, writes done, writes under way."""
        before = {name: _look(disk) for name, disk in disks.items()}
        taken_from = time.monotonic()
        take()
        taken_to = time.monotonic()
        after = {name: _look(disk, counters_first=True) for name, disk in disks.items()}
        self._store.record(wanted["set"], disks.values())
        return {
            "taken_from": taken_from,
            "taken_to": taken_to,
            "disks": {
                name: {
                    "frozen_before": before[name][0],
                    "frozen_after": after[name][0],
                    "writes_before": before[name][1],
                    "writes_after": after[name][1],
                    "in_flight_before": before[name][2],
                    "in_flight_after": after[name][2],
                }
                for name in disks
            },
        }

    def _forget(self, wanted: Wanted) -> Wanted:
        self._store.drop_set(wanted["set"])
        return {}

    def _examine(self, wanted: Wanted) -> Wanted:
        images = self._store.images(wanted["set"])
        names = wanted.get("disks") or list(images)
        return {"images": [self._examiner.examine(name, images[name]) for name in names]}

    # -- markers

    def _write_marker(self, wanted: Wanted) -> Wanted:
        for disk in self._of(wanted).values():
            if disk.probe is None:
                continue
            if disk.probe.frozen():
                raise AgentProblem(
                    Code.BUSY,
                    f"disk {disk.name} is frozen: a marker can't be written",
                    "thaw it first",
                )
            disk.probe.write(wanted["text"])
        return {}

    def _read_marker(self, wanted: Wanted) -> Wanted:
        disks = self._of(wanted)
        return {"markers": {d.name: d.probe.read() for d in disks.values() if d.probe}}

    # -- the end

    def end(self) -> list[str]:
        """Thaw everything first, whatever else hangs; then unmount, detach."""
        with self._lock:
            disks = [disk for of in self._guests.values() for disk in of.values()]
            threads: list[FreezeWatch | Guard] = [*self._watches.values(), *self._guards.values()]
        for disk in disks:
            disk.thaw()
        for thread in threads:
            thread.stop()
        left = []
        for disk in disks:
            try:
                left.append(disk.let_go())
            except OSError as error:
                left.append(f"{disk.label}: {error.strerror}")
        left.append(self._store.close())
        return [problem for problem in left if problem]


def _look(disk: Disk, counters_first: bool = False) -> tuple[bool, int, int]:
    """Frozen, completed writes, writes under way.

    The counters are read next to the set, the probe outside of them, as it dirties an inode.
    """
    if counters_first:
        writes, in_flight = loopdev.counters(disk.number)
    frozen = disk.probe is not None and disk.probe.frozen()
    if not counters_first:
        writes, in_flight = loopdev.counters(disk.number)
    return frozen, writes, in_flight


def _made(disk: Disk) -> Wanted:
    return {
        "name": disk.name,
        "device": f"7:{disk.number}",
        "number": disk.number,
        "uuid": disk.uuid,
        "size": disk.size,
        "filesystem": disk.filesystem,
        "mount_options": "nouuid" if disk.filesystem == "xfs" else "",
    }
