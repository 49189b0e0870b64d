"""Correct histories: none of the oracles may blame them, whatever the sampling was like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import Expected, Fault, History, Process, ScriptRun
from harness.oracles import ScriptTerms, Terms, failures, judge
from harness.oracles.contract import reached_level
from tests.oracles.builders import (
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
    outcome,
    snapshot,
    state,
    stopping,
)

APPLICATION = Expected(("succeeded",), ("application",))
FALLBACK = Expected(("succeeded",), ("file-system",), ("Pre-ScriptExecutionFailed",))
FAILED = Expected(("failed",), ("none",), ("SnapshotFailed",))
ONCE = (ScriptTerms("pre"), ScriptTerms("post"))


def without_freeze() -> History:
    """fsFreezeEnabled false: a set of a disk that is being written to."""
    return history(
        freezes=(), snapshots=(snapshot(at=THAWED),), images=(image(disk(), frozen=False),)
    )


def missed_by_the_sampling() -> History:
    """A freeze shorter than the sampling of a starved probe: only the set's own probe saw it."""
    return history(freezes=())


def coarse_samples() -> History:
    """Samples so far apart that they overlap everything else."""
    return history(
        freezes=(freeze(thawed_before=100.5, first=102.19, last=102.19, thawed_after=110.0),)
    )


def late_events() -> History:
    """The end of pre was noticed after the freeze had begun, the start of post late."""
    return history(
        script_runs=(ScriptRun("pre", 200, 101.0, 102.2), ScriptRun("post", 300, 103.2, 104.0))
    )


def answered_late() -> History:
    """The answer was stamped after the executor had gone on."""
    return history(snapshots=(snapshot(answered=103.5),))


def recovered() -> History:
    """An interrupted run's post-script ran first, with a budget of its own."""
    return history(
        script_runs=(
            ScriptRun("post", 150, 100.1, 100.2),
            ScriptRun("pre", 200, 101.0, 102.0),
            ScriptRun("post", 300, 103.0, 104.0),
        )
    )


def recovered_just_before() -> History:
    """The recovery's post-script ended right before pre started, and its event was read late."""
    return history(
        marks=(mark("post", "start", 100.93), mark("post", "end", 100.95), *marks_of_a_run()),
        script_runs=(
            ScriptRun("pre", 200, 100.99, 102.0),
            ScriptRun("post", 150, 100.995, 101.0),
            ScriptRun("post", 300, 103.0, 104.0),
        ),
    )


def recovery_failed() -> History:
    """The interrupted run's post-script failed: no script of this run, but a set of it."""
    return history(
        marks=(mark("post", "start", 100.5),),
        script_runs=(ScriptRun("post", 150, 100.5, 100.6),),
        end=end(outcome("succeeded", "file-system", "Post-ScriptExecutionFailed")),
    )


def frozen_before_the_run(**changes: object) -> History:
    """An earlier run left the disk frozen; this one can neither freeze it nor is it to blame."""
    older = freeze(thawed_before=None, first=100.0, last=104.9, thawed_after=None)
    claim = outcome("succeeded", "crash", "FsFreezeFailed")
    return history(end=end(claim), freezes=(replace(older, **changes),))  # type: ignore[arg-type]


def under_a_wrapper() -> History:
    """`setsid timeout 30 SCRIPT`: it is the wrapper that leads the session."""
    leaders = {"pre": 190, "post": 290}
    marks = tuple(
        replace(m, session=leaders[m.script], session_leader=False) for m in marks_of_a_run()
    )
    return history(marks=marks, end=end(session=150))


def with_lasting_state() -> History:
    files = {
        **state(99.0).files,
        "/var/lib/executor/journal": "-rw------- 0:0 400",
        "/run/executor/lock": "-rw------- 0:0 0",
        "/var/log/executor.log": "-rw------- 0:0 4000",
        "/data/ledger": "-rw------- 0:0 9",
    }
    return history(after=state(105.0, files=files))


def failed_pre() -> History:
    return history(end=end(outcome("succeeded", "file-system", "Pre-ScriptExecutionFailed")))


def failed_snapshot() -> History:
    call = snapshot(answer=1, set_id=None, taken_from=None, taken_to=None, disks={})
    return history(
        snapshots=(call,), images=(), end=end(outcome("failed", "none", "SnapshotFailed"))
    )


def hanging_snapshot() -> History:
    call = snapshot(
        answer=None, answered=None, set_id=None, taken_from=None, taken_to=None, disks={}
    )
    claim = outcome("failed", "none", "SnapshotFailed")
    return history(
        snapshots=(call,),
        images=(),
        end=end(claim, ended=110.0),
        marks=(mark("pre", "start", 101.0), mark("post", "start", 107.3)),
        script_runs=(ScriptRun("pre", 200, 101.0, 102.0), ScriptRun("post", 300, 107.3, 107.4)),
        freezes=(freeze(last=107.08, thawed_after=107.1),),
    )


