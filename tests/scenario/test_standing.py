"""What stays of a scenario that can't be judged again to its end."""

from __future__ import annotations

from dataclasses import replace

from harness.results.record import CheckLine, Header, Line, Record, RoundLine, ScenarioLine, Status
from harness.scenario.standing import standing
from tests.results.sample import conform_header

WHY = "can't be judged again: one more run of it is not in the record"
HEADER: Header = conform_header()


def check(status: Status, run: str = "r1", clause: str = "FBK-03.status") -> CheckLine:
    return CheckLine("a", run, clause, clause.partition(".")[0], "seed", status, "x", "y")


def stays(*then: CheckLine | ScenarioLine | RoundLine, again: tuple[Line, ...] = ()) -> list[Line]:
    record = Record(
        HEADER,
        ("a",),
        tuple(line for line in then if isinstance(line, ScenarioLine)),
        tuple(line for line in then if isinstance(line, CheckLine)),
        rounds=tuple(line for line in then if isinstance(line, RoundLine)),
    )
    return list(standing(record, "a", WHY, again, "2025-04"))


def own(lines: list[Line]) -> ScenarioLine:
    *_, last = lines
    assert isinstance(last, ScenarioLine)
    return last


FAILED = ScenarioLine("a", "failed", 1.0, title="a title", stories=("a story",))


def test_nothing_failed_then_or_now() -> None:
    (line,) = stays(check("passed"), replace(FAILED, status="passed"))
    assert (own([line]).status, own([line]).skipped_reason) == ("skipped", WHY)
    assert own([line]).title == "a title"


def test_what_failed_at_a_run_that_was_not_judged_again() -> None:
    lines = stays(check("passed"), check("failed", "r2"), FAILED, again=(check("passed"),))
    assert [line.run for line in lines if isinstance(line, CheckLine)] == ["r2"]
    assert (own(lines).status, own(lines).message) == ("failed", f"it failed, and {WHY}")
    assert own(lines).stories == ("a story",)


def test_what_failed_then_and_holds_now_is_a_gap() -> None:
    lines = stays(check("failed"), FAILED, again=(check("passed"),))
    assert [own(lines)] == lines
    assert own(lines).status == "skipped"


def test_of_one_clause_in_one_run_the_first_were_judged_again() -> None:
    then = (check("failed"), check("passed"), check("failed"), FAILED)
    lines = stays(*then, again=(check("passed"), check("passed")))
    assert [line for line in lines if isinstance(line, CheckLine)] == [check("failed")]


def test_what_fails_now_fails() -> None:
    lines = stays(replace(FAILED, status="passed"), again=(check("failed"),))
    assert (own(lines).status, len(lines)) == ("failed", 1)


def test_a_round_that_failed() -> None:
    then = RoundLine(4, "a", "r4", "failed", "application", "crash")
    lines = stays(then, FAILED)
    assert (then in lines, own(lines).status) == (True, "failed")
    again = replace(then, status="passed")
    assert own(stays(then, check("failed", "r4"), FAILED, again=(again,))).status == "failed"
    both = (again, check("passed", "r4"))
    assert own(stays(then, check("failed", "r4"), FAILED, again=both)).status == "skipped"


def test_what_the_executor_declares_is_no_gap() -> None:
    lines = stays(replace(FAILED, status="not-applicable"))
    assert own(lines).status == "not-applicable"


def test_a_failure_of_the_harness_is_a_gap() -> None:
    assert own(stays(replace(FAILED, status="harness-error"))).status == "skipped"
