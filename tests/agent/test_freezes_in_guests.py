"""Freezes and thaws on record, and who breaks the silence of a freeze, in real guests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.machines.agent.wire import Event as Name
from harness.machines.events import Event
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import MIB, DiskSpec, data_disks, root_on_disk

#: What makes a process one of the executor's.
MARKED = {"SNAPCERT_RUN": "run-1", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
SOON = 20.0


@pytest.fixture(scope="module")
def guest(host: Host) -> Iterator[Guest]:
    disks = (DiskSpec("data"), DiskSpec("log", mountpoint="/data/log"))
    with host.guest(data_disks(*disks)) as made:
        yield made


@pytest.fixture(scope="module")
def rooted(host: Host) -> Iterator[Guest]:
    with host.guest(root_on_disk("ext4")) as made:
        yield made


def _as_executor(guest: Guest, text: str, *triggers: Any, env: Any = None) -> tuple[Event, ...]:
    """Run a shell as the executor would; the events of it, all arrived."""
    guest.plan(triggers)
    since = len(guest.events)
    guest.run(["/bin/sh", "-c", text], env=MARKED if env is None else env, deadline=SOON)
    return tuple(guest.events.since(since))


def _calls(events: tuple[Event, ...]) -> list[tuple[Any, ...]]:
    return [(e.data["what"], e.data["disk"]) for e in events if e.name == Name.FREEZE_CALL]


def test_each_call_is_on_record_in_order(guest: Guest) -> None:
    text = "fsfreeze -f /data/log; fsfreeze -f /data; fsfreeze -u /data; fsfreeze -u /data/log"
    events = _as_executor(guest, text)
    order = [("freeze", "log"), ("freeze", "data"), ("thaw", "data"), ("thaw", "log")]
    assert _calls(events) == order
    calls = [e.data for e in events if e.name == Name.FREEZE_CALL]
    assert all(call["executors"] for call in calls)
    # A program of its own each: it had ended when the next one was started.
    assert [call["returned"] for call in calls[1:]] == [[c["number"]] for c in calls[:-1]]


def test_a_call_on_none_of_the_disks_and_by_nobody_of_the_executors(guest: Guest) -> None:
    events = _as_executor(guest, "fsfreeze -f /; fsfreeze -f /run", env={"PATH": "/usr/sbin"})
    assert _calls(events) == [("freeze", ""), ("freeze", "")]
    assert not any(e.data["executors"] for e in events if e.name == Name.FREEZE_CALL)


def test_a_call_is_refused_and_nothing_is_frozen(guest: Guest) -> None:
    trigger = {"when": {"call": "freeze", "disk": "data"}, "do": [{"refuse": 5}]}
    text = "fsfreeze -f /data 2>/data/why; echo x >/data/written"
    events = _as_executor(guest, f"{text}; fsfreeze -f /data; fsfreeze -u /data", trigger)
    assert _calls(events) == [("freeze", "data"), ("freeze", "data"), ("thaw", "data")]
    assert b"Input/output error" in (guest.read("/data/why") or b"")
    assert guest.read("/data/written") == b"x\n"


def test_a_writer_is_caught_by_the_thaw(guest: Guest) -> None:
    text = "fsfreeze -f /data; echo x >/data/new & fsfreeze -f /data/log; fsfreeze -u /data/log; "
    events = _as_executor(guest, f"{text} fsfreeze -u /data; wait")
    blocked = [e.data for e in events if e.name == Name.BLOCKED]
    assert len(blocked) == 1
    assert blocked[0]["argv"][:2] == ["/bin/sh", "-c"]
    assert guest.read("/data/new") == b"x\n"


def test_others_may_wait_for_a_thaw(guest: Guest) -> None:
    writer = guest.spawn("application", ["/bin/sh", "-c", "while :; do echo x >/data/app; done"])
    events = _as_executor(guest, "fsfreeze -f /data; sleep 0.5; fsfreeze -u /data")
    writer.kill()
    assert [e for e in events if e.name == Name.BLOCKED] == []


def test_a_program_whose_access_time_is_due_is_told_and_no_other(rooted: Guest) -> None:
    text = "fsfreeze -f /; tty; fsfreeze -u /; fsfreeze -f /; tty; true; fsfreeze -u /; arch"
    events = _as_executor(rooted, text)
    paths = [e.data["path"] for e in events if e.name == Name.PROGRAM]
    # On the frozen root no access time moves: it is due both times. fsfreeze itself was read
    # before the freeze, arch after the thaw.
    assert [path.rpartition("/")[2] for path in paths] == ["tty", "tty"]
    assert {e.data["disk"] for e in events if e.name == Name.PROGRAM} == {"root"}


def test_programs_of_the_snapshot_command_are_the_suites_own(rooted: Guest) -> None:
    rooted.on_snapshot = lambda call: rooted.answer(call.number, 0)
    text = "fsfreeze -f /; /run/snapcert/bin/snapshot; fsfreeze -u /"
    events = _as_executor(rooted, text)
    rooted.on_snapshot = None
    assert [e.name for e in events if e.name in {Name.PROGRAM, Name.SNAPSHOT}] == [Name.SNAPSHOT]


def test_a_part_of_a_disk_is_all_that_is_seen_of_it(host: Host) -> None:
    disks = (
        DiskSpec("data"),
        DiskSpec("machine", "ext4", 8 * MIB, "/etc/resolv.conf", part="file"),
        DiskSpec("volume", "ext4", 8 * MIB, "/srv/volume", part="folder"),
    )
    with host.guest(data_disks(*disks)) as guest:
        guest.check()
        mounts = {line.split()[1]: line.split()[0] for line in guest.mounts()}
        for name, point in (("machine", "/etc/resolv.conf"), ("volume", "/srv/volume")):
            device = guest.disk(name).device
            assert mounts[point] == device
            assert guest.stat(f"/dev/loop{device.split(':')[1]}") is None
            assert guest.disk(name).foreign
        # Safe to be tried: they are disks of this guest's host.
        text = "fsfreeze -f /srv/volume && fsfreeze -u /srv/volume && echo reached >/data/done"
        assert _calls(_as_executor(guest, text)) == [("freeze", "volume"), ("thaw", "volume")]
        assert guest.read("/data/done") == b"reached\n"


def test_a_disk_is_unmounted_and_mounted_by_its_name(guest: Guest) -> None:
    guest.unmount("log")
    assert not any(" /data/log " in line for line in guest.mounts())
    guest.mount("log")
    assert any(" /data/log " in line for line in guest.mounts())
    guest.check()
