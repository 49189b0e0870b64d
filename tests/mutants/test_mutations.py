"""Mutants have ids that stay, drawn samples stay, and outcomes count only for their own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import outcomes
from tests.mutants.mutations import (
    CONTRACT,
    EXECUTOR,
    Mutation,
    by_id,
    digests,
    is_viable,
    mutations,
    mutations_of,
    read,
    sample,
    scope_key,
    scopes,
    shard,
    shown,
)
from tests.mutants.outcomes import KILLED, SURVIVED, Outcome, State

SOURCE = '''"""A module."""

LIMIT = 3


class Box:
    """A box."""

    size = 1

    def fits(self, other: int) -> bool:
        """Whether it fits."""
        return other < self.size


def twice(number: int) -> int:
    # A comment.
    return number + number if number == 2 else number * 2
'''


def test_each_mutant_has_an_id_of_its_own() -> None:
    for room in (CONTRACT, EXECUTOR):
        found = mutations(room)
        assert len(found) > 500
        assert len(by_id(found)) == len(found)


def test_an_id_stays_where_only_something_else_changes() -> None:
    before = by_id(mutations_of("executor/a.py", SOURCE))
    moved = by_id(mutations_of("executor/a.py", SOURCE.replace("LIMIT = 3", "LIMIT = 3\nMORE = 4")))
    assert set(before) < set(moved)
    assert {moved[name].line - before[name].line for name in before} == {0, 1}
    changed = by_id(mutations_of("executor/a.py", SOURCE.replace("other < self", "other > self")))
    assert {m.scope for name, m in before.items() if name not in changed} == {"Box.fits"}


def test_a_digest_follows_the_code_of_its_scope_alone() -> None:
    def told(source: str) -> dict[str, str]:
        return {scope.name: scope.digest for scope in scopes(source)}

    before = told(SOURCE)
    assert set(before) == {"", "Box", "Box.fits", "twice"}
    quiet = SOURCE.replace("# A comment.", "# Another one.").replace("A box.", "Some box.")
    assert told(quiet) == before
    for old, new, name in (
        ("LIMIT = 3", "LIMIT = 4", ""),
        ("size = 1", "size = 2", "Box"),
        ("other < self", "other > self", "Box.fits"),
        ("number * 2", "number * 3", "twice"),
    ):
        after = told(SOURCE.replace(old, new))
        assert {scope for scope in before if after[scope] != before[scope]} == {name}


def test_a_mutant_is_a_program_that_says_something_else() -> None:
    mutation = next(m for m in mutations(CONTRACT) if m.operator == "AddNot")
    original, changed = read(mutation.module), mutation.source()
    assert is_viable(changed, original)
    before, after = shown(changed, original)
    assert before in " ".join(original.split())
    assert "not" in after
    assert not is_viable(original + "# no more than a comment\n", original)
    assert not is_viable("def (:\n", original)
    with pytest.raises(LookupError, match="no such place"):
        Mutation("x", mutation.module, "", "AddNot", 10_000, 1).source()


def test_what_the_tool_cannot_make_is_no_mutant() -> None:
    dotted = [
        m
        for m in mutations(CONTRACT)
        if m.operator == "ExceptionReplacer" and "configparser.Error" in m.source()
    ]
    original = read("contract/pluginhost.py")
    unmade = [m for m in dotted if not is_viable(m.source(), original)]
    assert [m.module for m in unmade] == ["contract/pluginhost.py"]


def test_a_sample_depends_on_each_mutant_and_the_seed_alone() -> None:
    found = mutations(EXECUTOR)
    drawn = sample(found, 50, seed=1)
    assert len(drawn) == 50
    assert sample(found[::-1], 50, seed=1) == drawn
    assert set(sample([m for m in found if m != drawn[0]], 50, seed=1)) > set(drawn[1:])
    assert set(sample(found, 50, seed=2)) != set(drawn)
    parts = [shard(drawn, (number, 3)) for number in (1, 2, 3)]
    assert sorted(m.id for part in parts for m in part) == sorted(m.id for m in drawn)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(outcomes, "STATE", tmp_path / "state")
    monkeypatch.setattr(outcomes, "_RESULTS", tmp_path / "results")
    return tmp_path


def test_a_run_goes_on_where_it_was(folder: Path) -> None:
    now = digests(CONTRACT)
    one, two, three, four = mutations(CONTRACT)[:4]

    def outcome(mutation: Mutation, status: str) -> Outcome:
        scope = scope_key(mutation)
        by = "tests/contract/test_catalogue.py::test_every_rule_is_there"
        return outcomes.outcome_of(mutation, scope, ("a", "b"), status, by=by)

    state = State(CONTRACT, now)
    state.add(outcome(one, KILLED))
    state.add(outcome(two, SURVIVED))
    state.add(outcome(two, KILLED))
    assert state.get(one) == outcome(one, KILLED)
    again = State(CONTRACT, now)
    assert again.get(one) == outcome(one, KILLED)
    assert again.get(two) == outcome(two, KILLED)
    assert again.get(three) is None
    gone = "tests/contract/test_of_old.py::test_x"
    state.add(outcomes.outcome_of(four, scope_key(four), ("a", "b"), KILLED, by=gone))
    assert State(CONTRACT, now).get(four) is None
    changed = dict.fromkeys(now, "changed")
    assert State(CONTRACT, changed).get(one) is None
    # What is tracked counts as well, and so does its code.
    outcomes.save(CONTRACT, {}, now, [outcome(three, SURVIVED)])
    assert State(CONTRACT, now).get(three) == outcome(three, SURVIVED)
    assert State(CONTRACT, changed).get(three) is None
