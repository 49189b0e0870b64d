"""What a run waits for before it is written down: the watch's own lag, and nothing else."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from harness.history import Disk
from harness.machines.events import Event, EventLog
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.targets.backup import _thaw, _until_thawed


class _Guest:
    name = "g1"
    disks = (Disk("data", "ext4", "/data", "7:1", 1), Disk("other", "ext4", "/other", "7:2", 1))


class _Host:
    """A host that knows of freezes what its watch has told so far."""

    def __init__(self) -> None:
        self.events = EventLog()
        self.thawed: list[str] = []

    def thaw(self, guest: Guest) -> tuple[str, ...]:
        self.thawed.append(guest.name)
        threading.Timer(0.05, self.tell, ("thawed", "data")).start()
        return ("data",)

    def tell(self, name: str, disk: str, guest: str = "g1") -> None:
        self.events.append(Event(name, time.monotonic(), {"guest": guest, "disk": disk}))

    def frozen(self, guest: Guest) -> tuple[str, ...]:
        return Host.frozen(cast(Host, self), guest)


def wait(
    host: _Host, guest: _Guest, seconds: float, disks: tuple[str, ...] = ("data", "other")
) -> float:
    began = time.monotonic()
    _until_thawed(cast(Host, host), cast(Guest, guest), seconds, disks)
    return time.monotonic() - began


def test_a_thaw_that_is_told_late_is_waited_for() -> None:
    host, guest = _Host(), _Guest()
    host.tell("frozen", "data")
    late: Any = threading.Timer(0.2, host.tell, ("thawed", "data"))
    late.start()
    assert 0.1 < wait(host, guest, 5.0) < 4.0
    assert host.frozen(cast(Guest, guest)) == ()


def test_the_wait_has_an_end() -> None:
    host, guest = _Host(), _Guest()
    host.tell("frozen", "data")
    assert 0.25 < wait(host, guest, 0.3) < 2.0


def test_what_the_scenario_froze_is_not_waited_for() -> None:
    host, guest = _Host(), _Guest()
    host.tell("frozen", "other")
    assert wait(host, guest, 5.0, ("data",)) < 1.0


def test_what_was_left_frozen_is_thawed_and_seen_so() -> None:
    host, guest = _Host(), _Guest()
    host.tell("frozen", "data")
    _thaw(cast(Host, host), cast(Guest, guest), 5.0)
    assert host.thawed == ["g1"]
    assert host.frozen(cast(Guest, guest)) == ()
