"""What a conformance run says of the clauses that nobody looked at."""

from __future__ import annotations

from dataclasses import replace

from harness.contract.clauses import CATALOGUE
from harness.results.coverage import coverage
from harness.results.record import CheckLine, ExecutorInfo, Header, KitInfo

HEADER = Header("0", "snapcert", "strict", ExecutorInfo("x"), "e", "k", "i", 0, "now")


def check(clause: str, status: str = "passed") -> CheckLine:
    rule = clause.split(".", maxsplit=1)[0]
    return CheckLine("s", "r", clause, rule, "seed", status, "", "")  # type: ignore[arg-type]


def test_what_was_not_checked_is_named() -> None:
    found = coverage(HEADER, [check("FBK-01.status"), check("RUN-05.tree", "failed")])
    assert found is not None
    assert found.checked == ("RUN-05.tree", "FBK-01.status")
    assert "FBK-01.level" in found.unchecked
    assert found.sentence.startswith("2 of the ")


def test_a_check_that_was_not_executed_does_not_count() -> None:
    found = coverage(HEADER, [check("FBK-01.status", "not-applicable")])
    assert found is not None
    assert found.checked == ()


def test_only_what_binds_is_asked_for() -> None:
    strict = coverage(HEADER, [])
    documented = coverage(replace(HEADER, rules="2017-04"), [])
    assert strict is not None
    assert documented is not None
    assert set(documented.unchecked) < set(strict.unchecked)
    assert all(CATALOGUE[c].basis in ("seed", "config-readme") for c in documented.unchecked)
    assert all(CATALOGUE[c].observable for c in strict.unchecked)


def test_a_rule_declared_not_applicable_is_not_asked_for() -> None:
    executor = ExecutorInfo("x", not_applicable={"ROB-01": "it has no lock"})
    found = coverage(replace(HEADER, executor=executor), [])
    assert found is not None
    assert not any(clause.startswith("ROB-01") for clause in found.unchecked)


def test_a_certification_is_about_a_kit() -> None:
    assert coverage(replace(HEADER, kit=KitInfo("k")), []) is None
