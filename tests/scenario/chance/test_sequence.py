"""Sequences of runs: what each step leaves to the next, and what a simpler sequence is."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import binding
from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    NotConfigured,
    Policy,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
    judge,
    proceeds,
)
from harness.history import Filesystem
from harness.scenario.chance.circumstances import PLAIN_PLACE
from harness.scenario.chance.draw import shrink
from harness.scenario.chance.ingredients import PLACES
from harness.scenario.chance.sequence import (
    IN_POST,
    STEPS,
    TOLD,
    UNDONE,
    WELL,
    Machine,
    Runs,
    Step,
    draw_sequence,
    planned,
    settled,
    simpler,
)
from harness.scenario.suite import fixture

_BY_WORDS = {step.words: step for step in STEPS}
KILLED = _BY_WORDS["one is killed in its pre-script"]
UNCONFIGURED = _BY_WORDS["one finds no config"]
FILESYSTEMS: tuple[Filesystem, ...] = ("ext4", "xfs", "btrfs")
any_machine = st.builds(
    Machine,
    st.sampled_from([PLAIN_PLACE, *PLACES]),
    st.sampled_from(FILESYSTEMS),
    st.booleans(),
    st.booleans(),
)
any_runs = st.builds(
    settled, any_machine, st.lists(st.sampled_from([*STEPS, TOLD]), min_size=1, max_size=8)
)


def anything(_: str) -> bool:
    return True


def test_a_seed_draws_the_same_again() -> None:
    drawn = [draw_sequence(Random(seed), anything, 4, FILESYSTEMS) for seed in range(300)]
    assert drawn == [draw_sequence(Random(seed), anything, 4, FILESYSTEMS) for seed in range(300)]
    assert {step for runs in drawn for step in runs.steps} == {*STEPS, TOLD}
    assert {len(runs.steps) for runs in drawn} == {4}
    machines = [runs.machine for runs in drawn]
    assert {machine.place for machine in machines} == {PLAIN_PLACE, *PLACES}
    assert {machine.filesystem for machine in machines} == set(FILESYSTEMS)
    policies = {(machine.go_on, machine.fsfreeze) for machine in machines}
    assert len(policies) == 4


def test_only_what_binds_is_drawn() -> None:
    def documented(clause: str) -> bool:
        return binding(CATALOGUE[clause], "2025-04")

    for seed in range(100):
        runs = draw_sequence(Random(seed), documented, 6, FILESYSTEMS)
        assert all(step.killed is None and not step.rests_on for step in runs.steps)
        assert all(documented(clause) for clause in runs.machine.place.rests_on)


@given(any_runs)
def test_a_kill_comes_to_pass_and_what_it_leaves_is_told(runs: Runs) -> None:
    assert settled(runs.machine, runs.steps) == runs
    for before, after in pairwise(runs.steps):
        assert (before == UNDONE) == (after == TOLD)
        if before.killed is not None and before != UNDONE:
            assert after != IN_POST
            assert after.post == "succeed"
    assert runs.steps[0] != TOLD
    if not runs.machine.freezes:
        assert not any(step.at_a_freeze for step in runs.steps)


@given(any_runs)
def test_every_run_has_what_is_due(runs: Runs) -> None:
    for before, plan in zip([None, *runs.steps], planned(runs), strict=False):
        least, most = plan.posts
        killed = before is not None and before.killed is not None
        assert plan.recovers == killed
        assert plan.owed == (killed and before != IN_POST)
        assert 0 <= least <= most <= 2 + killed
        # A run that comes to its end starts its own post-script once, if it starts any script.
        if plan.step.killed is None:
            own = any(getattr(h, "phase", "") == "pre" for h in plan.happenings)
            own = own or PreSucceeded() in plan.happenings
            assert least == own
            assert most == least + killed
        recovery = [
            h for h in plan.happenings if isinstance(h, ScriptFinding) and h.phase == "recover"
        ]
        assert bool(recovery) == (before == UNDONE)


@given(any_runs)
def test_what_happens_is_what_the_contract_lets_happen(runs: Runs) -> None:
    """The model of a sequence and the contract's own fold say the same of freeze and snapshot."""
    machine = runs.machine
    policy = Policy(machine.go_on, machine.fsfreeze, machine.place.single_disk)
    for plan in planned(runs):
        happened = plan.happenings
        due = proceeds(policy, happened[:1])
        frozen = [h for h in happened if isinstance(h, FreezeDone | FreezeOff)]
        asked = any(isinstance(h, SnapshotTaken | SnapshotFailed) for h in happened)
        assert asked == due.snapshot
        assert (frozen == [FreezeDone()]) == (due.snapshot and due.freeze)
        assert judge(policy, happened).status in ("succeeded", "failed")


def test_a_run_without_a_config_recovers_all_the_same() -> None:
    plan = planned(settled(Machine(go_on=False, fsfreeze=False), (KILLED, UNCONFIGURED)))[1]
    assert plan.owed
    assert plan.posts == (0, 1)
    assert isinstance(plan.happenings[0], NotConfigured)
    assert FreezeDone() in plan.happenings


def test_nothing_waits_for_a_freeze_that_never_comes() -> None:
    for words in ("one is killed in its freeze", "one is killed in its thaw"):
        step = _BY_WORDS[words]
        assert settled(Machine(), [step]).steps == (step,)
        for place in PLACES:
            freezes = place.layout != "read-only"
            assert settled(Machine(place), [step]).steps == ((step,) if freezes else (WELL,))
        assert settled(Machine(fsfreeze=False), [step]).steps == (WELL,)


@given(any_runs)
def test_a_simpler_sequence_is_shorter_or_goes_better(runs: Runs) -> None:
    def size(of: Runs) -> tuple[int, int, int]:
        plainer = sum(
            getattr(of.machine, name) != getattr(Machine(), name) for name in vars(of.machine)
        )
        return len(of.steps), sum(step != WELL for step in of.steps), plainer

    for other in simpler(runs):
        assert settled(other.machine, other.steps) == other
        assert size(other) < size(runs) or other == runs


def test_what_fails_in_a_long_sequence_is_told_in_a_line() -> None:
    """An executor that forgets what a killed run owes where the next one finds no config."""

    def fails(runs: Runs) -> bool:
        pairs = pairwise(runs.steps)
        return any(before.owes and not after.configured for before, after in pairs)

    told = set()
    for seed in range(400):
        runs = draw_sequence(Random(seed), anything, 8, FILESYSTEMS)
        if fails(runs):
            told.add(str(shrink(runs, simpler, fails, 40)))
    assert f"{KILLED.words}; then one finds no config" in told
    assert all(line.count("; then ") == 1 for line in told), told
    assert all(line.startswith("one is killed") for line in told), told


def test_a_machine_is_told_before_its_runs() -> None:
    runs = Runs(Machine(PLACES[0], "xfs", go_on=False), (WELL,))
    told = "two disks, one mounted in the other, on xfs, continueBackupOnFailure is false"
    assert str(runs) == f"{told}: a backup goes well"


def test_each_step_has_its_scripts_and_clauses() -> None:
    assert len({step.words for step in STEPS}) == len(STEPS)
    for step in STEPS:
        assert isinstance(step, Step)
        for name in (step.pre, step.post):
            assert fixture(f"scripts/{name}.sh")
        assert [clause for clause in step.rests_on if clause not in CATALOGUE] == []
        if step.killed is not None:
            assert step.rests_on
