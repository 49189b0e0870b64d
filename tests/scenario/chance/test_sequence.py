"""Sequences of runs: what each step leaves to the next, and what a simpler sequence is."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import binding
from harness.contract.verdict import NotConfigured, Policy, PreSucceeded, ScriptFinding, judge
from harness.scenario.chance.draw import shrink
from harness.scenario.chance.sequence import (
    IN_POST,
    STEPS,
    TOLD,
    UNDONE,
    WELL,
    Step,
    Steps,
    describe,
    draw_sequence,
    planned,
    settled,
    simpler,
)
from harness.scenario.suite import fixture

_BY_WORDS = {step.words: step for step in STEPS}
KILLED = _BY_WORDS["one is killed in its pre-script"]
UNCONFIGURED = _BY_WORDS["one finds no config"]
any_steps: st.SearchStrategy[Steps] = st.lists(
    st.sampled_from([*STEPS, TOLD]), min_size=1, max_size=8
).map(settled)


def test_a_seed_draws_the_same_again() -> None:
    def anything(_: str) -> bool:
        return True

    sequences = [draw_sequence(Random(seed), anything, 4) for seed in range(300)]
    assert sequences == [draw_sequence(Random(seed), anything, 4) for seed in range(300)]
    assert {step for steps in sequences for step in steps} == {*STEPS, TOLD}
    assert {len(steps) for steps in sequences} == {4}


def test_only_what_binds_is_drawn() -> None:
    def documented(clause: str) -> bool:
        return binding(CATALOGUE[clause], "2025-04")

    for seed in range(100):
        steps = draw_sequence(Random(seed), documented, 6)
        assert all(step.killed is None and not step.rests_on for step in steps)


@given(any_steps)
def test_a_kill_comes_to_pass_and_what_it_leaves_is_told(steps: Steps) -> None:
    assert settled(steps) == steps
    for before, after in pairwise(steps):
        assert (before == UNDONE) == (after == TOLD)
        if before.killed is not None and before != UNDONE:
            assert after != IN_POST
            assert after.post == "succeed"
    assert steps[0] != TOLD


@given(any_steps)
def test_every_run_has_what_is_due(steps: Steps) -> None:
    for before, plan in zip([None, *steps], planned(steps), strict=False):
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
            assert judge(Policy(), plan.happenings).status in ("succeeded", "failed")
        recovery = [
            h for h in plan.happenings if isinstance(h, ScriptFinding) and h.phase == "recover"
        ]
        assert bool(recovery) == (before == UNDONE)


def test_a_run_without_a_config_recovers_all_the_same() -> None:
    plan = planned((KILLED, UNCONFIGURED))[1]
    assert plan.owed
    assert plan.posts == (0, 1)
    assert isinstance(plan.happenings[0], NotConfigured)


@given(any_steps)
def test_a_simpler_sequence_is_shorter_or_goes_better(steps: Steps) -> None:
    def size(of: Steps) -> tuple[int, int]:
        return len(of), sum(step != WELL for step in of)

    for other in simpler(steps):
        assert settled(other) == other
        assert size(other) < size(steps) or other == steps


def test_what_fails_in_a_long_sequence_is_told_in_a_line() -> None:
    """An executor that forgets what a killed run owes where the next one finds no config."""

    def fails(steps: Steps) -> bool:
        pairs = pairwise(steps)
        return any(before.owes and not after.configured for before, after in pairs)

    told = set()
    for seed in range(400):
        steps = draw_sequence(Random(seed), lambda _: True, 8)
        if fails(steps):
            told.add(describe(shrink(steps, simpler, fails, 40)))
    assert f"{KILLED.words}; then one finds no config" in told
    assert all(line.count("; then ") == 1 for line in told), told


def test_each_step_has_its_scripts_and_clauses() -> None:
    assert len({step.words for step in STEPS}) == len(STEPS)
    for step in STEPS:
        assert isinstance(step, Step)
        for name in (step.pre, step.post):
            assert fixture(f"scripts/{name}.sh")
        assert [clause for clause in step.rests_on if clause not in CATALOGUE] == []
        if step.killed is not None:
            assert step.rests_on
