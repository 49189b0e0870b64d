"""One backup's own waits, each up to a deadline that --timeout-scale multiplies."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from harness.history import Disk, GuestState
from harness.machines.events import EventLog
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.process import Ended
from harness.targets import backup as backups
from harness.targets.backup import backup
from harness.targets.situation import Situation
from harness.targets.target import Identity, Launch, Target

_STRAGGLER = {"pid": 77, "start_ticks": 5}


class _Process:
    """An executor that ends at once, or never."""

    pid = 40

    def __init__(self, guest: _Guest) -> None:
        self._guest = guest
        self.started = guest.now()
        self.waits: list[float] = []

    def wait(self, deadline: float) -> Ended | None:
        self.waits.append(deadline)
        return None if self._guest.hangs else Ended(self._guest.now(), 0, None, b"")

    def kill(self, *, tree: bool) -> None:
        assert tree


class _Guest:
    """A guest in which a process of the run lives on for `lingers` seconds after the start."""

    name = "g1"
    disks = (Disk("data", "ext4", "/data", "7:1", 1),)
    on_snapshot = None

    def __init__(self, *, lingers: float = 0.0, hangs: bool = False) -> None:
        self.events = EventLog()
        self.hangs = hangs
        self._until = time.monotonic() + lingers
        self.process = _Process(self)

    def now(self) -> float:
        return time.monotonic()

    def observe(self, *_: object) -> GuestState:
        return GuestState(self.now())

    def processes(self) -> tuple[dict[str, int], ...]:
        return (_STRAGGLER,) if self.now() < self._until else ()

    def spawn(self, *_: object, **__: object) -> _Process:
        return self.process

    def read(self, _: str) -> None:
        return None

    def check(self) -> None: ...
    def put(self, *_: object) -> None: ...
    def plan(self, _: object) -> None: ...
    def watch_scripts(self, **_: str | bool) -> None: ...


class _Host:
    def __init__(self) -> None:
        self.events = EventLog()

    def frozen(self, _: object) -> tuple[str, ...]:
        return ()

    def watch(self, *_: object) -> None: ...
    def unwatch(self, *_: object) -> None: ...
    def thaw(self, _: object) -> None: ...


class _Target:
    identity = Identity("fake", "1", "command", "")
    deadline = 4.0

    def launch(self) -> Launch:
        return Launch(("/bin/true",))


def run(guest: _Guest, scale: float) -> float:
    """Seconds that one backup took."""
    began = time.monotonic()
    backup(
        cast(Host, _Host()),
        cast(Guest, guest),
        cast(Target, _Target()),
        Situation(),
        scenario="test_x",
        shape="data",
        timeout_scale=scale,
    )
    return time.monotonic() - began


@pytest.fixture(autouse=True)
def _short_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "_SETTLE_ENDED", 0.2)
    monkeypatch.setattr(backups, "_SETTLE_KILLED", 0.2)


def test_what_lingers_is_waited_for_up_to_the_scaled_settling() -> None:
    assert 0.15 < run(_Guest(lingers=30.0), 1.0) < 10.0
    guest: Any = _Guest(lingers=1.0)
    assert 0.9 < run(guest, 60.0) < 11.0, "it ends with the straggler, long before 12 s"


def test_the_executors_deadline_is_scaled() -> None:
    guest = _Guest()
    run(guest, 2.5)
    assert guest.process.waits[0] == pytest.approx(10.0, abs=1.0)


def test_a_hung_executors_end_is_waited_for_as_long() -> None:
    guest = _Guest(hangs=True)
    run(guest, 3.0)
    assert guest.process.waits[1:] == [pytest.approx(0.6)]