def killed() -> History:
    """Killed while frozen: what survives thaws and runs post, and writes no status."""
    return history(
        end=end(exit_status=None, signal=9, killed=102.22, outcome=None, problem="no status"),
        snapshots=(snapshot(answered=102.23),),
        images=(),
        faults=(Fault(102.22, "kill executor"),),
    )


def killed_at_once() -> History:
    """Killed right at the call: thawed again before the watch looked, and before the probe."""
    return replace(killed(), freezes=(), snapshots=(snapshot(at=THAWED, answer=None, set_id=None),))


def killed_before_its_set() -> History:
    """What survives runs post at once, while the host still takes the dead run's set."""
    return replace(killed(), snapshots=(snapshot(taken_to=103.2, answered=103.3),))


def killed_in_post() -> History:
    """A freeze that the sampling missed, of a run that was killed long after its set was taken."""
    return replace(
        killed(), freezes=(), snapshots=(snapshot(),), end=replace(killed().end, killed=103.5)
    )


def nested_disks() -> History:
    """/ holds /data: /data is frozen first and thawed last."""
    root = disk("root", mountpoint="/", carries_root=True)
    return history(
        root,
        disk(),
        freezes=(
            freeze("data", thawed_before=102.05, first=102.06, last=102.42, thawed_after=102.43),
            freeze("root", thawed_before=102.08, first=102.09, last=102.40, thawed_after=102.41),
        ),
    )


def with_background_process() -> History:
    left = Process(500, 900, ("sleep", "9999"), "script")
    return history(after=state(105.0, processes=(*state(99.0).processes, left)))


def frozen_by_others() -> History:
    """FRZ-07: somebody else's freeze stays, and the executor undoes its own."""
    disks = (disk(), disk("other"))
    claim = outcome("succeeded", "crash", "FsFreezeFailed")
    return history(
        *disks,
        end=end(claim),
        freezes=(
            freeze("other", thawed_before=None, first=100.0, last=105.0, thawed_after=None),
            freeze("data", last=102.11, thawed_after=102.12),
        ),
        snapshots=(snapshot("data", "other", at=THAWED, disks={"data": THAWED, "other": FROZEN}),),
        images=(image(disks[0], frozen=False), image(disks[1])),
        after=state(105.0, frozen=("other",)),
    )


def ext2_beside() -> History:
    two = disk("old", "ext2")
    good = history(disk(), two)
    return replace(
        good,
        freezes=(freeze("data"),),
        snapshots=(snapshot("data", "old", disks={"data": FROZEN, "old": THAWED}),),
        images=(image(disk()), image(two, frozen=False, damaged=True)),
    )


def thaw_seen_late() -> History:
    """The guest's state was written down a moment before the watch told of the thaw."""
    return history(after=state(105.0, frozen=("data",)))


