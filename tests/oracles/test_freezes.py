"""The freeze by its calls on record, the snapshot command's end, what a freeze failure leads to.

For each clause a run that breaks it, and correct runs that come close to that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from harness.history import (
    BlockedWriter,
    Disk,
    DiskAtSnapshot,
    Fault,
    History,
    Outcome,
    Process,
    ProgramStart,
    Snapshot,
)
from harness.oracles import Terms, judge
from harness.oracles.terms import FreezeTrouble
from tests.oracles.builders import (
    FROZEN,
    THAWED,
    call,
    disk,
    end,
    freeze,
    history,
    outcome,
    snapshot,
    state,
)

ROOT = disk("root", mountpoint="/", carries_root=True)
DATA = disk("data", mountpoint="/data")
FAILS, THAWN = FreezeTrouble("fails", fails_run=False), FreezeTrouble("thawed", fails_run=True)
CRASH = outcome("succeeded", "crash", "FsFreezeFailed")
ENGINES = disk("machine", mountpoint="/etc/hosts", foreign=True)
HANGS = snapshot(answered=None, answer=None, set_id=None, taken_from=None, taken_to=None)
CHILD = Process(70, 800, ("/bin/sh", "/run/snapcert/bin/stubborn", "child"), "executor")
WORKER_KILLED = Fault(102.3, "kill children of executor")


@dataclass(frozen=True)
class Course:
    """A run, what is demanded of it, and what the clause's findings say, in order."""

    clause: str
    said: tuple[bool, ...]
    run: History
    terms: Terms = field(default_factory=Terms)


def nested(*order: str, **changes: object) -> History:
    """/data within /: frozen and thawed in this order, "-" before a thaw, 20 ms apart."""
    calls = tuple(
        call("thaw" if word.startswith("-") else "freeze", 102.0 + 0.02 * at, word.strip("-"))
        for at, word in enumerate(order)
    )
    return history(ROOT, DATA, freeze_calls=calls, **changes)


def claimed(claim: Outcome, *disks: Disk, **changes: object) -> History:
    return history(*disks, end=end(claim), **changes)


def asked(what: Snapshot, *thaws: bool | None, **changes: object) -> History:
    """A run whose thaws were asked for while the command still lived, or not."""
    calls = (call("freeze", 102.1),)
    calls += tuple(
        call("thaw", 102.4 + at / 100, command_alive=lived) for at, lived in enumerate(thaws)
    )
    return history(snapshots=(what,), freeze_calls=calls, **changes)


def slow(answered: float, claim: Outcome) -> History:
    """A command that is asked at 102.2 and returns 0 at `answered`."""
    what = snapshot(answered=answered, taken_from=answered - 0.1, taken_to=answered - 0.05)
    return history(end=end(claim), snapshots=(what,), freeze_calls=(call("freeze", 102.1),))


def started(at: float, **changes: object) -> History:
    """A program of the disk whose access time is due is started, frozen from 102.1 to 102.4."""
    calls = (call("freeze", 102.07), call("thaw", 102.43))
    program = replace(ProgramStart(at, 66, "/usr/bin/date", "data"), **changes)  # type: ignore[arg-type]
    return history(freeze_calls=calls, programs=(program,))


def with_others(*calls: float, faults: tuple[Fault, ...], claim: Outcome = CRASH) -> History:
    """Somebody else froze /data at 100; the executor asked for thaws of it at these instants."""
    return history(
        end=end(claim),
        faults=faults,
        freezes=(freeze(thawed_before=99.9, first=100.0, last=104.9, thawed_after=None),),
        freeze_calls=(call("freeze", 102.1), *(call("thaw", at) for at in calls)),
    )


OTHERS = (Fault(100.0, "freeze /data"),)
BY_OTHERS = Terms(row="FBK-06", freezes=None, foreign=("data",), freeze_trouble=FAILS)


def undone(seen: DiskAtSnapshot) -> History:
    """The freeze failed; so one of the two disks was seen when the set was asked for."""
    disks = (disk("a"), disk("b"))
    what = snapshot(disks={"a": seen, "b": THAWED})
    return claimed(CRASH, *disks, freezes=(freeze("a"),), snapshots=(what,))


