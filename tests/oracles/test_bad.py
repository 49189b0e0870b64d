"""Broken histories: each must fail at the clause that it breaks, and the table says which.

The other half of `test_good`: an oracle that blames nobody is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from harness.history import (
    DiskAtSnapshot,
    Expected,
    Harm,
    History,
    Operation,
    Process,
    ScriptRun,
)
from harness.oracles import Due, ScriptTerms, Terms, failures, judge
from tests.oracles.builders import (
    ENVIRON,
    FROZEN,
    THAWED,
    application,
    disk,
    end,
    freeze,
    history,
    image,
    mark,
    marks_of_a_run,
    operations,
    outcome,
    restored,
    snapshot,
    state,
    stopping,
)

APPLICATION = Expected(("succeeded",), ("application",))
FALLBACK = Expected(("succeeded",), ("file-system",), ("Pre-ScriptTimeout",))
TWO = (disk("a"), disk("b"))


@dataclass(frozen=True)
class Bad:
    """A broken history and the clause that must fail; `harm` where it is not the clause's own."""

    clause: str
    run: History
    expected: Expected | None = None
    terms: Terms = field(default_factory=Terms)
    harm: Harm | None = None


def with_start(**changes: object) -> History:
    """A good run whose pre-script was started in another way."""
    first, *others = marks_of_a_run()
    return history(marks=(replace(first, **changes), *others))  # type: ignore[arg-type]


def with_pre(started: float, ended: float | None, **changes: object) -> History:
    """A good run whose pre-script took another time."""
    runs = (ScriptRun("pre", 200, started, ended), ScriptRun("post", 300, 103.0, 104.0))
    return history(marks=(), script_runs=runs, **changes)


def torn(at: DiskAtSnapshot) -> History:
    """Two disks, the second of which was seen so around the set."""
    return history(*TWO, snapshots=(snapshot(disks={"a": FROZEN, "b": at}),))


def left(**changes: object) -> History:
    """A guest that is not as it was."""
    return history(after=replace(state(105.0), **changes))  # type: ignore[arg-type]


def with_application(**changes: object) -> History:
    return history(application=replace(application(), **changes))  # type: ignore[arg-type]


def with_restore(**changes: object) -> History:
    return with_application(restores=(restored(operations(), **changes),))  # type: ignore[arg-type]


def held(*, without: set[str] = frozenset(), and_: tuple[str, ...] = ()) -> tuple[str, ...]:  # type: ignore[assignment]
    return (*(i for i in restored(operations()).has if i not in without), *and_)


LEAK = Operation("leak", "c", 102.5, 102.6)

