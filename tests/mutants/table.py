"""The tracked table: each clause, and the broken executor that fails its check.

It is written by `make mutants` from real runs and compared with the catalogue by `make test`: a
clause without a row, or a row of a defect or a scenario that has changed since, is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.contract.clauses import CATALOGUE
from tests.mutants.collected import is_there
from tests.mutants.defect import Defect, KitDefect, digest
from tests.mutants.trial import Trial

PATH = Path(__file__).with_name("table.json")

Defects = Mapping[str, Defect | KitDefect]
#: By clause, by defect: the facts of its failed check.
Table = dict[str, dict[str, dict[str, str]]]


def load() -> Table:
    """The tracked table, empty where there is none yet."""
    table: Table = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    return table


def save(table: Table) -> None:
    """Write it in the catalogue's order."""
    ordered = {clause: table[clause] for clause in CATALOGUE if table.get(clause)}
    PATH.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def situations(table: Table) -> set[tuple[str, str]]:
    """Each clause with each scenario in which its check was seen to fail.

    A scenario is a function ("scenarios/test_x.py::test_y"): parameters and filesystems repeat it.
    """
    return {
        (clause, row["scenario"].partition("[")[0])
        for clause, rows in table.items()
        for row in rows.values()
    }


def enter(table: Table, defect: Defect | KitDefect, trial: Trial) -> None:
    """Put what one trial showed in the place of all that was known of this defect."""
    for rows in table.values():
        rows.pop(defect.name, None)
    for clause in defect.breaks:
        if clause in trial.failures:
            failure = trial.failures[clause]
            table.setdefault(clause, {})[defect.name] = {
                "defect": digest(defect),
                "scenario": failure.scenario,
                "expected": failure.expected,
            }


def complaints(table: Table, defects: Defects) -> Iterator[str]:
    """What is wrong with the table, in sentences; none where every clause is proven."""
    for clause in CATALOGUE.values():
        rows = {
            name: row
            for name, row in table.get(clause.id, {}).items()
            if name in defects and _holds(row, defects[name])
        }
        if clause.observable and not rows:
            yield f"{clause.id}: no recorded run of a broken executor has failed its check"
    for name, defect in defects.items():
        for clause_id in defect.breaks:
            row = table.get(clause_id, {}).get(name)
            if row is None or not _holds(row, defect):
                yield f"{name}: no run of it and a scenario as they are now has failed {clause_id}"
    for clause_id, recorded in table.items():
        for name in recorded:
            if name not in defects or clause_id not in defects[name].breaks:
                yield f"{clause_id}: the table names {name}, which is no defect that breaks it"


def _holds(row: Mapping[str, str], defect: Defect | KitDefect) -> bool:
    """Whether it speaks of the defect as it is now, in a scenario that is still there."""
    return row["defect"] == digest(defect) and is_there(row["scenario"])