AFTER_A_FAILURE = Terms(row="FBK-06", freezes=None, freeze_trouble=FAILS)
PATIENT = Terms(bound=5.0, shortest_bound=5.0)
MEDDLED = Terms(row="FBK-06", foreign=("data",), freeze_trouble=THAWN)

COURSES: dict[str, Course] = {
    # FRZ-01
    "innermost first": Course("FRZ-01.order", (True,), nested("data", "root", "-root", "-data")),
    "outer frozen first": Course("FRZ-01.order", (False,), nested("root", "data")),
    "both under way at once": Course(
        "FRZ-01.order",
        (True,),
        history(
            ROOT,
            DATA,
            freeze_calls=(
                call("freeze", 102.0, "root", returned=102.3),
                call("freeze", 102.1, "data"),
            ),
        ),
    ),
    "end of the outer is not known": Course(
        "FRZ-01.order",
        (True,),
        history(
            ROOT,
            DATA,
            freeze_calls=(
                call("freeze", 102.0, "root", returned=None),
                call("freeze", 102.1, "data"),
            ),
        ),
    ),
    "disks beside each other": Course(
        "FRZ-01.order",
        (),
        history(
            disk("a"),
            disk("b"),
            freeze_calls=(call("freeze", 102.0, "b"), call("freeze", 102.1, "a")),
        ),
    ),
    "one of them only": Course("FRZ-01.order", (), nested("root", "-root")),
    "thawed in reverse": Course(
        "FRZ-01.thaw-order", (True,), nested("data", "root", "-root", "-data")
    ),
    "inner thawed first": Course(
        "FRZ-01.thaw-order", (False,), nested("data", "root", "-data", "-root")
    ),
    "thawed in reverse, then once more": Course(
        "FRZ-01.thaw-order",
        (True,),
        nested("data", "root", "-root", "-data", "-data", "-root"),
    ),
    "thaws of a recovery come before": Course(
        "FRZ-01.thaw-order",
        (True,),
        nested("-data", "-root", "data", "root", "-root", "-data"),
    ),
    "a killed executor's survivors thaw as they can": Course(
        "FRZ-01.thaw-order",
        (),
        nested("data", "root", "-data", "-root", end=end(killed=102.05)),
    ),
    "a disk that the scenario thawed": Course(
        "FRZ-01.thaw-order",
        (),
        nested("data", "root", "-data", "-root"),
        Terms(foreign=("data",)),
    ),
    "frozen once": Course(
        "FRZ-01.once", (True,), history(freeze_calls=(call("freeze", 102.1), call("thaw", 102.4)))
    ),
    "asked twice for one": Course(
        "FRZ-01.once",
        (False,),
        history(freeze_calls=(call("freeze", 102.1), call("freeze", 102.12))),
    ),
    "a script froze it too": Course(
        "FRZ-01.once",
        (True,),
        history(freeze_calls=(call("freeze", 101.5, executors=False), call("freeze", 102.12))),
    ),
    "a freeze that failed is tried again": Course(
        "FRZ-01.once",
        (True,),
        claimed(CRASH, freeze_calls=(call("freeze", 102.1), call("freeze", 102.12))),
        AFTER_A_FAILURE,
    ),
    "overlay tried twice": Course(
        "FRZ-01.once",
        (True,),
        history(freeze_calls=(call("freeze", 102.1, ""), call("freeze", 102.12, ""))),
    ),
    "thaw asked for in the snapshot": Course(
        "FRZ-01.thaw",
        (False, True),
        history(freeze_calls=(call("freeze", 102.1), call("thaw", 102.23))),
    ),
    "thaw of a recovery": Course(
        "FRZ-01.thaw",
        (True, True),
        history(
            freeze_calls=(call("thaw", 100.5), call("freeze", 102.1), call("thaw", 102.4)),
        ),
    ),
    "ext2 tried": Course(
        "FRZ-01.ext2",
        (False,),
        history(disk(), disk("boot", "ext2"), freeze_calls=(call("freeze", 102.1, "boot"),)),
    ),
    "ext2 left alone": Course(
        "FRZ-01.ext2",
        (True,),
        history(
            disk(),
            disk("boot", "ext2"),
            freezes=(freeze(),),
            freeze_calls=(call("freeze", 102.1),),
        ),
    ),
    "the engine's own tried": Course(
        "FRZ-01.foreign",
        (False,),
        history(
            disk(), ENGINES, freezes=(freeze(),), freeze_calls=(call("freeze", 102, "machine"),)
        ),
    ),
    "the engine's own left alone": Course(
        "FRZ-01.foreign",
        (True,),
        history(disk(), ENGINES, freezes=(freeze(),), freeze_calls=(call("freeze", 102.1),)),
    ),
    "nothing to freeze, and crash": Course(
        "FRZ-01.nothing",
        (False,),
        claimed(outcome("succeeded", "crash"), disk(read_only=True), freezes=()),
    ),
    "nothing to freeze, and a failure": Course(
        "FRZ-01.nothing",
        (False,),
        claimed(outcome("failed", "none", "FsFreezeFailed"), disk("boot", "ext2"), freezes=()),
    ),
    "nothing to freeze, and all well": Course(
        "FRZ-01.nothing", (True,), history(disk(read_only=True), freezes=())
    ),
    "something to freeze": Course("FRZ-01.nothing", (), history()),
    "something that the scenario thawed": Course(
        "FRZ-01.nothing", (), claimed(CRASH), Terms(foreign=("data",))
    ),
    "a try although it is off": Course(
        "FRZ-02.none",
        (False,),
        history(freezes=(), freeze_calls=(call("freeze", 102.1),)),
        Terms(freezes=False),
    ),
    "a script's freeze": Course(
        "FRZ-02.none",
        (True,),
        history(freezes=(), freeze_calls=(call("freeze", 102.1, executors=False),)),
        Terms(freezes=False),
    ),
    # FRZ-04
    "not undone": Course("FRZ-04.undo", (False,), undone(FROZEN), AFTER_A_FAILURE),
    "undone": Course("FRZ-04.undo", (True,), undone(THAWED), AFTER_A_FAILURE),
    "not undone by the end": Course(
        "FRZ-04.undo",
        (False,),
        claimed(CRASH, freezes=(freeze(thawed_after=None),), snapshots=()),
        AFTER_A_FAILURE,
    ),
    "claims more": Course(
        "FRZ-04.level", (False,), claimed(outcome("succeeded", "file-system")), AFTER_A_FAILURE
    ),
    "claims crash": Course("FRZ-04.level", (True,), claimed(CRASH), AFTER_A_FAILURE),
    "failed": Course("FRZ-04.level", (True,), claimed(outcome("failed", "none")), AFTER_A_FAILURE),
    # FRZ-05
    "waits to write": Course(
        "FRZ-05.writes",
        (False,),
        history(
            freeze_calls=(call("freeze", 102.1),),
            blocked=(BlockedWriter(102.2, 66, ("executor",)),),
        ),
    ),
    "nobody waits": Course(
        "FRZ-05.writes", (True,), history(freeze_calls=(call("freeze", 102.1),))
    ),
    "nothing was frozen": Course("FRZ-05.writes", (), history()),
    "starts a program": Course("FRZ-05.programs", (False,), started(102.2)),
    "starts one right after the freeze": Course("FRZ-05.programs", (False,), started(102.09)),
    "starts one right before the thaw": Course("FRZ-05.programs", (False,), started(102.42)),
    "starts one while the freeze is under way": Course(
        "FRZ-05.programs", (True,), started(102.075)
    ),
    "starts one after the thaw": Course("FRZ-05.programs", (True,), started(102.5)),
    "starts one of another disk": Course("FRZ-05.programs", (True,), started(102.2, disk="root")),
    # FRZ-06
    "thawed, and claims more": Course(
        "FRZ-06.level", (False,), claimed(outcome("succeeded", "file-system")), MEDDLED
    ),
    "thawed, and crash": Course("FRZ-06.level", (True,), claimed(CRASH), MEDDLED),
    "thawed, and not failed": Course("FRZ-06.status", (False,), claimed(CRASH), MEDDLED),
    "thawed, and failed": Course(
        "FRZ-06.status", (True,), claimed(outcome("failed", "none", "FsFreezeFailed")), MEDDLED
    ),
    "thawed, and the policy goes on": Course(
        "FRZ-06.status",
        (),
        claimed(CRASH),
        replace(MEDDLED, freeze_trouble=FreezeTrouble("thawed", fails_run=False)),
    ),
    "thawed, and no set anyway": Course(
        "FRZ-06.status", (), claimed(outcome("failed", "none"), snapshots=()), MEDDLED
    ),
    # FRZ-07
    "thaws what others froze": Course(
        "FRZ-07.not-thawed", (False,), with_others(102.15, faults=OTHERS), BY_OTHERS
    ),
    "leaves what others froze": Course(
        "FRZ-07.not-thawed", (True,), with_others(faults=OTHERS), BY_OTHERS
    ),
    "a recovery thawed before": Course(
        "FRZ-07.not-thawed", (True,), with_others(99.0, faults=OTHERS), BY_OTHERS
    ),
    "thaws its own, that the scenario thawed too": Course(
        "FRZ-07.not-thawed",
        (),
        with_others(102.4, faults=(Fault(102.2, "thaw /data"),)),
        Terms(foreign=("data",), freeze_trouble=THAWN),
    ),
    "takes it for its own": Course(
        "FRZ-07.failure",
        (False,),
        with_others(faults=OTHERS, claim=outcome()),
        BY_OTHERS,
    ),
    "takes it for a failure": Course(
        "FRZ-07.failure", (True,), with_others(faults=OTHERS), BY_OTHERS
    ),
    # SNP-02
    "ended before the thaw": Course("SNP-02.thaw-first", (False,), asked(HANGS, False)),
    "thawed before its end": Course("SNP-02.thaw-first", (True,), asked(HANGS, True)),
    "thawed once more after its end": Course(
        "SNP-02.thaw-first", (True,), asked(HANGS, True, False)
    ),
    "nobody knows": Course("SNP-02.thaw-first", (True,), asked(HANGS, None)),
    "it ended by itself": Course(
        "SNP-02.thaw-first", (), asked(replace(HANGS, answered=102.3, answer=1), None)
    ),
    "killed in it": Course("SNP-02.thaw-first", (), asked(HANGS, False, end=end(killed=102.3))),
    "a process of the executor's killed in it": Course(
        "SNP-02.thaw-first", (), asked(HANGS, False, faults=(WORKER_KILLED,))
    ),
    "nobody is left to wait for it": Course(
        "SNP-02.bound", (True,), asked(HANGS, True, faults=(WORKER_KILLED,)), PATIENT
    ),
    "a child is left": Course(
        "SNP-02.tree",
        (False,),
        asked(HANGS, True, after=state(105.0, processes=(*state(99.0).processes, CHILD))),
    ),
    "no child is left": Course("SNP-02.tree", (True,), asked(HANGS, True)),
    "a child of a set that was taken": Course(
        "SNP-02.tree",
        (),
        asked(snapshot(), None, after=state(105.0, processes=(*state(99.0).processes, CHILD))),
    ),
    "given up too early": Course(
        "SNP-02.bound",
        (False,),
        slow(103.2, outcome("failed", "none", "SnapshotFailed")),
        PATIENT,
    ),
    "waited for": Course("SNP-02.bound", (True,), slow(103.2, outcome()), PATIENT),
    "may be given up so late": Course(
        "SNP-02.bound", (), slow(106.3, outcome("failed", "none", "SnapshotFailed")), PATIENT
    ),
    "a shorter bound may be heeded": Course(
        "SNP-02.bound",
        (),
        slow(103.2, outcome("failed", "none", "SnapshotFailed")),
        Terms(bound=60.0, shortest_bound=2.0),
    ),
    "a hanging one is given up too early": Course(
        "SNP-02.bound", (True, False), asked(HANGS, True), PATIENT
    ),
    "a hanging one is given up in time": Course(
        "SNP-02.bound",
        (True, True),
        asked(HANGS, True),
        Terms(bound=5.0, shortest_bound=1.2),
    ),
    "given up too early where nothing is frozen": Course(
        "SNP-02.bound", (True, False), history(snapshots=(HANGS,), freezes=()), PATIENT
    ),
    "given up in time where nothing is frozen": Course(
        "SNP-02.bound",
        (True, True),
        history(snapshots=(HANGS,), freezes=()),
        Terms(bound=5.0, shortest_bound=1.2),
    ),
}


@pytest.mark.parametrize("name", COURSES)
def test_what_is_said_of_a_run(name: str) -> None:
    course = COURSES[name]
    found = judge(course.run, None, course.terms)
    assert tuple(f.holds for f in found if f.clause == course.clause) == course.said
