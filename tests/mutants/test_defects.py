"""Each defect still fits the code that it breaks, and the table of their runs is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract.clauses import CATALOGUE
from tests.mutants.collected import is_there
from tests.mutants.defect import Defect, Edit, KitDefect, digest
from tests.mutants.defects import all_defects
from tests.mutants.table import complaints, enter, situations
from tests.mutants.trial import Failure, Trial, broken_executor, broken_kit
from tests.overlay import StaleEdit, edited

DEFECTS = all_defects()
SCENARIO = "scenarios/test_attempts.py::test_argument_is_too_long[data-ext4]"


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_fits_the_code(name: str, tmp_path: Path) -> None:
    defect = DEFECTS[name]
    assert defect.breaks
    assert [clause for clause in defect.breaks if clause not in CATALOGUE] == []
    if isinstance(defect, KitDefect):
        broken_kit(defect, tmp_path / "kit")
    else:
        assert broken_executor(defect) != broken_executor(Defect(name, (), (), ""))


def test_an_edit_that_does_not_fit_is_named() -> None:
    files = {"harness/a.py": b"one two two"}
    with pytest.raises(StaleEdit, match=r"no harness/b\.py"):
        edited(files, [Edit("b.py", "x", "y")], "harness/")
    for old, count in (("three", 0), ("two", 2)):
        with pytest.raises(StaleEdit, match=f"{count} times"):
            edited(files, [Edit("a.py", old, "y")], "harness/")
    assert edited(files, [Edit("a.py", "one", "1")], "harness/") == {"harness/a.py": b"1 two two"}


def test_the_table_complains_of_what_no_run_has_shown() -> None:
    clause = next(c.id for c in CATALOGUE.values() if c.observable)
    defect = Defect("wrong", (clause,), (Edit("executor/run.py", "a", "b"),), "test_x")
    noticed = Trial({clause: Failure(SCENARIO, "this", "that")}, True, "")
    table: dict[str, dict[str, dict[str, str]]] = {}
    assert any(clause in sentence for sentence in complaints(table, {"wrong": defect}))
    enter(table, defect, noticed)
    assert not any(clause in sentence for sentence in complaints(table, {"wrong": defect}))
    changed = Defect("wrong", (clause,), (Edit("executor/run.py", "a", "c"),), "test_x")
    assert digest(changed) != digest(defect)
    assert any("wrong" in sentence for sentence in complaints(table, {"wrong": changed}))
    assert any("no defect" in sentence for sentence in complaints(table, {}))
    enter(table, defect, Trial({}, True, ""))
    assert any(clause in sentence for sentence in complaints(table, {"wrong": defect}))
    of_old = Failure(SCENARIO.replace("data-ext4", "data-ext4-of-old"), "this", "that")
    enter(table, defect, Trial({clause: of_old}, True, ""))
    assert any("wrong" in sentence for sentence in complaints(table, {"wrong": defect}))


@pytest.mark.parametrize(
    "test",
    [
        "scenarios/certification/test_level3_consistent.py::test_consistent[round01-ext4]",
        "tests/contract/test_catalogue.py",
        "tests/contract/test_catalogue.py::test_every_rule_is_there",
    ],
)
def test_what_is_there_is_found(test: str) -> None:
    assert is_there(test)
    assert not is_there(f"{test}[of-old]")


def test_parameters_and_repeats_are_one_situation() -> None:
    def row(scenario: str) -> dict[str, str]:
        return {"defect": "0", "scenario": scenario, "expected": "this"}

    table = {
        "FRZ-01.frozen": {
            "one": row("scenarios/test_x.py::test_y[data-ext4]"),
            "two": row("scenarios/test_x.py::test_y[single-disk-xfs-true]"),
            "three": row("scenarios/test_x.py::test_z[data-ext4]"),
        },
        "FRZ-03.thawed": {"one": row("scenarios/test_x.py::test_y[data-ext4]")},
    }
    assert situations(table) == {
        ("FRZ-01.frozen", "scenarios/test_x.py::test_y"),
        ("FRZ-01.frozen", "scenarios/test_x.py::test_z"),
        ("FRZ-03.thawed", "scenarios/test_x.py::test_y"),
    }
