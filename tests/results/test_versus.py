"""Two records side by side: where the two executors differ, and which of them does worse."""

from __future__ import annotations

from dataclasses import replace

from harness.results.record import CheckLine, ExecutorInfo, Header, Record, Status
from harness.results.versus import versus

CLAUSE, OTHER = "FBK-01.status", "RUN-05.tree"


def record(name: str, *checks: tuple[str, str, Status], plan: tuple[str, ...] = ()) -> Record:
    header = Header("0", "snapcert", "strict", ExecutorInfo(name, "1"), "e", "k", "i", 0, "now")
    lines = tuple(
        CheckLine(scenario, "r", clause, clause.split(".")[0], "seed", status, "", f"{name} did it")
        for scenario, clause, status in checks
    )
    return Record(header, plan=plan, checks=lines)


def test_two_that_do_the_same() -> None:
    checks: list[tuple[str, str, Status]] = [("s", CLAUSE, "passed"), ("s", OTHER, "failed")]
    found = versus(record("a", *checks), record("b", *checks))
    assert found.differences == ()
    assert not found.worse
    assert found.alike == 2
    assert found.sentence == "no rule is kept differently: 2 clauses compared"


def test_a_clause_that_only_the_second_breaks() -> None:
    first = record("a", ("s", CLAUSE, "passed"), ("t", CLAUSE, "passed"))
    second = record("b", ("s", CLAUSE, "failed"), ("t", CLAUSE, "passed"))
    found = versus(first, second)
    (difference,) = found.differences
    assert (difference.rule, difference.scenarios) == ("FBK-01", ("s",))
    assert difference.second.observed == "b did it"
    assert found.worse
    assert not versus(second, first).worse


def test_worse_in_one_more_scenario() -> None:
    first = record("a", ("s", CLAUSE, "failed"), ("t", CLAUSE, "passed"))
    second = record("b", ("s", CLAUSE, "failed"), ("t", CLAUSE, "failed"))
    assert versus(first, second).worse
    assert not versus(second, first).worse


def test_a_clause_is_as_bad_in_a_scenario_as_its_worst_check() -> None:
    first = record("a", ("s", CLAUSE, "failed"), ("s", CLAUSE, "passed"))
    second = record("b", ("s", CLAUSE, "passed"), ("s", CLAUSE, "failed"))
    assert versus(first, second).differences == ()


def test_what_only_one_was_judged_by() -> None:
    both = record("a", ("s", CLAUSE, "passed"), ("s", OTHER, "passed"))
    one = record("b", ("s", CLAUSE, "passed"))
    (difference,) = versus(both, one).differences
    assert (difference.clause, difference.second.words) == (OTHER, "not judged")


def test_what_does_not_apply_is_told_with_its_reason() -> None:
    first = record("a", ("s", CLAUSE, "failed"), ("s", OTHER, "passed"))
    second = record("b", ("s", CLAUSE, "not-applicable"), ("s", OTHER, "passed"))
    executor = replace(second.header.executor, not_applicable={"FBK-01": "it has no policy"})
    second = replace(second, header=replace(second.header, executor=executor))
    found = versus(first, second)
    (difference,) = found.differences
    assert difference.second.observed == "it has no policy"
    assert difference.second.words == "not-applicable"
    assert not found.worse
    assert found.sentence.startswith("1 rule is kept differently")
    # Nobody was judged by it: no difference.
    silent = record("c", ("s", OTHER, "passed"))
    assert versus(silent, second).differences == ()


def test_a_check_that_one_scenario_has_with_one_of_them_is_no_difference() -> None:
    first = record("a", ("s", CLAUSE, "passed"), ("t", CLAUSE, "failed"))
    second = record("b", ("s", CLAUSE, "passed"))
    assert versus(first, second).differences == ()


def test_what_a_person_reads() -> None:
    first = record("a", ("s", CLAUSE, "warned"), plan=("s",))
    second = record("b", ("s", CLAUSE, "failed"), plan=("s", "t"))
    found = versus(first, second)
    shown = "\n".join(found.lines())
    assert "A  a 1" in shown
    assert "B  failed in 1 scenario: b did it" in shown
    assert "1 scenarios were run with one of them alone" in shown
    table = found.markdown()
    assert "| FBK-01 |" in table
    assert "warned in 1 scenario: a did it | failed in 1 scenario: b did it | s |" in table
    assert "did not reach its end" in table
