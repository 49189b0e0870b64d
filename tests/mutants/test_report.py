"""The tracked results of the mutants are whole, fresh, and each survivor has its reason."""

from __future__ import annotations

import pytest

from tests.mutants.mutations import CONTRACT, EXECUTOR, digests, mutations, scope_key
from tests.mutants.outcomes import KILLED, SURVIVED, Outcome, outcome_of
from tests.mutants.report import (
    PAGE,
    Reason,
    Result,
    complaints,
    page,
    reasons,
    tracked,
    tracked_reasons,
)

KILLER = "tests/contract/test_catalogue.py::test_every_rule_is_there"
#: The least that issue and docs promise of the executor.
SAMPLE = 300


def test_the_tracked_results_are_whole_and_of_this_code() -> None:
    """`make mutants` mends what this finds; a reason in survivors.toml is for a person to write."""
    results = tracked()
    assert list(complaints(results, tracked_reasons())) == []
    assert len(results[1].outcomes) >= SAMPLE


def test_the_page_is_rendered_from_them() -> None:
    """`python -m tests.mutants report` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page(tracked(), tracked_reasons())


def made(room: str, status: str) -> Result:
    outcomes = tuple(
        outcome_of(m, scope_key(m), ("before", "after"), status, by=KILLER) for m in mutations(room)
    )
    about = {"tool": "a tool", "mutants": len(outcomes)}
    return Result(room, about, digests(room), outcomes)


def replaced(result: Result, *outcomes: Outcome, **scopes: str) -> Result:
    return Result(result.room, result.about, {**result.scopes, **scopes}, outcomes)


def test_nothing_is_said_of_results_that_are_whole() -> None:
    assert list(complaints([made(CONTRACT, KILLED), made(EXECUTOR, KILLED)], {})) == []


def test_a_survivor_needs_a_reason_and_a_reason_a_survivor() -> None:
    result = made(CONTRACT, KILLED)
    first = result.outcomes[0]
    alive = outcome_of(mutations(CONTRACT)[0], first.scope, ("a", "b"), SURVIVED)
    mixed = replaced(result, alive, *result.outcomes[1:])
    why = Reason("equivalent", "It makes no difference.")
    assert list(complaints([mixed], {})) == [
        f"{first.id} survives without a reason in survivors.toml"
    ]
    assert list(complaints([mixed], {first.id: why})) == []
    assert list(complaints([result], {first.id: why})) == [
        f"{first.id} has a reason in survivors.toml, and does not survive"
    ]
    assert "It makes no difference." in page([mixed], {first.id: why})
    assert "no reason yet" in page([mixed], {})


def test_a_result_of_other_code_is_stale() -> None:
    result = made(CONTRACT, KILLED)
    scope = result.outcomes[0].scope
    (stale,) = complaints([replaced(result, *result.outcomes, **{scope: "other"})], {})
    assert stale.startswith(f"{scope} has changed")
    (new,) = complaints(
        [Result(CONTRACT, {}, {**result.scopes, "x.py:": "1"}, result.outcomes)], {}
    )
    assert new.startswith("x.py: has changed")


def test_a_mutant_that_was_not_tried_is_named() -> None:
    result = made(CONTRACT, KILLED)
    (missing,) = complaints([replaced(result, *result.outcomes[1:])], {})
    assert missing == f"{result.outcomes[0].id} was not tried: make mutants"
    # Of the executor a sample is tried.
    sampled = made(EXECUTOR, KILLED)
    assert list(complaints([replaced(sampled, *sampled.outcomes[1:])], {})) == []


#: Tests of old; the last two have lost their parameters alone.
@pytest.mark.parametrize(
    "killer",
    [
        "tests/contract/test_of_old.py",
        "tests/elsewhere/test_of_old.py::test_x",
        "scenarios/test_of_old.py::test_x[y]",
        "tests/contract/test_config.py::test_another_plugin_name_is_a_warning",
        "scenarios/test_freeze.py::test_frozen_by_somebody_else[data-ext4-continue]",
    ],
)
def test_a_test_that_killed_and_is_gone_is_named(killer: str) -> None:
    result = made(CONTRACT, KILLED)
    first = result.outcomes[0]
    gone = outcome_of(mutations(CONTRACT)[0], first.scope, ("a", "b"), KILLED, by=killer)
    (complaint,) = complaints([replaced(result, gone, *result.outcomes[1:])], {})
    assert complaint == f"{first.id} was killed by {killer}, which is not there any more"


def test_a_reason_has_a_kind_and_words() -> None:
    entry = '[[survivor]]\nids = ["a", "b"]\nkind = "{}"\nreason = "{}"\n'
    told = reasons(entry.format("accepted", "So."))
    assert told == {"a": Reason("accepted", "So."), "b": Reason("accepted", "So.")}
    for wrong in (entry.format("because", "So."), entry.format("accepted", " ")):
        with pytest.raises(ValueError, match="kind must be one of"):
            reasons(wrong)
    with pytest.raises(ValueError, match="two reasons"):
        reasons(entry.format("accepted", "So.") * 2)
