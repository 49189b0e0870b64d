"""Every clause is checked by a real run, and its check was seen to fail for a broken executor.

`make test` runs this after the scenarios, over the record that they wrote (`SNAPCERT_RECORD`).
The application's clauses (APP-01) are checked by certifications; that their checks can fail is
proven like that of all others.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from harness.contract.clauses import CATALOGUE
from harness.results.reader import read
from harness.results.traceability import Trace, traces
from harness.results.wording import short_id
from tests.mutants import table
from tests.mutants.defects import all_defects

OBSERVABLE = [clause.id for clause in CATALOGUE.values() if clause.observable]
OF_EXECUTORS = [clause for clause in OBSERVABLE if not clause.startswith("APP-")]
#: Distinct clauses times distinct situations that the suite must have at least. A situation is a
#: scenario in which this run checked the clause, and its check was seen to fail. Parameters,
#: layouts and filesystems of a scenario are no further ones, nor is what is checked in passing.
LEAST_PAIRS = 250


@functools.cache
def found() -> dict[str, Trace]:
    record = read(Path(os.environ["SNAPCERT_RECORD"]))
    return {trace.clause.id: trace for trace in traces(record.checks)}


@functools.cache
def complaints() -> tuple[str, ...]:
    return tuple(table.complaints(table.load(), all_defects()))


@pytest.mark.parametrize("clause", OF_EXECUTORS)
def test_the_clause_is_checked(clause: str) -> None:
    assert found()[clause].result == "passed", f"{clause} was {found()[clause].result}"


@pytest.mark.parametrize("clause", OBSERVABLE)
def test_its_check_was_seen_to_fail(clause: str) -> None:
    assert [sentence for sentence in complaints() if sentence.startswith(f"{clause}:")] == []


def test_the_table_speaks_of_todays_defects() -> None:
    assert complaints() == ()


def test_the_situations_are_many() -> None:
    checked = {
        (clause, situation.partition("[")[0])
        for clause, trace in found().items()
        for situation in trace.situations
    }
    proven = {(clause, short_id(name)) for clause, name in table.situations(table.load())}
    assert len(proven & checked) >= LEAST_PAIRS
