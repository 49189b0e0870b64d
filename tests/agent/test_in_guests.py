"""What a guest's agent does, in real guests: marks, faults, processes, scripts, its launcher."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.machines.agent.wire import Event as Name
from harness.machines.errors import RequestFailed
from harness.machines.events import Event
from harness.machines.guest import Guest, GuestFile
from harness.machines.host import Host
from harness.machines.layout import DiskSpec, data_disks, root_on_disk

MARK = "/run/snapcert/bin/mark"
SNAPSHOT = "/run/snapcert/bin/snapshot"
ASK = "/run/snapcert/bin/ask"
SOON = 20.0


@pytest.fixture(scope="module")
def guest(host: Host) -> Iterator[Guest]:
    """A guest that many tests share: none of them breaks it."""
    with host.guest(data_disks(DiskSpec("data", "ext4"))) as made:
        yield made


@pytest.fixture(scope="module")
def rooted(host: Host) -> Iterator[Guest]:
    with host.guest(root_on_disk("ext4")) as made:
        yield made


def _sh(guest: Guest, text: str, **given: Any) -> str:
    done = guest.run(["/bin/sh", "-c", text], **given)
    assert done.ok, (done.exit, done.err)
    return done.out.decode()


def _wait(guest: Guest, name: str, since: int, **data: object) -> Event:
    def is_it(event: Event) -> bool:
        return event.name == name and data.items() <= event.data.items()

    found = guest.events.wait(is_it, SOON, since)
    assert found is not None, f"no {name} with {data}"
    return found


# -- marks


def test_many_marks_at_once_are_all_answered_and_told(guest: Guest) -> None:
    guest.plan([])
    since = len(guest.events)
    text = f"for i in $(seq 30); do {MARK} many p$i || echo failed & done; wait"
    assert _sh(guest, text) == ""
    told = [event.data["point"] for event in guest.events.named(Name.MARK, since=since)]
    assert sorted(told) == sorted(f"p{number}" for number in range(1, 31))
    assert _sh(guest, "ls /run/snapcert/reply") == ""


def test_a_mark_tells_how_the_script_was_started(guest: Guest) -> None:
    guest.plan([])
    script = f"#!/bin/sh\n{MARK} pre start\n{MARK} pre end\n"
    guest.put(GuestFile("/opt/pre", script.encode(), "0700"))
    since = len(guest.events)
    text = "umask 027; trap '' HUP; cd /tmp; exec setsid -w /opt/pre 'a b' '' '$(id)' </dev/null"
    _sh(guest, text, env={"PATH": "/usr/bin:/bin", "WORD": "two words\nand lines"})
    start, end = guest.events.named(Name.MARK, since=since)
    assert (start.data["point"], end.data["point"]) == ("start", "end")
    assert start.data["argv"] == ["/bin/sh", "/opt/pre", "a b", "", "$(id)"]
    assert start.data["environ"]["WORD"] == "two words\nand lines"
    assert start.data["cwd"] == "/tmp"
    assert start.data["umask"] == 0o027
    assert start.data["ignored_signals"] == [1]
    assert start.data["session_leader"] is True
    assert start.data["session"] == start.data["pid"]
    assert start.data["stdin_eof"] is True
    assert start.data["attempt"] == end.data["attempt"] == 1
    assert start.t <= end.t


def test_a_mark_of_another_user_is_read_too(guest: Guest) -> None:
    since = len(guest.events)
    env = {"PATH": "/usr/bin:/bin", "WHOSE": "nobody's"}
    assert _sh(guest, f"{MARK} other start; id -u", user="nobody", env=env).strip() == "65534"
    mark = _wait(guest, Name.MARK, since, script="other")
    assert mark.data["uid"] == 65534
    assert mark.data["environ"]["WHOSE"] == "nobody's"


def test_a_marker_that_was_killed_holds_nobody_up(guest: Guest) -> None:
    guest.plan([{"when": {"mark": ["slow", "start"]}, "do": [{"delay": 1.0}]}])
    since = len(guest.events)
    text = f"{MARK} slow start & pid=$!; sleep 0.3; kill -9 $pid; {MARK} quick start; echo $?"
    assert _sh(guest, text).strip() == "0"
    _wait(guest, Name.FAULT, since, what="delay 1.0")


def test_marks_work_while_the_root_is_frozen(rooted: Guest) -> None:
    since = len(rooted.events)
    assert _sh(rooted, f"fsfreeze -f / && {MARK} pre frozen; echo $?; fsfreeze -u /") == "0\n"
    _wait(rooted, Name.MARK, since, point="frozen")


# -- the snapshot command


def test_the_snapshot_command_waits_for_its_answer(guest: Guest) -> None:
    guest.plan([])
    since = len(guest.events)
    process = guest.spawn("caller", ["/bin/sh", "-c", f"{SNAPSHOT} 'a b' '\n'; exit $?"])
    asked = _wait(guest, Name.SNAPSHOT, since)
    assert asked.data["args"] == ["a b", "\n"]
    assert process.running
    guest.answer(asked.data["request"], 1)
    ended = process.wait(SOON)
    assert ended is not None
    assert ended.exit == 1


def test_an_answer_to_nobody_is_refused(guest: Guest) -> None:
    with pytest.raises(RequestFailed, match="no snapshot request 4711"):
        guest.answer(4711, 0)


# -- faults


def test_an_executor_is_killed_while_its_script_waits(guest: Guest) -> None:
    guest.plan([{"when": {"mark": ["pre", "start"], "attempt": 2}, "do": [{"kill": "executor"}]}])
    since = len(guest.events)
    text = f"{MARK} pre start; {MARK} pre start; {MARK} pre start; sleep 60"
    executor = guest.spawn("executor", ["/bin/sh", "-c", text])
    ended = executor.wait(SOON)
    assert ended is not None
    assert ended.signal == 9
    fault = _wait(guest, Name.FAULT, since, what="kill executor", problem="")
    second = guest.events.named(Name.MARK, since=since)[1]
    assert second.t <= fault.t <= ended.at + 0.5


def test_only_the_guests_own_disks_are_frozen_by_a_fault(guest: Guest) -> None:
    words = {"own": "/data", "root": "/", "run": "/run", "none": "/nowhere"}
    triggers = [{"when": {"ask": word}, "do": [{"freeze": path}]} for word, path in words.items()]
    guest.plan([*triggers, {"when": {"ask": "thaw"}, "do": [{"thaw": "/data"}]}])
    since = len(guest.events)
    codes = _sh(guest, f"for w in own thaw root run none; do {ASK} $w; echo $?; done").split()
    assert codes == ["0", "0", "1", "1", "1"]
    problems = {e.data["what"]: e.data["problem"] for e in guest.events.named("fault", since=since)}
    assert problems["freeze /data"] == ""
    assert problems["freeze /"] == "/ is on none of this guest's disks"
    assert problems["freeze /run"] == "/run is on none of this guest's disks"
    assert "No such file" in problems["freeze /nowhere"]
    assert _sh(guest, "echo x > /data/x; cat /data/x") == "x\n"


def test_a_file_is_put_while_a_script_waits(guest: Guest) -> None:
    new = GuestFile("/opt/swapped", b"new", "0600").on_wire()
    guest.plan([{"when": {"mark": ["pre", "end"]}, "do": [{"put": [new]}]}])
    assert _sh(guest, f"cat /opt/swapped 2>/dev/null; {MARK} pre end; cat /opt/swapped") == "new"


# -- processes


def test_a_command_that_outstays_its_time_goes_with_its_whole_tree(guest: Guest) -> None:
    text = "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 4711' &); sleep 4711"
    done = guest.run(["/bin/sh", "-c", text], deadline=0.5)
    assert done.timed_out
    assert done.signal == 9
    left = [p["argv"] for p in guest.processes() if "4711" in p["argv"]]
    assert left == []


def test_what_a_command_leaves_behind_delays_nothing_and_goes_on(guest: Guest) -> None:
    done = guest.run(["/bin/sh", "-c", "(sleep 0.5; echo late; echo on > /tmp/on) & echo now"])
    assert done.out == b"now\n"
    assert done.ended - done.started < 0.4
    assert _sh(
        guest, "for i in $(seq 100); do [ -e /tmp/on ] && break; sleep 0.1; done; cat /tmp/on"
    )


def test_input_output_and_their_ends(guest: Guest) -> None:
    data = bytes(range(256)) * 2000
    done = guest.run(["/bin/cat"], stdin=data)
    assert done.out == data
    assert not done.cut
    cut = guest.run(["/bin/sh", "-c", "seq 100000; seq 100000 >&2; exit 3"], limit=1000)
    assert cut.exit == 3
    assert cut.cut
    assert cut.out == cut.err == "".join(f"{n}\n" for n in range(99000, 100001)).encode()[-1000:]


@pytest.mark.parametrize(
    ("argv", "status"), [(["/nowhere"], 127), (["nowhere"], 127), (["/etc/passwd"], 126)]
)
def test_a_command_that_cant_be_run(guest: Guest, argv: list[str], status: int) -> None:
    done = guest.run(argv)
    assert done.exit == status
    assert argv[0] in done.err.decode()


def test_what_is_spawned_must_be_there(guest: Guest) -> None:
    with pytest.raises(RequestFailed, match="can't be started"):
        guest.spawn("nobody", ["/nowhere"])


def test_processes_are_known_by_who_started_them(guest: Guest) -> None:
    text = "setsid sleep 4712 & sleep 4713 & wait"
    executor = guest.spawn("marked", ["/bin/sh", "-c", text], env={"SNAPCERT_RUN": "run-1"})
    _sh(guest, "for i in $(seq 100); do pgrep -f 'sleep 4712' && break; sleep 0.05; done")
    sleepers = [p for p in guest.processes() if p["argv"][:1] == ["sleep"]]
    assert {p["argv"][1] for p in sleepers} == {"4712", "4713"}
    assert {(p["run_mark"], p["started_by"]) for p in sleepers} == {("run-1", "marked")}
    executor.kill(tree=True)
    assert executor.wait(SOON)
    assert [p for p in guest.processes() if p["argv"][:1] == ["sleep"]] == []


def test_orphans_are_reaped(guest: Guest) -> None:
    _sh(guest, "for i in $(seq 20); do (sh -c 'sleep 0.1' &) ; done")
    count = "ps -eo stat= | grep -c Z"
    # One look without a zombie is enough: those of the next look are its own shells.
    look = f'[ "$({count})" = 0 ] && echo none && exit; sleep 0.05'
    assert _sh(guest, f"for i in $(seq 100); do {look}; done").split()[-1:] == ["none"]


def test_lines_come_with_the_instants_at_which_they_were_read(guest: Guest) -> None:
    talker = guest.spawn("talker", ["/bin/sh", "-c", "echo one; sleep 2; printf two"], lines=True)
    ended = talker.wait(SOON)
    assert ended is not None
    (first, one), (second, two) = talker.lines()
    assert (one, two) == ("one", "two")
    assert second - first > 0.2, "each by itself, not both when the process had ended"
    assert ended.tail == b"one\ntwo"


def test_locks_are_told_by_their_paths(guest: Guest) -> None:
    holder = guest.spawn("holder", ["/usr/bin/flock", "/data/lock", "sleep", "60"])
    _sh(guest, "for i in $(seq 100); do flock -n /data/lock true || break; sleep 0.05; done")
    assert any(lock.endswith("/data/lock") for lock in guest.locks())
    holder.kill(tree=True)
    holder.wait(SOON)
    assert not any(lock.endswith("/data/lock") for lock in guest.locks())


# -- the watch over scripts


def test_every_execution_of_a_script_is_seen_from_start_to_end(guest: Guest) -> None:
    guest.put(
        GuestFile("/opt/one", b"#!/bin/sh\nsleep 0.2\n", "0700"),
        GuestFile("/opt/two", b"echo no shebang\n", "0700"),
    )
    assert set(guest.watch_scripts("/opt/one", "/opt/two")) == {"pre", "post"}
    since = len(guest.events)
    _sh(guest, "/opt/one; /opt/two; /opt/one")
    seen = guest.events.named(Name.SCRIPT_STARTED, since=since)
    assert [event.data["script"] for event in seen] == ["pre", "post", "pre"]
    for event in seen:
        ended = _wait(guest, Name.SCRIPT_ENDED, since, pid=event.data["pid"])
        if event.data["script"] == "pre":
            assert 0.1 < ended.t - event.t < 3
    # A file that takes the place of a watched one is watched in its stead.
    guest.put(GuestFile("/opt/one", b"#!/bin/sh\nexit 0\n", "0700"))
    since = len(guest.events)
    _sh(guest, "/opt/one")
    _wait(guest, Name.SCRIPT_STARTED, since, script="pre")
    guest.unwatch_scripts()
    since = len(guest.events)
    _sh(guest, "/opt/one")
    assert guest.events.named(Name.SCRIPT_STARTED, since=since) == ()


@pytest.mark.parametrize("read", [True, False])
def test_a_script_that_a_shell_is_given_to_read(guest: Guest, read: bool) -> None:
    guest.put(GuestFile("/opt/one", b"#!/bin/sh\nsleep 0.2\n", "0700"))
    assert guest.watch_scripts("/opt/one", "/opt/nowhere", read=read) == ("pre",)
    since = len(guest.events)
    # A look, a check of its syntax and a copy are none; the execution is one, not two.
    _sh(guest, "grep sleep /opt/one; sh -n /opt/one; cp /opt/one /tmp/one; sh /opt/one 1; /opt/one")
    seen = guest.events.named(Name.SCRIPT_STARTED, since=since)
    assert len(seen) == (2 if read else 1)
    for event in seen:
        _wait(guest, Name.SCRIPT_ENDED, since, pid=event.data["pid"])
    guest.unwatch_scripts()


def test_a_script_that_is_not_there_is_not_watched(guest: Guest) -> None:
    assert guest.watch_scripts("/opt/nowhere", "/opt/nowhere/either") == ()
    guest.put(
        GuestFile("/opt/circle", kind="symlink", target="circle"),
        GuestFile("/opt/device", kind="block", device="1:0"),
    )
    assert guest.watch_scripts("/opt/circle", "/opt/device") == ()
    assert guest.watch_scripts("/opt/circle/x", f"/opt/{'x' * 300}") == ()
    guest.unwatch_scripts()


# -- files, mounts


def test_paths_are_those_of_the_guests_own_root(rooted: Guest) -> None:
    rooted.put(
        GuestFile("/etc/real", b"inside"),
        GuestFile("/opt/link", kind="symlink", target="/etc/real"),
    )
    assert rooted.read("/opt/link") == b"inside"
    assert _sh(rooted, "cat /opt/link; findmnt -no SOURCE,FSTYPE /").startswith("inside/dev/loop")
    files = rooted.list_files(["/"])
    assert "/etc/real" in files
    assert not [path for path in files if path.startswith(("/proc/", "/sys/", "/dev/"))]
    assert "/.snapcert" not in files
    assert "/.dockerenv" not in files


def test_a_disk_looks_like_a_disk(guest: Guest) -> None:
    """mount(8) would name the backing file, which is on the host, as the source."""
    lines = [line for line in _sh(guest, "mount").splitlines() if " on /data " in line]
    assert lines[0].startswith("/dev/loop")


# -- the launcher


def test_a_launcher_that_was_killed_loses_no_process_and_is_told(host: Host) -> None:
    with host.guest(data_disks(DiskSpec("data", "ext4"))) as guest:
        sleeper = guest.spawn("sleeper", ["/bin/sleep", "1.5"])
        killer = guest.spawn("killer", ["/bin/sh", "-c", "sleep 0.3; kill -9 $PPID; exit 5"])
        _wait(guest, Name.TROUBLE, 0)
        for process, status in ((killer, 5), (sleeper, 0)):
            ended = process.wait(SOON)
            assert ended is not None, process.name
            assert ended.exit == status
        with pytest.raises(RequestFailed, match="launcher"):
            guest.run(["/bin/true"])
        assert guest.read("/etc/hostname") is not None
