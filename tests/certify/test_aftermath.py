"""What a fault round shows of kit and executor, by stored histories. No Docker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.certify import aftermath
from harness.certify.clauses import CLAUSES
from harness.certify.faults import CHOSEN, Fault, Instant, planned
from harness.certify.resilience import FaultRound, Trial, not_back, post_owed
from harness.history import (
    DiskAtSnapshot,
    ExecutorEnd,
    Finding,
    FreezeCall,
    Harm,
    History,
    Outcome,
    Restore,
    ScriptRun,
)
from harness.history import Fault as Injected
from harness.oracles.terms import ScriptTerms, Terms

from .test_rounds import DISK, enough, history

KILL = planned(1)[0]
SLOW = next(fault for fault in CHOSEN if fault.name == "snapshot-slow")
FAILS = next(fault for fault in CHOSEN if fault.name == "snapshot-fails")
TERMS = Terms(scripts=(ScriptTerms("pre", most=2), ScriptTerms("post", most=3)))
PRE, POST = ScriptRun("pre", 5, 9.9, 10.0), ScriptRun("post", 6, 10.4, 10.5)
KILLED = ExecutorEnd(9.5, 10.25, None, 9, killed=10.25, problem="no status was written")
CALLS = (
    FreezeCall(10.09, "freeze", "data", 7, True),
    FreezeCall(10.3, "thaw", "data", 7, True),
)


def run(**changes: object) -> History:
    return history(enough(), **{"freeze_calls": CALLS, **changes})  # type: ignore[arg-type]


def killed(**changes: object) -> Trial:
    """A run whose executor was killed while the set was taken; what survived ran post."""
    at = (Injected(10.25, "kill executor"),)
    return Trial("faulty", run(**{"end": KILLED, "faults": at, **changes}), "back")


def later(**changes: object) -> Trial:
    """The next backup, a thousand seconds on; instants of it are not compared with the first's."""
    return Trial("next", run(**changes), "back")


def fault_round(*trials: Trial, fault: Fault = KILL) -> FaultRound:
    drawn = Instant("snapshot", 0.1, 0.2, 9) if fault.phases else None
    return FaultRound(fault, trials, drawn)


def with_has(trial: Trial, *has: str) -> Trial:
    application = trial.history.application
    assert application is not None
    restores = (Restore("r1-1", True, True, 0, has=has),)
    seen = replace(application, restores=restores)
    return replace(trial, history=replace(trial.history, application=seen))


def broken(done: FaultRound, terms: Terms = TERMS) -> dict[str, Finding]:
    """What does not hold: of the executor in the faulty run, and of the kit's three clauses."""
    faulty = done.faulty
    assert faulty is not None
    held = aftermath.terms_of_faulty(terms, done.fault, faulty.history, heeds=True)
    found = (
        *aftermath.faulty_findings(done, held),
        aftermath.comes_back(done),
        aftermath.true_sets(done, terms),
        aftermath.next_clean(done, ()),
    )
    return {finding.clause: finding for finding in found if not finding.holds}


def test_a_kill_that_is_recovered_leaves_nothing_to_say() -> None:
    assert broken(fault_round(killed(), later())) == {}


def test_the_instant_is_told_as_it_was_met() -> None:
    told = aftermath.what_happened(fault_round(killed(), later()))
    assert told == "the executor was killed 100 ms after the snapshot was asked for"


def test_an_application_that_does_not_go_on() -> None:
    stuck = Trial("faulty", run(), "stuck", "it does not go on within 20 s")
    found = broken(fault_round(stuck, fault=SLOW))
    assert set(found) == {"KIT-4.comes-back", "KIT-4.next-clean"}
    assert found["KIT-4.comes-back"].harm == Harm.LEFT_BEHIND
    assert "that backup it does not go on within 20 s" in found["KIT-4.comes-back"].observed
    assert "no next backup" in found["KIT-4.next-clean"].observed


def test_an_application_that_comes_back_changed() -> None:
    trial = killed()
    application = trial.history.application
    assert application is not None
    changed = replace(application, state_after="b")
    trial = replace(trial, history=replace(trial.history, application=changed))
    assert (
        "its state differs: -a, +b"
        in broken(fault_round(trial, later()))["KIT-4.comes-back"].observed
    )


def test_a_kit_is_not_blamed_for_a_post_script_that_was_not_run_yet() -> None:
    owed = replace(killed(script_runs=(PRE,)), back="owed")
    recovered = later(script_runs=(ScriptRun("post", 4, 9.6, 9.7), PRE, POST))
    assert broken(fault_round(owed, recovered)) == {}
    assert set(broken(fault_round(owed, later()))) == {"ROB-02.post"}, "the executor is"


def test_an_executor_that_lives_runs_the_post_script() -> None:
    refused = replace(run().snapshots[0], answer=1, set_id=None, taken_from=None, taken_to=None)
    failed = run(
        snapshots=(refused,),
        end=ExecutorEnd(9.5, 10.9, 1, None, outcome=Outcome("failed", "none", ("SnapshotFailed",))),
    )
    good = Trial("faulty", failed, "back")
    assert broken(fault_round(good, later(), fault=FAILS)) == {}
    without = Trial("faulty", replace(failed, script_runs=(PRE,)), "owed")
    assert set(broken(fault_round(without, later(), fault=FAILS))) == {"RUN-06.after-snapshot"}


