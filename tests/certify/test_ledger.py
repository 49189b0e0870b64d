"""The ledger's lines: what they say, and that nothing that is wrong with them is passed over."""

from __future__ import annotations

import pytest

from harness.certify.ledger import read_verification, read_workload
from harness.history import Operation


def test_operations_in_the_order_of_their_tries() -> None:
    lines = ["try b c1 1.0", "try a c2 1.5", "ok a 2.0", "", "ok b 2.5", "try d c1 3"]
    operations, problems = read_workload(lines)
    assert operations == (
        Operation("b", "c1", 1.0, 2.5),
        Operation("a", "c2", 1.5, 2.0),
        Operation("d", "c1", 3.0),
    )
    assert problems == ()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["ok a 1.0"], "never tried"),
        (["try a c 1", "try a c 2"], "tried twice"),
        (["try a c 1", "ok a 2", "ok a 3"], "acknowledged twice"),
        (["try a c 2", "ok a 1"], "before it was tried"),
        (["try a c"], "neither"),
        (["try a c nan"], "neither"),
        (["try a c inf"], "neither"),
        (["connected"], "neither"),
        (["try a b c 1"], "neither"),
    ],
)
def test_lines_that_prove_nothing(lines: list[str], problem: str) -> None:
    _, problems = read_workload(lines)
    assert len(problems) == 1
    assert problem in problems[0]


def test_many_problems_are_counted() -> None:
    _, problems = read_workload(["x"] * 30)
    assert len(problems) == 6
    assert problems[-1] == "and 25 more lines"


def test_a_verification() -> None:
    held = read_verification("has a\nhalf b\n\nfault index x: row 3 is missing\nhas c\n")
    assert (held.has, held.half) == (("a", "c"), ("b",))
    assert held.faults == ("index x: row 3 is missing",)
    assert held.problems == ()


@pytest.mark.parametrize("line", ["hase a", "has", "has a b", "fault", "OK"])
def test_a_verification_that_can_not_be_read(line: str) -> None:
    assert "neither" in read_verification(f"has a\n{line}\n").problems[0]
