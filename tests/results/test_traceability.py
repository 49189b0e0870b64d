"""Clause, checks, result: from the record alone."""

from __future__ import annotations

from harness.contract.clauses import CATALOGUE
from harness.results.reader import parse
from harness.results.record import CheckLine, ExecutorInfo, Header, Status, encode
from harness.results.traceability import render, situation, traces

HEADER = Header("0", "snapcert", "2017-04", ExecutorInfo("agent | x"), "e", "k", "i", 0, "now")
SCENARIO = "scenarios/test_scripts.py::test_x[data-{}-pre]"


def check(clause: str, status: Status = "passed", filesystem: str = "ext4") -> CheckLine:
    rule = clause.split(".", maxsplit=1)[0]
    return CheckLine(SCENARIO.format(filesystem), "r", clause, rule, "seed", status, "", "")


def test_the_filesystem_makes_no_other_situation() -> None:
    assert situation(SCENARIO.format("xfs")) == "scripts::x[data-pre]"
    found = {t.clause.id: t for t in traces([check("RUN-05.tree", filesystem=f) for f in
                                             ("ext4", "xfs")])}  # fmt: skip
    assert found["RUN-05.tree"].situations == ("scripts::x[data-pre]",)
    assert found["RUN-05.tree"].checks["passed"] == 2
    assert tuple(found) == tuple(CATALOGUE)


def test_the_result_is_the_worst_that_was_seen() -> None:
    found = {t.clause.id: t.result for t in traces([
        check("RUN-05.tree"), check("RUN-05.tree", "failed"), check("RUN-09.cwd", "not-applicable")
    ])}  # fmt: skip
    assert found["RUN-05.tree"] == "failed"
    assert found["RUN-09.cwd"] is None
    assert found["FBK-01.status"] is None


def test_the_page_says_what_was_not_checked_and_why() -> None:
    lines = [check("RUN-05.tree", "warned")]
    text = render(parse(b"".join(encode(line) for line in (HEADER, *lines))))
    assert f"1 of {len(CATALOGUE)} clauses were checked, in 1 situations: 1 pairs" in text
    rows = {line.split("**")[1]: line for line in text.splitlines() if line.startswith("| **")}
    assert set(rows) == set(CATALOGUE)
    assert "| warned |" in rows["RUN-05.tree"]
    assert "advisory" in rows["RUN-05.tree"]
    assert "advisory" not in rows["FBK-01.status"]
    assert "**not checked**" in rows["FBK-01.status"]
    assert "can't be observed: " in rows["SNP-01.all-disks"]