def test_a_set_that_was_never_taken_is_claimed() -> None:
    refused = replace(run().snapshots[0], answer=1, set_id=None, taken_from=None, taken_to=None)
    lying = Trial("faulty", run(snapshots=(refused,)), "back")
    found = broken(fault_round(lying, later(), fault=FAILS))
    assert {"FBK-07.level", "KIT-4.true-sets"} <= set(found)
    assert found["KIT-4.true-sets"].harm == Harm.FALSE_CONSISTENCY


def test_a_claim_that_a_killed_executor_left_counts() -> None:
    end = replace(KILLED, outcome=Outcome("succeeded", "application"), problem=None)
    assert broken(fault_round(killed(end=end), later())) == {}
    lost = with_has(killed(end=end), "o0", "o1")
    found = broken(fault_round(lost, later()))
    assert {"KIT-4.true-sets", "APP-01.acknowledged"} <= set(found)


def test_what_nobody_claimed_is_information() -> None:
    lost = with_has(killed(), "o0", "o1")
    done = fault_round(lost, later())
    assert broken(done) == {}
    assert "28 lost" in aftermath.true_sets(done, TERMS).observed
    line = aftermath.faulty_line(done, lost, TERMS, number=6, scenario="s", status="passed")
    assert (line.claimed, line.reached, line.lost) == ("none", "file-system", 0)
    assert "28 lost" in line.detail


@pytest.mark.parametrize(("frozen", "clauses"), [(True, set()), (False, {"KIT-4.true-sets"})])
def test_a_set_that_is_called_file_system_consistent(frozen: bool, clauses: set[str]) -> None:
    end = ExecutorEnd(9.5, 10.9, 0, None, outcome=Outcome("succeeded", "file-system"))
    seen = DiskAtSnapshot(frozen, frozen, 5, 5, 0, 0)
    taken = replace(run().snapshots[0], disks={DISK.name: seen})
    faulty = Trial("faulty", run(end=end, snapshots=(taken,)), "back")
    assert clauses <= set(broken(fault_round(faulty, later())))
    assert ("KIT-4.true-sets" in broken(fault_round(faulty, later()))) == bool(clauses)


def test_a_next_backup_that_falls_back() -> None:
    fallen = Outcome("succeeded", "file-system", ("Post-ScriptExecutionFailed",))
    end = ExecutorEnd(9.5, 10.9, 0, None, outcome=fallen)
    found = broken(fault_round(killed(), later(end=end)))
    assert set(found) == {"KIT-4.next-clean"}
    assert (
        "file-system consistency (Post-ScriptExecutionFailed)" in found["KIT-4.next-clean"].observed
    )


def test_a_next_backup_that_breaks_a_clause() -> None:
    found = aftermath.next_clean(fault_round(killed(), later()), ["APP-01.whole"])
    assert not found.holds
    assert "APP-01.whole" in found.observed


def test_left_frozen_is_found_in_the_faulty_run() -> None:
    freeze = replace(run().freezes[0], thawed_after=None, last=60.0, rescued=True)
    assert "FRZ-03.killed" in broken(fault_round(killed(freezes=(freeze,)), later()))


def test_when_a_post_script_is_owed() -> None:
    assert not post_owed(run(script_runs=()))
    assert not post_owed(run())
    assert post_owed(run(script_runs=(ScriptRun("post", 4, 9.6, 9.7), PRE))), "that of a recovery"
    assert post_owed(run(end=replace(KILLED, killed=10.45))), "it may have been ended half-way"
    assert not post_owed(
        run(
            end=replace(KILLED, killed=10.45),
            script_runs=(PRE, POST, ScriptRun("post", 7, 10.6, 10.7)),
        )
    )


def test_after_a_kill_the_post_script_may_be_run_by_the_next_run() -> None:
    assert not_back(run()) == "stuck"
    assert not_back(run(end=KILLED)) == "owed"


def test_two_lines_share_the_operations_between_them() -> None:
    second = replace(later(), history=replace(later().history, began=10.605))
    done = fault_round(killed(), second)
    trial = done.faulty
    assert trial is not None
    first = aftermath.faulty_line(done, trial, TERMS, number=6, scenario="s", status="passed")
    after = aftermath.next_line(done, second, TERMS, number=6, scenario="s", status="passed")
    assert first.acknowledged + after.acknowledged == 41
    assert (first.after_fault, after.after_fault) == (False, True)
    assert first.fault == after.fault


def test_every_clause_of_level_4_is_judged() -> None:
    done = fault_round(killed(), later())
    judged = {
        aftermath.comes_back(done).clause,
        aftermath.true_sets(done, TERMS).clause,
        aftermath.next_clean(done, ()).clause,
    }
    assert judged == {clause for clause in CLAUSES if clause.startswith("KIT-4")}
