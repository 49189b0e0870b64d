"""Several survivors in one executor: each change is there, and each is judged for itself."""

from __future__ import annotations

import io
import itertools
import zipfile
from typing import Any, cast

from tests.mutants.company import change_of, companies, judge_together, together
from tests.mutants.executor import Scenarios
from tests.mutants.lines import Course
from tests.mutants.mutations import EXECUTOR, Mutation, mutations, read, scope_key
from tests.mutants.outcomes import KILLED, SURVIVED, Outcome, outcome_of
from tests.mutants.stage import Played

MODULE = "executor/settings.py"
CHOSEN = [m for m in mutations(EXECUTOR) if m.module == MODULE and m.operator == "AddNot"]


def source_in(archive: bytes) -> list[str]:
    """The lines of the module as it is packed."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return packed.read(f"harness/{MODULE}").decode().splitlines()


def survivor(mutation: Mutation) -> tuple[Mutation, Outcome]:
    return mutation, outcome_of(mutation, scope_key(mutation), ("", ""), SURVIVED, tried=1, near=9)


def test_no_two_of_a_company_change_the_same_lines() -> None:
    everything = [m for m in mutations(EXECUTOR) if m.module == MODULE]
    groups = companies(everything, 5)
    assert sorted(m.id for group in groups for m in group) == sorted(m.id for m in everything)
    assert all(len(group) <= 5 for group in groups)
    for group in groups:
        places = sorted(change_of(m)[:2] for m in group)
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(places))


def test_every_change_is_in_the_executor() -> None:
    (group,) = companies(CHOSEN, len(CHOSEN))
    archive = together(group)
    assert len(group) > 2
    for mutation in group:
        for line in change_of(mutation)[2]:
            assert line not in read(MODULE).splitlines()
            assert line in source_in(archive)


class Judge:
    """Scenarios of which each fails by some mutants, which it knows by a line of theirs."""

    def __init__(self, fails: dict[str, str]) -> None:
        self.fails = fails
        self.played: list[tuple[str, int]] = []

    def noticed(self, course: Course, archive: bytes, following: str | None = None) -> Any:
        lines = source_in(archive)
        present = [m for m in CHOSEN if change_of(m)[2][0] in lines]
        self.played.append((course.scenario, len(present)))
        if self.fails.get(course.scenario) in {m.id for m in present}:
            return Played(False, 1.0, "FRZ-01.frozen (failed)")
        return None


def test_who_fails_alone_is_killed_and_the_others_go_on() -> None:
    one, two, three = CHOSEN[:3]
    lines = {MODULE: frozenset(range(1, 200))}
    courses = [Course(name, 1.0, lines) for name in ("a", "b", "c")]
    judge = Judge({"b": two.id})
    known = [survivor(m) for m in (one, two, three)]
    outcomes = {o.id: o for o in judge_together(cast(Scenarios, judge), courses, known)}
    assert (outcomes[two.id].status, outcomes[two.id].by) == (KILLED, "b")
    for mutation in (one, three):
        assert outcomes[mutation.id].status == SURVIVED
        assert outcomes[mutation.id].tried == outcomes[mutation.id].near == 3
    assert judge.played == [("a", 3), ("b", 3), ("b", 1), ("b", 1), ("b", 1), ("c", 2)]


def test_only_the_scenarios_that_execute_it_are_for_a_mutant() -> None:
    one, two = CHOSEN[0], CHOSEN[-1]
    here = Course("here", 1.0, {MODULE: frozenset({one.line})})
    nowhere = Course("nowhere", 1.0, {MODULE: frozenset({1000})})
    judge = Judge({"here": two.id})
    known = [survivor(one), survivor(two)]
    outcomes = list(judge_together(cast(Scenarios, judge), [here, nowhere], known))
    assert judge.played == [("here", 1)]
    assert [outcome.status for outcome in outcomes] == [SURVIVED, SURVIVED]
