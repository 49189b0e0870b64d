"""The host: it owns the disks of its guests, sees their freezes, takes and examines their sets."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
from collections.abc import Mapping
from typing import Any

from harness.history import Image
from harness.machines import disks
from harness.machines.agent import wire
from harness.machines.ahead import Ahead
from harness.machines.confinement import HOST_DEVICES, MachineSpec
from harness.machines.engine import Engine
from harness.machines.errors import MachineGone
from harness.machines.events import Event, EventLog
from harness.machines.guest import Guest
from harness.machines.launch import Machine, end_machine, launch
from harness.machines.layout import Layout
from harness.machines.runs import RunLock, owner_id
from harness.machines.snapshots import SnapshotSet, image_of
from harness.problem import EngineProblem, Problem, UsageProblem

_REQUEST = 30.0
_DISKS = 120.0
_EXAMINE = 300.0
_REMOVED = 30.0
_MEMORY_BESIDE_STORE = 1 << 30
_KEPT_LONGER = 60.0
_KEPT_FREEZE = 60.0


class Host:
    """One host container with its store. For each pytest worker and engine there is one.

    `guest` may be called from several threads. Close it in the end: that ends all its guests and
    waits until the engine has removed everything.
    """

    def __init__(
        self,
        engine: Engine,
        run: str,
        image: str,
        *,
        machine: Machine,
        lock: RunLock,
        lease: float,
    ) -> None:
        self.engine = engine
        self.run = run
        self.image = image
        self._machine = machine
        self._channel = machine.channel
        self._lock = lock
        self._lease = lease
        self._numbers = itertools.count(1)
        self._guests: dict[str, Guest] = {}
        self._containers: list[str] = [machine.container]
        self._kept: set[str] = set()
        self._guard = threading.Lock()
        self._ahead = Ahead(lambda layout: self._build(layout, None))
        self._closed = False
        self._died = False
        self._channel.on_gone(self._lost)

    @classmethod
    def start(
        cls,
        engine: Engine,
        run: str,
        image: str,
        store_bytes: int = 4 << 30,
        *,
        lease_seconds: float = wire.LEASE_SECONDS,
    ) -> Host:
        """Start a host of `image` (an image with python3 and the filesystems' tools).

        The store is a file of `store_bytes` in the host's memory, filled only as it is used. A
        host or guest that hears nothing for `lease_seconds` ends itself.
        """
        facts = engine.assert_usable()
        lock = RunLock(run, image)
        machine: Machine | None = None
        try:
            spec = MachineSpec(
                role="host",
                name=f"host-{secrets.token_hex(3)}",
                run=run,
                owner=owner_id(),
                image=engine.image(image),
                devices=HOST_DEVICES,
                network="none",
                memory=min(store_bytes + _MEMORY_BESIDE_STORE, facts.memory or 1 << 62),
                pids=512,
                tmpfs={"/store": f"rw,size={store_bytes + (64 << 20)},mode=0700"},
            )
            machine = launch(engine, spec, lease_seconds=lease_seconds)
            machine.channel.request(wire.Do.OPEN_STORE, {"bytes": store_bytes}, _DISKS)
        except BaseException:
            if machine is not None:
                with contextlib.suppress(Problem):
                    end_machine(machine)
            lock.release()
            raise
        return cls(engine, run, image, machine=machine, lock=lock, lease=lease_seconds)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- guests

    def guest(self, layout: Layout) -> Guest:
        """A fresh guest, prepared and its mounts checked: one made ahead where there is one."""
        return self._ahead.take(layout) or self._build(layout, None)

    def prepare_ahead(self, layout: Layout) -> None:
        """Start making a guest of this layout in the background, for the next `guest` call."""
        self._ahead.start(layout)

    def restore(self, set_id: str, layout: Layout) -> Guest:
        """A fresh guest whose disks are a set's, by their names, each a copy of its own.

        RequestFailed "mount" where a disk of the set does not mount.
        """
        return self._build(layout, set_id)

    def guests(self) -> tuple[Guest, ...]:
        """The guests that are there now."""
        with self._guard:
            return tuple(self._guests.values())

    def _build(self, layout: Layout, set_id: str | None) -> Guest:
        image = self.engine.image(layout.image or self.image)
        if layout.shape == "root-on-disk" and image.id != self.engine.image(self.image).id:
            raise UsageProblem(
                f"a guest with its root on a disk cannot be made of {image.reference} by a host "
                f"of {self.image}: the root is copied from the host's own",
                "start a host of that image",
            )
        name = f"{self._machine.channel.name.rpartition('-')[2]}-{next(self._numbers)}"
        made = self._ask(
            wire.Do.MAKE_DISKS,
            {"guest": name, "disks": [disks.order(d, set_id) for d in layout.disks]},
            _DISKS,
        )["disks"]
        box: list[Guest] = []

        def hear(event: Event) -> None:
            if box:
                box[0].hear(event)

        spec = MachineSpec(
            role="guest",
            name=name,
            run=self.run,
            owner=owner_id(),
            image=image,
            devices=tuple(f"b {disk['device']} rwm" for disk in made),
            network="none" if layout.network == "none" else self._machine.container,
            memory=layout.memory_limit,
            pids=layout.pids,
        )
        machine: Machine | None = None
        try:
            machine = launch(self.engine, spec, lease_seconds=self._lease, listener=hear)
            with self._guard:
                self._containers.append(machine.container)
            guest = Guest(self, name, layout, machine, disks.records(layout, made))
            box.append(guest)
            ready = machine.channel.request(
                wire.Do.PREPARE, disks.preparation(layout, made), _DISKS
            )
            if ready["guarded"]:
                self._ask(wire.Do.GUARD, {"guest": name})
        except BaseException:
            if machine is not None:
                with contextlib.suppress(Problem):
                    end_machine(machine)
            with contextlib.suppress(Problem):
                self._ask(wire.Do.RELEASE, {"guest": name}, _DISKS)
            raise
        with self._guard:
            self._guests[name] = guest
        machine.channel.on_gone(lambda: self._guest_lost(guest))
        return guest

    def close_guest(self, guest: Guest) -> None:
        """Thaw, kill, unmount, detach; the engine removes the container by itself.

        Raises the first Problem met, after everything else was done.
        """
        with self._guard:
            self._guests.pop(guest.name, None)
            if guest.name in self._kept:
                return
        problems: list[Problem] = []
        # A host that is gone has thawed and detached by itself, or left it to the next start.
        with _collect(problems), contextlib.suppress(MachineGone):
            self._ask(wire.Do.THAW, {"guest": guest.name}, _REQUEST)
        with _collect(problems):
            end_machine(guest.machine)
        with _collect(problems), contextlib.suppress(MachineGone):
            self._ask(wire.Do.RELEASE, {"guest": guest.name}, _DISKS)
        if problems:
            raise problems[0]

    # -- freezes

    @property
    def events(self) -> EventLog:
        """All that the host's agent reported: freezes and thaws of all guests."""
        return self._channel.events

    def watch(self, guest: Guest, bound: float) -> None:
        """Watch the guest's disks for freezes; what stays frozen 15 s past `bound` is thawed."""
        self._ask(wire.Do.WATCH, {"guest": guest.name, "bound": bound})

    def unwatch(self, guest: Guest) -> None:
        """Stop watching; every event of the watch has arrived when this returns."""
        self._ask(wire.Do.UNWATCH, {"guest": guest.name})

    def frozen(self, guest: Guest) -> tuple[str, ...]:
        """Names of the guest's disks that the watch sees frozen now."""
        frozen: dict[str, None] = {}
        for event in self.events.named(wire.Event.FROZEN, wire.Event.THAWED):
            if event.data["guest"] == guest.name:
                if event.name == wire.Event.FROZEN:
                    frozen[event.data["disk"]] = None
                else:
                    frozen.pop(event.data["disk"], None)
        return tuple(frozen)

    def thaw(self, guest: Guest) -> tuple[str, ...]:
        """Thaw the guest's disks through the host's own mounts; the names of the frozen ones."""
        return tuple(self._ask(wire.Do.THAW, {"guest": guest.name})["thawed"])

    # -- snapshot sets

    def snapshot(self, guest: Guest, set_id: str, apart: float | None = None) -> SnapshotSet:
        """Take one set of all disks of the guest, at one instant, frozen or not.

        With `apart` it is the control for that: each disk at an instant of its own, the last one
        first, so many seconds between two.
        """
        wanted: dict[str, Any] = {"guest": guest.name, "set": set_id}
        if apart is not None:
            wanted["apart"] = apart
        return SnapshotSet.of(set_id, self._ask(wire.Do.SNAPSHOT, wanted, _DISKS))

    def copy(self, guest: Guest, set_id: str) -> SnapshotSet:
        """The control: a plain live copy, disk after disk, which is no snapshot at all."""
        wanted = {"guest": guest.name, "set": set_id, "mode": "plain"}
        return SnapshotSet.of(set_id, self._ask(wire.Do.COPY, wanted, _EXAMINE))

    def discard(self, set_id: str) -> None:
        """The executor does not want this set: it cannot be restored or examined any more."""
        self._ask(wire.Do.DISCARD, {"set": set_id})

    def forget(self, set_id: str) -> None:
        """The harness does not need this set any more: its room in the store is free again."""
        self._ask(wire.Do.FORGET, {"set": set_id}, _DISKS)

    def examine(self, set_id: str, disks: tuple[str, ...] = ()) -> tuple[Image, ...]:
        """Facts of each image of a set, or of the named disks' images."""
        wanted: dict[str, Any] = {"set": set_id}
        if disks:
            wanted["disks"] = list(disks)
        answer = self._ask(wire.Do.EXAMINE, wanted, _EXAMINE)
        return tuple(image_of(set_id, facts) for facts in answer["images"])

    def write_marker(self, guest: Guest, text: str) -> None:
        """Write a text into each writable disk's marker file, through the host's own mount."""
        self._ask(wire.Do.WRITE_MARKER, {"guest": guest.name, "text": text})

    def read_marker(self, guest: Guest) -> Mapping[str, str]:
        """The marker texts by disk; "" where none was written before the disk's set was taken."""
        markers: Mapping[str, str] = self._ask(wire.Do.READ_MARKER, {"guest": guest.name})[
            "markers"
        ]
        return markers

    def usage(self) -> tuple[int, int]:
        """Free and total bytes of the store."""
        answer = self._ask(wire.Do.USAGE)
        return int(answer["free"]), int(answer["total"])

    # -- life

    @property
    def container(self) -> str:
        """The id of its container."""
        return self._machine.container

    @property
    def gone(self) -> bool:
        """Whether the host has ended."""
        return self._channel.gone

    def keep(self, guest: Guest, seconds: float) -> None:
        """Let a guest, thawed, and this host outlive the run by `seconds`.

        What still runs in it may freeze again: the host goes on watching, and thaws.
        """
        self._ask(wire.Do.THAW, {"guest": guest.name})
        self.watch(guest, _KEPT_FREEZE)
        guest.machine.channel.request(wire.Do.LEASE, {"seconds": seconds}, _REQUEST)
        self._ask(wire.Do.LEASE, {"seconds": seconds + _KEPT_LONGER})
        self._lock.keep(seconds + _KEPT_LONGER)
        with self._guard:
            self._kept.add(guest.name)

    def keeps(self, guest: Guest) -> bool:
        """Whether a guest outlives the run, with the sets that were taken of it."""
        with self._guard:
            return guest.name in self._kept

    def close(self) -> None:
        """End all guests and the host; wait until the engine has removed them.

        Raises an EngineProblem that names what could not be ended; its run file then stays, so
        that the next start mends it.
        """
        if self._closed:
            return
        self._closed = True
        problems: list[Problem] = []
        for guest in (*self._ahead.close(), *self.guests()):
            with _collect(problems):
                guest.close()
        if self._kept:
            self._channel.close()
            self._lock.release()
            return
        with _collect(problems):
            end_machine(self._machine)
        with _collect(problems):
            self._assert_removed()
        self._lock.release(forget=not problems and not self._died)
        if problems:
            raise problems[0]

    def _assert_removed(self) -> None:
        left = self.engine.wait_removed(self._containers, _REMOVED)
        if left:
            raise EngineProblem(
                f"the engine has not removed {len(left)} of our containers within "
                f"{_REMOVED:g} s: {', '.join(container[:12] for container in left)}",
                "run `snapcert cleanup`",
                "left-container",
            )

    def _guest_lost(self, guest: Guest) -> None:
        """A guest ended unasked: what it froze is thawed at once, so that it can end at all."""
        with contextlib.suppress(Problem):
            self._ask(wire.Do.THAW, {"guest": guest.name})

    def _lost(self) -> None:
        """The host ended unasked: nobody thaws any more, so every guest thaws itself and ends.

        Its disks may stay attached: the run's file stays too, so that the next start looks.
        """
        self._died = True
        for guest in self.guests():
            with contextlib.suppress(Problem):
                guest.machine.channel.start(wire.Do.END)

    def _ask(
        self, name: str, arguments: Mapping[str, Any] | None = None, deadline: float = _REQUEST
    ) -> dict[str, Any]:
        return self._channel.request(name, arguments, deadline)


@contextlib.contextmanager
def _collect(problems: list[Problem]) -> Any:
    try:
        yield
    except Problem as problem:
        problems.append(problem)