BAD: dict[str, Bad] = {
    # what the executor claims
    "hung": Bad("PLG-01.deadline", history(end=end(hung=True, exit_status=None, signal=9))),
    "crashed": Bad("PLG-01.exit", history(end=end(exit_status=None, signal=11))),
    "wrong exit status": Bad("PLG-01.exit", history(end=end(exit_status=3))),
    "exit 0 of a failed run": Bad(
        "PLG-01.exit", history(end=end(outcome("failed", "none"), exit_status=0))
    ),
    "no status": Bad("PLG-01.status", history(end=end(outcome=None, problem="no status"))),
    "failed with a level": Bad("PLG-01.status", history(end=end(outcome("failed", "crash")))),
    "misspelt name": Bad(
        "PLG-01.names", history(end=end(outcome("succeeded", "crash", "PreScriptTimeout")))
    ),
    "a part of a status": Bad(
        "PLG-01.whole", history(end=end(outcome=None, problem="not whole JSON", partial=True))
    ),
    "a part of a status of a killed run": Bad(
        "PLG-01.whole", history(end=end(killed=102.2, partial=True))
    ),
    "a warning that is no text": Bad(
        "PLG-01.details", history(end=end(replace(outcome(), misshapen="a warning is 1, no text")))
    ),
    "an argument of the snapshot command": Bad(
        "PLG-01.snapshot", history(snapshots=(snapshot(arguments=("take",)),))
    ),
    "a success without a set": Bad(
        "PLG-01.snapshot", history(snapshots=(snapshot(set_id=None, answer=1),))
    ),
    "the later error first": Bad(
        "PLG-01.primary",
        history(end=end(outcome("failed", "none", "SnapshotFailed", "Pre-ScriptTimeout"))),
        Expected(
            ("failed",),
            ("none",),
            ("Pre-ScriptTimeout",),
            (("Pre-ScriptTimeout", "SnapshotFailed"),),
        ),
    ),
    "no log": Bad("ROB-04.log", history(end=end(log_tail=" "))),
    "frozen though a failed run needs no freeze": Bad(
        "FBK-03.no-snapshot",
        history(),
        None,
        Terms(row="FBK-03", freezes=False, unfrozen="FBK-03.no-snapshot"),
    ),
    "a single disk is frozen for nothing": Bad(
        "FBK-08.no-freeze", history(), None, Terms(freezes=False, unfrozen="FBK-08.no-freeze")
    ),
    "wrong status": Bad("FBK-01.status", history(end=end(outcome("failed", "none"))), APPLICATION),
    "silent downgrade": Bad(
        "FBK-01.level",
        history(end=end(outcome("succeeded", "crash"))),
        APPLICATION,
        harm=Harm.SILENT_DOWNGRADE,
    ),
    "level above the row": Bad(
        "FBK-03.level",
        history(end=end(outcome("succeeded", "application", "Pre-ScriptTimeout"))),
        FALLBACK,
        Terms(row="FBK-03", named="RUN-05.error"),
        Harm.FALSE_CONSISTENCY,
    ),
    "another error": Bad(
        "RUN-05.error",
        history(end=end(outcome("succeeded", "file-system", "Pre-ScriptExecutionFailed"))),
        FALLBACK,
        Terms(row="FBK-03", named="RUN-05.error"),
    ),
    "an error where nothing went wrong": Bad(
        "PLG-01.primary",
        history(end=end(outcome("succeeded", "application", "Post-ScriptTimeout"))),
        APPLICATION,
        Terms(named="PLG-01.primary"),
    ),
    "application after a config finding": Bad(
        "FBK-05.never-application",
        history(),
        Expected(("succeeded",), ("file-system",)),
        Terms(row="FBK-05"),
        Harm.FALSE_CONSISTENCY,
    ),
    "claims a freeze that was none": Bad(
        "FBK-07.level",
        history(
            freezes=(), snapshots=(snapshot(at=THAWED),), images=(image(disk(), frozen=False),)
        ),
        harm=Harm.FALSE_CONSISTENCY,
    ),
    "claims file-system without a freeze, where both are accepted": Bad(
        "FBK-07.level",
        history(
            end=end(outcome("succeeded", "file-system")),
            freezes=(),
            snapshots=(snapshot(at=THAWED),),
            images=(image(disk(), frozen=False),),
        ),
        None,
        Terms(freezes=None),
        Harm.FALSE_CONSISTENCY,
    ),
    "claims application without scripts": Bad("FBK-07.level", history(marks=(), script_runs=())),
    "claims a damaged set": Bad("FBK-07.level", history(images=(image(disk(), damaged=True),))),
    "claims a set that is not there": Bad("FBK-07.level", history(snapshots=())),
    "claims a set that it gave up": Bad(
        "FBK-07.level", history(snapshots=(snapshot(discarded=104.0),))
    ),
    "claims what the restore refutes": Bad("FBK-07.level", with_restore(has=held(without={"a3"}))),
    "refused too late": Bad("ROB-01.bound", history(), None, Terms(ends_within=2.0)),
    # how the scripts were run
    "too few attempts": Bad(
        "RUN-03.retries",
        history(),
        None,
        Terms(scripts=(ScriptTerms("pre", least=3, most=3, attempts="RUN-03.retries"),)),
    ),
    "a script runs after a precheck finding": Bad(
        "FILE-07.no-scripts",
        history(),
        None,
        Terms(scripts=(ScriptTerms("pre", least=0, most=0, attempts="FILE-07.no-scripts"),)),
    ),
    "no post": Bad(
        "RUN-06.after-pre",
        history(marks=(), script_runs=(ScriptRun("pre", 200, 101.0, 102.0),)),
        None,
        Terms(scripts=(ScriptTerms("post", attempts="RUN-06.after-pre"),)),
    ),
    "arguments lost": Bad(
        "CFG-06.arguments",
        with_start(argv=("/bin/sh", "/opt/scripts/pre.sh", "one")),
        None,
        Terms(scripts=(ScriptTerms("pre", arguments=("one", "two")),)),
    ),
    "arguments through a shell": Bad(
        "CFG-06.verbatim",
        with_start(argv=("/bin/sh", "/opt/scripts/pre.sh", "a", "b", "root")),
        None,
        Terms(scripts=(ScriptTerms("pre", arguments=("a b", "$(id -un)")),)),
    ),
    "an argument of the executor's own": Bad(
        "CFG-06.arguments",
        with_start(argv=("/bin/sh", "/opt/scripts/pre.sh", "--phase=pre", "one")),
        None,
        Terms(scripts=(ScriptTerms("pre", ("/opt/scripts/pre.sh",), ("one",)),)),
    ),
    "another script": Bad(
        "CFG-06.arguments",
        with_start(argv=("/bin/sh", "/tmp/copy.sh")),
        None,
        Terms(scripts=(ScriptTerms("pre", ("/opt/scripts/pre.sh",)),)),
    ),
    "over the budget": Bad(
        "RUN-04.all-attempts",
        with_pre(90.0, 102.0),
        None,
        Terms(scripts=(ScriptTerms("pre", budget=5.0),)),
    ),
    "a tree that outlives its deadline": Bad(
        "RUN-05.bound",
        with_pre(94.0, None),
        None,
        Terms(scripts=(ScriptTerms("pre", budget=2.0, times_out=True),)),
    ),
    "ended too early": Bad(
        "RUN-04.separate",
        with_pre(101.0, 102.0),
        None,
        Terms(scripts=(ScriptTerms("pre", budget=4.0, times_out=True),)),
    ),
    "no sbin": Bad("RUN-09.environment", with_start(environ={**ENVIRON, "PATH": "/usr/bin:/bin"})),
    "no HOME": Bad("RUN-09.environment", with_start(environ={"PATH": "/sbin", "LANG": "C"})),
    "the caller's variables": Bad(
        "RUN-09.environment", with_start(environ={**ENVIRON, "SNAPCERT_STATUS": "/run/x"})
    ),
    "a secret of the caller": Bad(
        "RUN-09.environment",
        with_start(environ={**ENVIRON, "TOKEN": "x"}),
        None,
        Terms(foreign_names=("TOKEN",)),
    ),
    "cwd": Bad("RUN-09.cwd", with_start(cwd="/root")),
    "umask": Bad("RUN-09.umask", with_start(umask=0o077)),
    "stdin": Bad("RUN-09.stdin", with_start(stdin_eof=False)),
    "ignored signal": Bad("RUN-09.signals", with_start(ignored_signals=(13,))),
    "blocked signal": Bad("RUN-09.signals", with_start(blocked_signals=(15, 17))),
    "session": Bad(
        "RUN-09.session",
        replace(with_start(session=150, session_leader=False), end=end(session=150)),
    ),
    "one session for both scripts": Bad(
        "RUN-09.session",
        history(
            marks=tuple(replace(m, session=160, session_leader=False) for m in marks_of_a_run()),
            end=end(session=150),
        ),
    ),
    "not root": Bad("RUN-09.root", with_start(uid=1000)),
    "a mark that must be there": Bad(
        "RUN-07.background",
        history(),
        None,
        Terms(due=(Due("RUN-07.background", "post", "alive"),)),
    ),
    "a mark of pre that the snapshot did not wait for": Bad(
        "RUN-08.no-block",
        history(snapshots=(snapshot(requested=101.5),)),
        None,
        Terms(due=(Due("RUN-08.no-block", "pre", "end"),)),
    ),
    "a mark of post after its budget": Bad(
        "RUN-08.no-block",
        history(),
        None,
        Terms(
            scripts=(ScriptTerms("pre"), ScriptTerms("post", budget=0.9)),
            due=(Due("RUN-08.no-block", "post", "end"),),
        ),
    ),
    "a mark that must not": Bad(
        "RUN-05.no-retry",
        history(),
        None,
        Terms(due=(Due("RUN-05.no-retry", "pre", "end", there=False),)),
    ),
    # the order of a run
    "snapshot before pre ended": Bad(
        "RUN-01.pre-before-snapshot", history(snapshots=(snapshot(requested=101.5),))
    ),
    "freeze before pre ended": Bad(
        "RUN-01.pre-before-freeze", history(freezes=(freeze(thawed_before=101.4, first=101.41),))
    ),
    "freeze before the last mark of pre": Bad(
        "RUN-01.pre-before-freeze", history(freezes=(freeze(thawed_before=101.85, first=101.9),))
    ),
    "post before the snapshot": Bad(
        "RUN-01.post-after-snapshot", history(snapshots=(snapshot(taken_to=103.2),))
    ),
    "post before the thaw": Bad(
        "RUN-01.post-after-thaw", history(freezes=(freeze(last=103.5, thawed_after=103.51),))
    ),
    "two sets": Bad("SNP-01.one", history(snapshots=(snapshot(), snapshot(number=2, set_id="s2")))),
    "two sets where none is due": Bad(
        "SNP-01.one",
        history(snapshots=(snapshot(), snapshot(number=2, set_id="s2"))),
        None,
        Terms(calls=None),
    ),
    "no snapshot": Bad("SNP-01.one", history(snapshots=(), images=())),
    "asks again for a set that could not be taken": Bad(
        "SNP-02.thaw",
        history(snapshots=(snapshot(answer=1, set_id=None, disks={}), snapshot(number=2))),
    ),
    "a snapshot of a run that must fail": Bad(
        "FBK-03.no-snapshot", history(), None, Terms(row="FBK-03", calls=0)
    ),
    "a snapshot of a refused run": Bad(
        "ROB-01.refused",
        history(),
        None,
        Terms(row="ROB-01", status="ROB-01.refused", level="ROB-01.refused", calls=0),
    ),
    "frozen though it is off": Bad("FRZ-02.none", history(), None, Terms(freezes=False)),
    "frozen too late": Bad(
        "FRZ-01.freeze",
        history(freezes=(freeze(thawed_before=102.21, first=102.22),)),
    ),
    "nothing frozen": Bad("FRZ-01.freeze", history(freezes=(), snapshots=(snapshot(at=THAWED),))),
    "nothing frozen at a snapshot that failed": Bad(
        "FRZ-01.freeze",
        history(freezes=(), snapshots=(snapshot(at=THAWED, answer=1, set_id=None),)),
    ),
    "nothing frozen at a kill": Bad(
        "FRZ-01.freeze",
        history(
            end=end(killed=102.7, outcome=None, problem="no status"),
            freezes=(),
            snapshots=(snapshot(at=THAWED, answer=None, answered=None, set_id=None),),
        ),
    ),
    "one of two not frozen": Bad(
        "FRZ-01.which",
        history(
            *TWO, freezes=(freeze("a"),), snapshots=(snapshot(disks={"a": FROZEN, "b": THAWED}),)
        ),
    ),
    "ext2 frozen": Bad("FRZ-01.ext2", history(disk(), disk("old", "ext2"))),
    "frozen twice": Bad(
        "FRZ-01.once",
        history(
            freezes=(
                freeze(),
                freeze(thawed_before=102.5, first=102.6, last=102.7, thawed_after=102.8),
            )
        ),
    ),
    "thawed before the set was complete": Bad(
        "FRZ-01.thaw", history(freezes=(freeze(last=102.24, thawed_after=102.25),))
    ),
    "frozen too long": Bad(
        "FRZ-03.bound", history(freezes=(freeze(last=170.0, thawed_after=170.1),))
    ),
    "hanging snapshot not given up": Bad(
        "SNP-02.bound",
        history(
            freezes=(),
            snapshots=(snapshot(answered=None, answer=None, set_id=None, disks={}),),
            script_runs=(ScriptRun("pre", 200, 101.0, 102.0), ScriptRun("post", 300, 120.0, 121.0)),
            marks=(),
        ),
        None,
        Terms(freezes=False, bound=5.0),
    ),
    "left frozen": Bad(
        "FRZ-01.thaw", history(freezes=(freeze(thawed_after=None),)), harm=Harm.LEFT_FROZEN
    ),
    "left frozen, and never seen before": Bad(
        "FRZ-01.thaw",
        replace(left(frozen=("data",)), freezes=()),
        harm=Harm.LEFT_FROZEN,
    ),
    "rescued": Bad("FRZ-01.thaw", history(freezes=(freeze(rescued=True),)), harm=Harm.LEFT_FROZEN),
    "left frozen after a failed snapshot": Bad(
        "FRZ-03.snapshot-failed",
        history(
            freezes=(freeze(thawed_after=None),),
            snapshots=(snapshot(answer=1, set_id=None, disks={}),),
        ),
    ),
    "left frozen by a hanging snapshot": Bad(
        "FRZ-03.snapshot-hangs",
        history(
            freezes=(freeze(rescued=True),),
            snapshots=(snapshot(answered=None, answer=None, set_id=None, disks={}),),
        ),
    ),
    "left frozen by a kill": Bad(
        "FRZ-03.killed", history(end=end(killed=102.2), freezes=(freeze(rescued=True),))
    ),
    "thawed late after a kill": Bad(
        "ROB-02.thawed",
        history(end=end(killed=102.2), freezes=(freeze(last=113.0, thawed_after=113.1),)),
    ),
    "a script goes on after a kill": Bad(
        "ROB-02.processes", with_pre(101.0, 115.0, end=end(killed=102.2))
    ),
    # what the set is
    "one disk thawed while the set was taken": Bad(
        "SNP-01.while-frozen", torn(replace(FROZEN, frozen_after=False))
    ),
    "frozen during the set": Bad("SNP-01.while-frozen", torn(replace(FROZEN, frozen_before=False))),
    "a write during the set": Bad("SNP-01.while-frozen", torn(replace(FROZEN, writes_after=51))),
    "a write in flight": Bad("SNP-01.while-frozen", torn(replace(FROZEN, in_flight_before=1))),
    "a disk is missing in the set": Bad(
        "SNP-01.while-frozen", history(*TWO, snapshots=(snapshot("a"),))
    ),
    "thawed and frozen again": Bad(
        "SNP-01.while-frozen",
        history(freezes=(freeze(last=102.252, thawed_after=102.256), freeze())),
    ),
    # what the restore holds
    "does not mount": Bad("APP-01.starts", with_restore(mounted=False, has=())),
    "does not start": Bad("APP-01.starts", with_restore(started=False, has=())),
    "verification fails": Bad("APP-01.verification", with_restore(verify_exit=1)),
    "verification did not run": Bad("APP-01.verification", with_restore(verify_exit=None)),
    "fault found": Bad("APP-01.verification", with_restore(faults=("page 7 is damaged",))),
    "acknowledged and lost": Bad("APP-01.acknowledged", with_restore(has=held(without={"a3"}))),
    "from after the set": Bad("APP-01.none-after", with_restore(has=held(and_=("a299",)))),
    "never tried": Bad("APP-01.none-after", with_restore(has=held(and_=("zz",)))),
    "by half": Bad("APP-01.whole", with_restore(half=("a242",))),
    "twice": Bad("APP-01.whole", with_restore(has=held(and_=("a1",)))),
    "a hole": Bad("APP-01.prefix", with_restore(has=held(without={"b240"}))),
    "not stopped": Bad(
        "APP-01.stopped",
        history(application=replace(stopping(), operations=(*stopping().operations, LEAK))),
    ),
    "does not answer": Bad("APP-01.released", with_application(answers_after=False)),
    "left quiesced": Bad("APP-01.released", with_application(state_after="locks 1")),
    # what is left
    "process": Bad(
        "ROB-03.processes",
        left(processes=(*state(1).processes, Process(70, 800, ("helper",), "executor"))),
    ),
    "process of a script that timed out": Bad(
        "RUN-05.tree",
        left(processes=(*state(1).processes, Process(71, 800, ("sleep", "99"), "script"))),
        None,
        Terms(scripts=(ScriptTerms("pre", times_out=True),)),
    ),
    "mount": Bad("ROB-03.mounts", left(mounts=(*state(1).mounts, "tmpfs /mnt tmpfs rw"))),
    "remounted": Bad("ROB-03.mounts", left(mounts=("/dev/loop3 /data ext4 ro",))),
    "lock": Bad("ROB-03.locks", left(locks=("POSIX WRITE 70 /run/lock/x",))),
    "new file": Bad("ROB-03.files", left(files={**state(1).files, "/tmp/x": "-rw------- 0:0 1"})),
    "two folders of state": Bad(
        "ROB-03.files",
        left(
            files={
                **state(1).files,
                "/var/lib/a/x": "-rw------- 0:0 1",
                "/var/lib/b": "-rw------- 0:0 1",
            }
        ),
    ),
    "file gone": Bad("ROB-03.files", left(files={})),
    "file changed": Bad("ROB-03.files", left(files={"/etc/passwd": "-rw-rw-rw- 0:0 900"})),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_run_fails_at_its_clause(name: str) -> None:
    bad = BAD[name]
    found = [f for f in failures(judge(bad.run, bad.expected, bad.terms)) if f.clause == bad.clause]
    assert found, f"{bad.clause} did not fail"
    assert found[0].observed
    assert found[0].consequence
    if bad.harm is not None:
        assert found[0].harm == bad.harm


def test_the_worst_stands_first() -> None:
    run = replace(
        BAD["claims a freeze that was none"].run, after=state(105.0, files={}, frozen=("data",))
    )
    harms = [f.harm for f in failures(judge(run))]
    assert harms[0] == Harm.FALSE_CONSISTENCY
    assert harms == sorted(harms, reverse=True)


def test_a_mark_of_another_phase_is_not_taken_for_the_script() -> None:
    run = history(marks=(*marks_of_a_run(), mark("probe", "start", 102.2, environ=ENVIRON)))
    assert failures(judge(run, APPLICATION)) == ()
