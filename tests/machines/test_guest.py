"""Host and guests on a real engine: what the rooms above rely on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from harness.history import Ext4Image, XfsImage
from harness.machines import host as hosts
from harness.machines import runs
from harness.machines.cleanup import cleanup
from harness.machines.engine import Engine
from harness.machines.errors import MachineGone, RequestFailed
from harness.machines.guest import Guest, GuestFile, SnapshotRequest
from harness.machines.host import Host
from harness.machines.layout import MIB, DiskSpec, Layout, data_disks, root_on_disk
from harness.machines.probe import probe
from harness.problem import IncompleteProblem, UsageProblem
from tests.machines.loops import is_local, labels

TWO = data_disks(DiskSpec("data", "ext4"), DiskSpec("log", "xfs", mountpoint="/data/log"))


@pytest.fixture(scope="module")
def guest(host: Host) -> Iterator[Guest]:
    """One guest for the tests that only look at it."""
    with host.guest(TWO) as made:
        yield made


def test_files_go_in_and_are_seen_as_they_were_put(guest: Guest) -> None:
    guest.put(
        GuestFile("/opt/x/a", b"\0\xff text", "0700", uid=7),
        GuestFile("/opt/x/link", kind="symlink", target="a"),
        GuestFile("/opt/x/d", kind="dir", mode="1777"),
        GuestFile("/opt/x/f", kind="fifo", mode="0600"),
    )
    assert guest.read("/opt/x/a") == b"\0\xff text"
    assert guest.read("/opt/x/a", limit=4, tail=True) == b"text"
    assert guest.read("/opt/x/none") is None
    facts = guest.stat("/opt/x/a")
    assert facts is not None
    assert (facts.kind, int(facts.mode, 8), facts.uid, facts.size) == ("file", 0o700, 7, 7)
    link = guest.stat("/opt/x/link")
    assert link is not None
    assert (link.kind, link.target) == ("symlink", "a")
    followed = guest.stat("/opt/x/link", follow=True)
    assert followed is not None
    assert followed.kind == "file"
    assert guest.stat("/opt/x/none") is None
    assert set(guest.list_files(["/opt/x"])) >= {"/opt/x/a", "/opt/x/link", "/opt/x/d"}
    guest.put(GuestFile("/opt/x/a", kind="absent"))
    assert guest.stat("/opt/x/a") is None


def test_a_command_tells_how_it_ended(guest: Guest) -> None:
    done = guest.run(["sh", "-c", "cat; echo err >&2; exit 3"], stdin=b"in", env={"PATH": "/bin"})
    assert (done.exit, done.signal, done.out, done.err) == (3, None, b"in", b"err\n")
    assert done.ended >= done.started
    assert not done.ok
    assert guest.run(["sh", "-c", "kill -9 $$"]).signal == 9
    assert guest.run(["/no/such/command"]).exit == 127
    late = guest.run(["sh", "-c", "sleep 60 & sleep 60"], deadline=0.3)
    assert late.timed_out
    assert not any("sleep" in " ".join(p["argv"]) for p in guest.processes())


def test_a_process_goes_on_until_it_ends_or_is_killed(guest: Guest) -> None:
    process = guest.spawn("talker", ["sh", "-c", "echo one; echo two; exec sleep 60"], lines=True)
    assert process.wait_line(lambda line: line == "two", 10) == "two"
    assert [text for _, text in process.lines()] == ["one", "two"]
    assert process.running
    assert process.wait(0.05) is None
    assert process.kill(15) == (process.pid,)
    ended = process.wait(10)
    assert ended is not None
    assert ended.signal == 15
    assert not process.running
    assert process.wait_line(lambda line: line == "three", 5) is None
    short = guest.spawn("short", ["sh", "-c", "echo bye; exit 4"])
    ended = short.wait(10)
    assert ended is not None
    assert (ended.exit, ended.tail) == (4, b"bye\n")


def test_testinfra_reads_the_guest_and_not_the_test_machine(guest: Guest) -> None:
    guest.put(GuestFile("/opt/only-here", b"x", "0640"))
    assert guest.state.file("/opt/only-here").mode == 0o640
    assert guest.state.file("/data").is_directory
    assert guest.state.run("exit 5").rc == 5
    assert guest.state.mount_point("/data/log").filesystem == "xfs"


def test_an_observation_is_one_record(guest: Guest, host: Host) -> None:
    state = guest.observe(["/opt"])
    assert any(mount.split()[1] == "/data" for mount in state.mounts)
    assert state.frozen == ()
    assert abs(state.at - guest.now()) < 10


def test_a_set_is_asked_for_from_inside_and_restored_in_another_guest(
    host: Host,
) -> None:
    """The whole way: frozen, asked for, taken, answered, thawed, examined, restored."""
    with host.guest(TWO) as guest:
        requests: list[SnapshotRequest] = []

        def take(request: SnapshotRequest) -> None:
            requests.append(request)
            taken.append(host.snapshot(guest, f"{guest.name}-a"))
            guest.answer(request.number, 0)

        taken: list[object] = []
        guest.on_snapshot = take
        host.watch(guest, 30)
        script = (
            "set -e; echo before > /data/x; fsfreeze -f /data/log; fsfreeze -f /data;"
            "/run/snapcert/bin/snapshot; fsfreeze -u /data; fsfreeze -u /data/log"
        )
        done = guest.run(["sh", "-c", script])
        assert done.ok, done
        guest.run(["sh", "-c", "echo after > /data/x; sync"])
        host.write_marker(guest, "written later")
        _wait_thawed(host, guest)
        host.unwatch(guest)
        assert [request.args for request in requests] == [()]
        facts = host.snapshot(guest, f"{guest.name}-b")
        assert not facts.disks["data"].frozen_before
        names = {
            event.data["disk"]
            for event in host.events.named("frozen")
            if event.data["guest"] == guest.name
        }
        assert names == {"data", "log"}
        images = {image.disk: image for image in host.examine(f"{guest.name}-a")}
        data, log = images["data"], images["log"]
        assert isinstance(data, Ext4Image)
        assert not data.needs_recovery
        assert isinstance(log, XfsImage)
        with host.restore(f"{guest.name}-a", TWO) as restored:
            assert restored.read("/data/x") == b"before\n"
            assert host.read_marker(restored)["data"] == ""
        assert host.read_marker(guest)["data"] == "written later"
        for set_id in ("a", "b"):
            host.forget(f"{guest.name}-{set_id}")


def _wait_thawed(host: Host, guest: Guest) -> None:
    until = time.monotonic() + 10
    while host.frozen(guest):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_snapshot_call_that_nobody_serves_fails(host: Host) -> None:
    with host.guest(data_disks(DiskSpec("data"))) as guest:
        served = threading.Event()

        def serve(request: SnapshotRequest) -> None:
            guest.answer(request.number, 0)
            served.set()

        guest.on_snapshot = serve
        assert guest.run(["/run/snapcert/bin/snapshot"], deadline=20).exit == 0
        assert served.wait(10)
        guest.on_snapshot = None
        assert guest.run(["/run/snapcert/bin/snapshot"], deadline=20).exit == 1


def test_a_guest_with_its_root_on_a_disk_freezes_it_and_lives(host: Host) -> None:
    with host.guest(root_on_disk("ext4")) as guest:
        assert guest.state.mount_point("/").filesystem == "ext4"
        host.watch(guest, 30)
        script = "fsfreeze -f /; (echo x > /var/log/x) & fsfreeze -u /; wait; cat /var/log/x"
        done = guest.run(["sh", "-c", script], deadline=30)
        assert (done.exit, done.out) == (0, b"x\n"), done
        host.unwatch(guest)
        assert guest.layout.single_disk


def test_a_guest_prepared_ahead_is_the_one_that_is_taken(host: Host) -> None:
    layout = data_disks(DiskSpec("early", "ext4", mountpoint="/early"))
    host.prepare_ahead(layout)
    with host.guest(layout) as guest:
        assert guest.disk("early").mountpoint == "/early"
        assert guest.disk("early").size >= 64 * MIB


def test_a_guest_that_dies_is_named_with_what_was_asked_of_it(host: Host) -> None:
    with host.guest(data_disks(DiskSpec("data"))) as guest:
        process = guest.spawn("sleeper", ["sleep", "60"])
        guest.machine.kill()
        with pytest.raises(MachineGone) as caught:
            process.wait(20)
        assert guest.name in caught.value.message
        assert "'sleeper'" in caught.value.message
        assert guest.gone


def test_what_the_host_cannot_do_is_said_with_a_remedy(host: Host) -> None:
    with pytest.raises(RequestFailed) as failed:
        host.restore("no-such-set", data_disks(DiskSpec("data")))
    assert "no-such-set" in failed.value.message
    assert failed.value.remedy
    with pytest.raises(IncompleteProblem):
        host.guest(Layout(image="snapcert-test:none"))
    with pytest.raises(UsageProblem):
        host.guest(Layout(disks=(DiskSpec("a", "xfs", MIB),)))
    before = {guest.name for guest in host.guests()}
    with pytest.raises(RequestFailed) as full:
        host.guest(data_disks(DiskSpec("big", "ext4", 8 << 30)))
    assert full.value.code == "store-full"
    assert {guest.name for guest in host.guests()} == before


def test_a_kept_guest_outlives_its_harness_until_it_is_ended(engine: Engine, image: str) -> None:
    run = runs.new_run_id()
    host = Host.start(engine, run, image, 1 << 30)
    try:
        guest = host.guest(data_disks(DiskSpec("data")))
        guest.keep(120)
        guest.close()
    finally:
        host.close()
    there = {container.role for container in engine.containers(run=run)}
    assert there == {"host", "guest"}
    report = cleanup(engine)
    assert any(run in line for line in report.kept)
    assert {container.role for container in engine.containers(run=run)} == there
    report = cleanup(engine, all_of=[run], image=image)
    assert report.problems == ()
    assert engine.containers(run=run) == ()
    assert runs.find(run) is None
    if is_local(engine):
        assert not labels(run)


def test_the_probe_names_its_steps_and_leaves_nothing(engine: Engine, image: str) -> None:
    steps = probe(engine, image)
    assert all(step.ok for step in steps), steps
    assert sum("freeze" in step.name for step in steps) == 3
    failed = probe(engine, "snapcert-test:none")
    assert not failed[-1].ok
    assert "snapcert-test:none" in failed[-1].problem
    assert failed[-1].remedy


def test_the_room_of_released_guests_is_there_at_once(
    engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them, one after the other, than the store has room for; else it comes back after the
    store's next commit, which may be half a minute away."""
    layout = data_disks(*(DiskSpec(name, "xfs", mountpoint=f"/{name}") for name in ("a", "b")))
    monkeypatch.setattr(hosts, "_DISKS", 15.0)
    with Host.start(engine, runs.new_run_id(), image, 1 << 30) as small:
        for _ in range(10):
            small.guest(layout).close()
