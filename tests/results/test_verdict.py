"""The verdict: what counts as having been shown."""

from __future__ import annotations

import pytest

from harness.history import Finding
from harness.results.record import (
    CheckLine,
    ControlLine,
    KitInfo,
    Line,
    PlanLine,
    RoundLine,
    ScenarioLine,
    Status,
)
from harness.results.verdict import STATUSES, count, judge, status_of, worst

PASSED = ScenarioLine("a", "passed", 1.0)
ROUND = RoundLine(1, "a", "r1", "passed", "application", "application")
CAUGHT = ControlLine("dropped", "oracle", True)
KIT = KitInfo("ledger", level=3)


def check(status: Status, clause: str = "FBK-01.status") -> CheckLine:
    return CheckLine("a", "", clause, clause.split(".", maxsplit=1)[0], "seed", status, "x", "y")


def test_the_order_of_statuses_is_the_designs() -> None:
    assert STATUSES == (
        "not-applicable",
        "skipped",
        "passed",
        "warned",
        "failed",
        "hung",
        "crashed",
        "harness-error",
    )


@pytest.mark.parametrize(
    ("holds", "binding", "status"),
    [
        (True, True, "passed"),
        (True, False, "passed"),
        (False, True, "failed"),
        (False, False, "warned"),
    ],
)
def test_a_clause_that_does_not_bind_only_warns(holds: bool, binding: bool, status: str) -> None:
    assert status_of(Finding("FBK-01.status", holds, "x", "y"), binding) == status


def test_worst() -> None:
    assert worst(["passed", "hung", "failed"]) == "hung"
    assert worst([]) == "not-applicable"


@pytest.mark.parametrize(
    ("lines", "kit", "interrupted", "word", "code", "says"),
    [
        ([PASSED], None, "", "conforms", 0, "1 of 1"),
        ([PASSED, check("warned")], None, "", "conforms", 0, ""),
        ([], None, "", "incomplete", 2, "nothing was executed"),
        ([ScenarioLine("a", "not-applicable", 0)], None, "", "incomplete", 2, "nothing"),
        ([ScenarioLine("a", "skipped", 0)], None, "", "incomplete", 2, "nothing"),
        ([PASSED, ScenarioLine("b", "skipped", 0)], None, "", "incomplete", 2, "skipped: b"),
        ([PlanLine(("a", "b")), PASSED], None, "", "incomplete", 2, "never ran: b"),
        ([PASSED], None, "by the user", "incomplete", 2, "by the user"),
        ([PASSED, check("failed")], None, "", "does-not-conform", 1, "FBK-01.status"),
        ([PASSED, check("failed")], None, "by the user", "does-not-conform", 1, "FBK-01"),
        ([ScenarioLine("a", "hung", 9)], None, "", "does-not-conform", 1, "hung in a"),
        (
            [ScenarioLine("a", "crashed", 9)],
            None,
            "",
            "does-not-conform",
            1,
            "usable outcome, in a",
        ),
        ([ScenarioLine("a", "failed", 9)], None, "", "does-not-conform", 1, "failed: a"),
        (
            [ScenarioLine("a", "harness-error", 9), check("failed")],
            None,
            "",
            "harness-failed",
            3,
            "failed in a",
        ),
        ([PASSED, ROUND, CAUGHT], KIT, "", "conforms", 0, ""),
        ([PASSED, CAUGHT], KIT, "", "incomplete", 2, "no round"),
        ([PASSED, CAUGHT], KitInfo("k", level=2), "", "conforms", 0, ""),
        ([PASSED, ROUND], KIT, "", "not-proven", 2, "no control"),
        (
            [PASSED, ROUND, CAUGHT, ControlLine("halved", "oracle", False)],
            KIT,
            "",
            "not-proven",
            2,
            "not caught: halved",
        ),
        ([PASSED, ROUND, CAUGHT, ControlLine("x", "script", False)], KIT, "", "conforms", 0, ""),
        (
            [PASSED, RoundLine(4, "a", "r", "failed", "application", "crash"), CAUGHT],
            KIT,
            "",
            "does-not-conform",
            1,
            "rounds that failed: 4",
        ),
    ],
)
def test_verdict(
    lines: list[Line], kit: KitInfo | None, interrupted: str, word: str, code: int, says: str
) -> None:
    verdict = judge(lines, kit, interrupted)
    assert (verdict.word, verdict.exit_code) == (word, code)
    assert says in "; ".join(verdict.why)


@pytest.mark.parametrize(("kit", "word"), [(KIT, "incomplete"), (None, "conforms")])
def test_a_part_of_the_suite_certifies_no_kit(kit: KitInfo | None, word: str) -> None:
    verdict = judge([PASSED, ROUND, CAUGHT], kit, selection="-k round1")
    assert verdict.word == word
    assert "by -k round1" in verdict.why[-1]


def test_counts_are_in_rising_order_without_zeros() -> None:
    lines: list[Line] = [check("failed"), check("passed"), check("passed"), PASSED]
    assert count(lines) == {"scenarios": {"passed": 1}, "checks": {"passed": 2, "failed": 1}}
    assert list(count(lines)["checks"]) == ["passed", "failed"]


def test_many_names_are_cut() -> None:
    verdict = judge([check("failed", f"X-{n:02d}.y") for n in range(9)])
    assert "and 3 more" in verdict.why[0]
