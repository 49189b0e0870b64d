"""Rule by filesystem by executor: how each rule fared where, out of all checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contract.clauses import RULES
from harness.results.record import Record, Status
from harness.results.verdict import STATUSES, worst


@dataclass(frozen=True)
class Column:
    """One executor (with a kit where there is one) on one filesystem."""

    record: int
    executor: str
    filesystem: str


@dataclass(frozen=True)
class Cell:
    """All checks of a rule, or of one clause, in one column."""

    counts: Mapping[Status, int]

    @property
    def status(self) -> Status:
        """The worst of them."""
        return worst(self.counts)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Row:
    """A rule, or one clause of it; a cell is None where nothing was checked. `clauses` are its
    own rows.
    """

    rule: str
    cells: tuple[Cell | None, ...]
    clauses: tuple[Row, ...] = ()

    @property
    def status(self) -> Status:
        return worst(cell.status for cell in self.cells if cell)


@dataclass(frozen=True)
class Matrix:
    """Rows in the contract's order, rules of certification's own first."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def matrix(records: Sequence[Record]) -> Matrix:
    """The matrix of records of different executors; one record has one executor."""
    columns = tuple(
        Column(number, name_of(record), filesystem)
        for number, record in enumerate(records)
        for filesystem in sorted({c.filesystem for c in record.checks}, key=_usual)
    )
    place = {(c.record, c.filesystem): at for at, c in enumerate(columns)}
    counted: dict[tuple[str, str], list[Counter[Status]]] = {}
    for number, record in enumerate(records):
        for check in record.checks:
            at = place[number, check.filesystem]
            for key in ((check.rule, ""), (check.rule, check.clause)):
                counted.setdefault(key, [Counter() for _ in columns])[at][check.status] += 1
    order = {rule: number for number, rule in enumerate(RULES)}
    rules = sorted({rule for rule, _ in counted}, key=lambda rule: (order.get(rule, -1), rule))
    rows = []
    for rule in rules:
        own = sorted(clause for r, clause in counted if r == rule and clause)
        rows.append(
            Row(
                rule,
                _cells(counted[rule, ""]),
                tuple(Row(clause, _cells(counted[rule, clause])) for clause in own),
            )
        )
    return Matrix(columns, tuple(rows))


def name_of(record: Record) -> str:
    """How a column calls what the record is about."""
    executor = record.header.executor
    kit = record.header.kit
    name = f"{executor.name} {executor.version}".strip()
    return f"{kit.name} {kit.version}".strip() + f" with {name}" if kit else name


def _cells(counters: Sequence[Counter[Status]]) -> tuple[Cell | None, ...]:
    return tuple(
        Cell({s: counter[s] for s in reversed(STATUSES) if counter[s]}) if counter else None
        for counter in counters
    )


def _usual(filesystem: str) -> tuple[int, str]:
    """The usual order of filesystems; checks without one last."""
    usual = ("ext4", "xfs", "btrfs", "ext3")
    return (usual.index(filesystem) if filesystem in usual else len(usual), filesystem or "\uffff")
