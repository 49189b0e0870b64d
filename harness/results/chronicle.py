"""Many records over time, in the order in which they were made: what changed, and when. Pure.

Records of the same thing (one executor under one rule set, one kit) stand side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from harness.results.durations import freeze_of
from harness.results.plain import one_line, seconds
from harness.results.reader import verdict_of
from harness.results.record import Record, ScenarioLine
from harness.results.verdict import BAD

Cell = Literal["holds", "warned", "known", "fails", "not judged", "absent"]
#: A letter for each cell, on a terminal.
LETTERS: dict[Cell, str] = {
    "holds": ".", "warned": "w", "known": "k", "fails": "F", "not judged": "s", "absent": " ",
}  # fmt: skip
_CELLS: dict[str, Cell] = {"passed": "holds", "warned": "warned"}


@dataclass(frozen=True)
class Entry:
    """One record: when, its verdict, how many scenarios are what; medians in seconds."""

    started: str
    verdict: str
    exit_code: int
    suite: str
    holds: int
    fails: int
    others: int
    pause: float | None
    freeze: float | None

    @property
    def day(self) -> str:
        """ "2026-11-26 09:44"."""
        return self.started[:16].replace("T", " ")


@dataclass(frozen=True)
class Row:
    """One scenario through all records of a chapter."""

    scenario: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Chapter:
    """All records of one thing, oldest first; `rows` are the scenarios that did not always hold."""

    subject: str
    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]


def chapters(records: Iterable[Record]) -> tuple[Chapter, ...]:
    """The records by what they are about, in the order of the subjects' first records."""
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.header.started):
        found[_subject(record)].append(record)
    return tuple(_chapter(subject, several) for subject, several in found.items())


def lines(chapter: Chapter) -> Iterator[str]:
    """A chapter as a table for a terminal; the columns of the strips are the rows above them."""
    yield one_line(chapter.subject)
    width = max(len(entry.verdict) for entry in chapter.entries)
    for entry in chapter.entries:
        times = [
            f"{what} {seconds(value)}"
            for what, value in (("pause", entry.pause), ("freeze", entry.freeze))
            if value is not None
        ]
        counted = f"{entry.holds:>4} hold {entry.fails:>3} fail {entry.others:>3} other"
        yield f"  {entry.day}  {entry.verdict:<{width}} {counted}  {', '.join(times)}".rstrip()
    for row in chapter.rows:
        strip = "".join(LETTERS[cell] for cell in row.cells)
        yield f"  |{strip}| {one_line(row.scenario)}"
    if chapter.rows:
        known = ", ".join(f"{letter} {cell}" for cell, letter in LETTERS.items() if letter.strip())
        yield f"  ({known}, blank: not there)"


def _chapter(subject: str, records: Sequence[Record]) -> Chapter:
    cells = [{line.id: _cell(line) for line in record.scenarios} for record in records]
    for seen, record in zip(cells, records, strict=True):
        for scenario in record.plan:
            seen.setdefault(scenario, "not judged")
    rows = []
    for scenario in dict.fromkeys(name for seen in cells for name in seen):
        row = Row(scenario, tuple(seen.get(scenario, "absent") for seen in cells))
        there = {cell for cell in row.cells if cell != "absent"}
        if there & {"fails", "known"} or len(there) > 1:
            rows.append(row)
    rows.sort(key=lambda row: (-row.cells.count("fails"), row.scenario))
    pairs = zip(records, cells, strict=True)
    entries = [_entry(record, list(seen.values())) for record, seen in pairs]
    return Chapter(subject, tuple(entries), tuple(rows))


def _entry(record: Record, cells: Sequence[Cell]) -> Entry:
    verdict = verdict_of(record)
    holds, fails = sum(cells.count(c) for c in ("holds", "warned")), cells.count("fails")
    rounds = [line for line in record.rounds if not line.fault]
    pauses = [line.pause for line in rounds if line.pause is not None]
    freezes = [line.freeze for line in rounds if line.freeze is not None]
    if not record.rounds:
        freezes = [f for line in record.runs if (f := freeze_of(line.history)) is not None]
    return Entry(
        started=record.header.started,
        verdict=verdict.word,
        exit_code=verdict.exit_code,
        suite=record.header.suite,
        holds=holds,
        fails=fails,
        others=len(cells) - holds - fails,
        pause=median(pauses) if pauses else None,
        freeze=median(freezes) if freezes else None,
    )


def _cell(line: ScenarioLine) -> Cell:
    if line.deviation:
        return "known"
    return "fails" if line.status in BAD else _CELLS.get(line.status, "not judged")


def _subject(record: Record) -> str:
    header = record.header
    executor = f"executor {header.executor.name}"
    about = f"kit {header.kit.name}, {executor}" if header.kit else executor
    return f"{about}, rules {header.rules}"