GOOD: dict[str, tuple[History, Expected | None, Terms]] = {
    "ext4": (history(), APPLICATION, Terms()),
    "xfs": (history(disk(filesystem="xfs")), APPLICATION, Terms()),
    "btrfs": (history(disk(filesystem="btrfs")), APPLICATION, Terms()),
    "three disks": (
        history(disk("a"), disk("b", "xfs"), disk("c", "btrfs")),
        APPLICATION,
        Terms(),
    ),
    "read-only disk": (
        replace(history(), disks=(disk(), disk("ro", read_only=True))),
        APPLICATION,
        Terms(),
    ),
    "ext2": (ext2_beside(), APPLICATION, Terms()),
    "no freeze": (without_freeze(), APPLICATION, Terms(freezes=False)),
    "missed by the sampling": (missed_by_the_sampling(), APPLICATION, Terms()),
    "coarse samples": (coarse_samples(), APPLICATION, Terms()),
    "late events": (late_events(), APPLICATION, Terms()),
    "not examined": (history(images=()), APPLICATION, Terms()),
    "killed at once": (killed_at_once(), None, Terms(calls=None)),
    "killed before its set": (killed_before_its_set(), None, Terms(freezes=None, calls=None)),
    "killed in post": (killed_in_post(), None, Terms(calls=None)),
    "nested": (nested_disks(), APPLICATION, Terms()),
    "answered late": (answered_late(), APPLICATION, Terms()),
    "thaw seen late": (thaw_seen_late(), APPLICATION, Terms()),
    "recovered": (
        recovered(),
        APPLICATION,
        Terms(
            scripts=(
                ScriptTerms("pre", budget=2.0),
                ScriptTerms("post", least=2, most=2, budget=2.0),
            )
        ),
    ),
    "recovered just before": (
        recovered_just_before(),
        APPLICATION,
        Terms(scripts=(ScriptTerms("pre"), ScriptTerms("post", least=2, most=2))),
    ),
    "recovery failed": (
        recovery_failed(),
        Expected(("succeeded",), ("file-system",), ("Post-ScriptExecutionFailed",)),
        Terms(
            row="ROB-05",
            status="ROB-05.fallback",
            level="ROB-05.fallback",
            named="ROB-05.error",
            scripts=(
                ScriptTerms("pre", least=0, most=0),
                ScriptTerms("post", least=1, most=1),
            ),
        ),
    ),
    "recovered by a run that finds no config": (
        replace(recovery_failed(), end=end(outcome("succeeded", "file-system"))),
        Expected(("succeeded",), ("file-system",)),
        Terms(
            row="FILE-02",
            scripts=(
                ScriptTerms("pre", least=0, most=0),
                ScriptTerms("post", least=0, most=1),
            ),
        ),
    ),
    "a log in a file alone": (
        history(
            end=end(log_tail=""),
            after=state(105.0, files={**state(1).files, "/var/log/x": "-rw------- 0:0 40"}),
        ),
        APPLICATION,
        Terms(),
    ),
    "no outcome where none can be left": (
        history(end=end(outcome=None, exit_status=2, problem="no status")),
        APPLICATION,
        Terms(told=False),
    ),
    "a freeze that no clause forbids": (history(), None, Terms(freezes=False, unfrozen="")),
    "a later error is missing": (
        history(end=end(outcome("failed", "none", "Pre-ScriptTimeout", "another"))),
        Expected(
            ("failed",),
            ("none",),
            ("Pre-ScriptTimeout",),
            (("Pre-ScriptTimeout", "SnapshotFailed"),),
        ),
        Terms(row="FBK-03"),
    ),
    "frozen before the run": (frozen_before_the_run(), None, Terms()),
    "frozen before the run, thawed in it": (
        frozen_before_the_run(last=103.5, thawed_after=103.51),
        None,
        Terms(),
    ),
    "under a wrapper": (under_a_wrapper(), APPLICATION, Terms()),
    "lasting state": (with_lasting_state(), APPLICATION, Terms(may_change=("/data/",))),
    "failed pre": (
        failed_pre(),
        FALLBACK,
        Terms(row="FBK-03", named="RUN-02.exit-status"),
    ),
    "failed snapshot": (
        failed_snapshot(),
        FAILED,
        Terms(row="SNP-02", status="SNP-02.verdict", level="SNP-02.verdict", named="SNP-02.error"),
    ),
    "hanging snapshot": (
        hanging_snapshot(),
        FAILED,
        Terms(
            row="SNP-02",
            status="SNP-02.verdict",
            level="SNP-02.verdict",
            named="SNP-02.error",
            bound=5.0,
        ),
    ),
    "killed": (killed(), None, Terms(calls=None)),
    "background": (with_background_process(), APPLICATION, Terms(background=("9999",))),
    "frozen by others": (
        frozen_by_others(),
        Expected(("succeeded",), ("crash",), ("FsFreezeFailed",)),
        Terms(row="FBK-06", named="FRZ-07.failure", freezes=None, foreign=("other",)),
    ),
    "application": (history(application=application()), APPLICATION, Terms()),
    "application that stops": (history(application=stopping()), APPLICATION, Terms()),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_correct_run_is_not_blamed(name: str) -> None:
    run, expected, terms = GOOD[name]
    findings = judge(run, expected, terms)
    assert findings
    assert all(f.expected and f.observed for f in findings)
    assert [f"{f.clause}: {f.observed}" for f in failures(findings)] == []


@pytest.mark.parametrize("name", GOOD)
def test_a_good_run_reaches_what_it_claims(name: str) -> None:
    run, expected, terms = GOOD[name]
    if expected is not None:
        levels = ("none", "crash", "file-system", "application")
        reached = reached_level(run, terms).level
        assert levels.index(reached) >= levels.index(expected.consistency[0])


def test_to_ask_again_for_a_set_that_failed_is_no_second_set() -> None:
    failed = snapshot(answer=1, set_id=None, taken_from=None, taken_to=None, disks={})
    found = {f.clause: f.holds for f in judge(history(snapshots=(failed, snapshot(number=2))))}
    assert found["SNP-01.one"]
    assert not found["SNP-02.thaw"]
