"""From events to the typed record."""

from __future__ import annotations

from typing import Any

from harness.history import Freeze, ScriptRun
from harness.machines.events import Event
from harness.targets.recording import faults_of, freezes_of, marks_of, script_runs_of


def frozen(t: float, disk: str = "data", guest: str = "g", before: float | None = None) -> Event:
    return Event("frozen", t, {"guest": guest, "disk": disk, "thawed_before": before, "first": t})


def thawed(t: float, last: float, disk: str = "data", guest: str = "g", **more: Any) -> Event:
    data = {"guest": guest, "disk": disk, "last": last, "thawed_after": t, "rescued": False}
    return Event("thawed", t, {**data, **more})


def test_a_freeze_has_a_beginning_and_an_end() -> None:
    events = [frozen(2.0, before=1.9), thawed(3.0, 2.9)]
    assert freezes_of(events, "g", 9.0) == (Freeze("data", 1.9, 2.0, 2.9, 3.0),)


def test_other_guests_are_left_out() -> None:
    assert freezes_of([frozen(2.0, guest="other")], "g", 9.0) == ()


def test_a_freeze_without_an_end_lasts_to_the_end_of_the_record() -> None:
    assert freezes_of([frozen(2.0)], "g", 9.0) == (Freeze("data", None, 2.0, 9.0, None),)


def test_disks_are_kept_apart_and_rescues_told() -> None:
    events = [
        frozen(2.0, "log"),
        frozen(2.1, "data"),
        thawed(3.0, 2.9, "data"),
        thawed(4.0, 3.9, "log", rescued=True),
    ]
    found = freezes_of(events, "g", 9.0)
    assert [(f.disk, f.thawed_after, f.rescued) for f in found] == [
        ("log", 4.0, True),
        ("data", 3.0, False),
    ]


def test_a_script_run_ends_with_its_own_process() -> None:
    events = [
        Event("script-started", 1.0, {"script": "pre", "pid": 7}),
        Event("script-ended", 2.0, {"script": "pre", "pid": 7}),
        Event("script-started", 3.0, {"script": "pre", "pid": 8}),
    ]
    assert script_runs_of(events) == (
        ScriptRun("pre", 7, 1.0, 2.0),
        ScriptRun("pre", 8, 3.0, None),
    )


def test_a_pid_that_comes_twice() -> None:
    events = [
        Event("script-started", 1.0, {"script": "pre", "pid": 7}),
        Event("script-ended", 2.0, {"script": "pre", "pid": 7}),
        Event("script-started", 3.0, {"script": "pre", "pid": 7}),
        Event("script-ended", 4.0, {"script": "pre", "pid": 7}),
    ]
    assert [(r.started, r.ended) for r in script_runs_of(events)] == [(1.0, 2.0), (3.0, 4.0)]


START = {
    "script": "pre",
    "point": "start",
    "attempt": 1,
    "pid": 7,
    "argv": ["/bin/sh", "/opt/scripts/pre.sh"],
    "environ": {"PATH": "/bin"},
    "cwd": "/",
    "umask": 0o22,
    "uid": 0,
    "session": 7,
    "session_leader": True,
    "stdin_eof": True,
    "ignored_signals": [],
    "blocked_signals": [],
}


def test_marks_and_faults() -> None:
    events = [Event("mark", 1.0, START), Event("fault", 2.0, {"what": "kill executor"})]
    (mark,) = marks_of(events)
    assert mark.session == 7
    assert (mark.at, mark.script, mark.argv[1]) == (1.0, "pre", "/opt/scripts/pre.sh")
    assert [(f.at, f.what) for f in faults_of(events)] == [(2.0, "kill executor")]


def test_the_start_of_a_script_that_was_killed_while_it_told_it() -> None:
    """Its helper is the executor's by then, and so is all that is read of the helper's parent."""
    begun = Event("script-started", 1.0, {"script": "pre", "pid": 7})
    ended = Event("script-ended", 2.0, {"script": "pre", "pid": 7})
    orphan = Event("mark", 3.0, {**START, "pid": 5})
    again = Event("script-started", 2.5, {"script": "pre", "pid": 8})
    assert marks_of([begun, ended, orphan]) == ()
    assert len(marks_of([begun, ended, Event("mark", 3.0, START)])) == 1
    assert len(marks_of([begun, orphan])) == 1, "the script lives: what it started may tell"
    assert len(marks_of([begun, ended, again, orphan])) == 1
    assert len(marks_of([orphan])) == 1, "no run of it was seen"
    late = Event("script-started", 3.1, {"script": "pre", "pid": 8})
    assert len(marks_of([begun, ended, Event("mark", 3.0, {**START, "pid": 8}), late])) == 1
