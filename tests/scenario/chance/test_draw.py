"""Drawing is repeatable and keeps to what binds; shrinking ends with what a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import binding
from harness.contract.verdict import FreezeDone, Policy, ScriptFinding, judge
from harness.scenario.chance import ingredients as tables
from harness.scenario.chance.circumstances import Circumstances, ingredients, rests_on
from harness.scenario.chance.course import attempts_of, happenings_of, refusal_of
from harness.scenario.chance.draw import draw, settled, shrink, simpler
from tests.scenario.chance.circumstances import any_circumstances, started_circumstances


def anything(_: str) -> bool:
    return True


def documented(clause: str) -> bool:
    return binding(CATALOGUE[clause], "2025-04")


def drawn(seed: int, binds: Callable[[str], bool] = anything) -> Circumstances:
    return draw(Random(seed), binds, ("ext4",))


@given(st.integers())
def test_a_seed_draws_the_same_again(seed: int) -> None:
    assert drawn(seed) == drawn(seed)
    assert settled(drawn(seed)) == drawn(seed)


def test_everything_is_drawn_sooner_or_later() -> None:
    many = [drawn(seed) for seed in range(4000)]
    seen = Counter(name for met in many for name in ingredients(met))
    assert set(seen) == {f.name for f in fields(Circumstances)} - {"filesystem"}
    assert {met.pre for met in many} >= set(tables.BEHAVIOURS)
    assert {met.place for met in many} >= set(tables.PLACES)
    assert {met.content for met in many} >= set(tables.CONTENTS)
    modes = {met.pre_file.mode for met in many if met.pre_file and met.pre_file.mode}
    assert len(modes) > 20


def test_most_runs_get_as_far_as_their_scripts_and_few_are_plain() -> None:
    many = [drawn(seed) for seed in range(2000)]
    assert sum(refusal_of(met) is None for met in many) > 1200
    assert sum(not ingredients(met) for met in many) < 40
    assert max(len(ingredients(met)) for met in many) < 14


def test_few_runs_must_be_waited_for() -> None:
    many = [drawn(seed) for seed in range(2000)]
    waits = sum(met.pre.late + met.post.late + (met.snapshot == "hang") for met in many)
    assert 100 < waits < 500


@given(st.integers())
def test_only_what_binds_is_drawn(seed: int) -> None:
    met = drawn(seed, documented)
    for name in ingredients(met):
        assert all(map(documented, rests_on(getattr(met, name)))), name
    assert met.go_on is not None
    assert not met.open_folder
    assert met.change is None
    assert met.meddling is None
    assert all(map(documented, tables.PARAMETERS.get(met.parameters, ())))


@given(any_circumstances | started_circumstances)
def test_every_simpler_one_is_simpler(met: Circumstances) -> None:
    def size(of: Circumstances) -> tuple[int, int]:
        special = sum(does != tables.FAILS for does in (of.pre, of.post))
        return len(ingredients(of)), of.pre_retries + of.post_retries + special

    for other in simpler(met):
        assert size(other) < size(met) or other == met
        assert settled(other) == other


@given(any_circumstances, st.sets(st.sampled_from([f.name for f in fields(Circumstances)])))
def test_shrinking_keeps_what_makes_it_fail_and_no_more(
    met: Circumstances, needed: set[str]
) -> None:
    wanted = needed & set(ingredients(met))

    def fails(other: Circumstances) -> bool:
        return wanted <= set(ingredients(other))

    smallest = shrink(met, simpler, fails, 500)
    assert fails(smallest)
    assert all(candidate == smallest or not fails(candidate) for candidate in simpler(smallest))


def test_shrinking_asks_no_more_than_it_may_and_nothing_twice() -> None:
    asked: list[Circumstances] = []

    def fails(other: Circumstances) -> bool:
        asked.append(other)
        return True

    met = next(m for m in map(drawn, range(2000)) if len(ingredients(m)) > 6)
    assert shrink(met, simpler, fails, 3) != met
    assert len(asked) == 3
    asked.clear()
    assert ingredients(shrink(met, simpler, fails, 500)) == ()
    assert len(asked) == len(set(asked))


Claim = tuple[str, str, tuple[tuple[str, object], ...]]


def claim(met: Circumstances) -> Claim:
    """What a correct executor would do: status, level, and how often the scripts start."""
    policy = Policy(met.go_on is not False, met.fsfreeze is not False, met.place.single_disk)
    verdict = judge(policy, happenings_of(met))
    return verdict.status, verdict.consistency, tuple(sorted(attempts_of(met).items()))


def _pre_failed(met: Circumstances) -> bool:
    return any(isinstance(h, ScriptFinding) and h.phase == "pre" for h in happenings_of(met))


def forgets_the_post_retries_after_a_failed_pre(met: Circumstances) -> Claim:
    """An executor that starts the post-script once where the pre-script failed."""
    status, level, attempts = claim(met)
    if _pre_failed(met) and met.post_retries and met.change is None:
        attempts = tuple((which, 1 if which == "post" else n) for which, n in attempts)
    return status, level, attempts


def takes_an_unfrozen_set_for_a_frozen_one(met: Circumstances) -> Claim:
    """An executor that claims file-system consistency after any failure of the post-script."""
    status, level, attempts = claim(met)
    failed = any(isinstance(h, ScriptFinding) and h.phase == "post" for h in happenings_of(met))
    if failed and level == "crash" and FreezeDone() not in happenings_of(met):
        level = "file-system"
    return status, level, attempts


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (
            forgets_the_post_retries_after_a_failed_pre,
            "the pre-script fails; the post-script fails; postScriptNoOfRetries is 1",
        ),
        (
            takes_an_unfrozen_set_for_a_frozen_one,
            "fsFreezeEnabled is false; the post-script fails",
        ),
    ],
)
def test_what_a_broken_executor_fails_at_is_told_in_a_line(
    executor: Callable[[Circumstances], Claim], words: str
) -> None:
    def fails(met: Circumstances) -> bool:
        return executor(met) != claim(met)

    told, tries = set(), []
    for first in filter(fails, map(drawn, range(400))):
        asked: list[Circumstances] = []

        def ask(met: Circumstances, asked: list[Circumstances] = asked) -> bool:
            asked.append(met)
            return fails(met)

        told.add(str(shrink(first, simpler, ask, 40)))
        tries.append(len(asked))
    assert tries, "no situation shows it"
    assert words in told
    # A single disk (FBK-08) needs four: the disk, the policy and both scripts.
    assert all(len(line.split("; ")) <= 4 for line in told), told
    assert max(tries) <= 40
