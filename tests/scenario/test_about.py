"""What a broken clause of the project's own takes with it, where it does not bind."""

from __future__ import annotations

from harness.history import Finding, Outcome
from harness.scenario.about import without_consequences

ABOUT = ("FRZ-01.once", "FRZ-01.foreign")
WELL = Outcome("succeeded", "application")


def finding(clause: str, holds: bool = True) -> Finding:
    return Finding(clause, holds, "so", "thus")


OTHERS = (finding("FBK-01.level", False), finding("FBK-07.level"), finding("PLG-01.exit"))


def test_all_is_judged_where_the_clauses_are_kept() -> None:
    findings = (finding("FRZ-01.once"), *OTHERS)
    assert without_consequences(findings, ABOUT, WELL) == findings


def test_only_the_broken_clause_is_told_and_what_is_true_whatever_led_to_it() -> None:
    broken = finding("FRZ-01.once", holds=False)
    kept = without_consequences((broken, *OTHERS), ABOUT, WELL)
    assert kept == (broken, *OTHERS[1:])


def test_an_executor_that_claims_little_is_not_blamed_for_it() -> None:
    findings = (finding("FRZ-01.once"), *OTHERS)
    for claim in (Outcome("succeeded", "crash"), Outcome("failed", "none")):
        assert OTHERS[0] not in without_consequences(findings, ABOUT, claim)


def test_an_executor_without_an_outcome_is_judged_for_that() -> None:
    assert without_consequences(OTHERS, ABOUT, None) == OTHERS
