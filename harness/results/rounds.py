"""Rounds in summary: what was acknowledged and lost, and how long the application waited. Pure.

Backups without a fault, under one and after one are told apart: what a fault costs is no figure of
a usual night. Percentiles are nearest ranks, so that each is a round that was really seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.results.plain import seconds
from harness.results.record import RoundLine

#: The figures of a round, by their field and in words.
FIGURES = (
    ("quiesced", "pre to post"),
    ("pause", "pause of writes"),
    ("gap", "other gaps"),
    ("freeze", "freeze"),
)


@dataclass(frozen=True)
class Spread:
    """One figure over `count` backups, in seconds; `name` is the field, `words` for a person."""

    name: str
    words: str
    count: int
    median: float
    p95: float
    worst: float

    def __str__(self) -> str:
        return f"median {seconds(self.median)}, p95 {seconds(self.p95)}, worst {self.longest}"

    @property
    def longest(self) -> str:
        """The worst, for a person."""
        return seconds(self.worst)


@dataclass(frozen=True)
class Summary:
    """Some backups together; counts are those of their lines."""

    name: str
    backups: int
    acknowledged: int
    lost: int
    phantom: int
    torn: int
    spreads: tuple[Spread, ...]

    def __str__(self) -> str:
        noun = "backup" if self.backups == 1 else "backups"
        return (
            f"{self.backups} {noun} {self.name}: {self.acknowledged:,} writes acknowledged, "
            f"{self.lost} lost, {self.phantom} phantom, {self.torn} torn"
        )


def summaries(rounds: Sequence[RoundLine]) -> tuple[Summary, ...]:
    """Each kind of backup of which there are any."""
    kinds = {
        "without a fault": [r for r in rounds if not r.fault],
        "under a fault": [r for r in rounds if r.fault and not r.after_fault],
        "after a fault": [r for r in rounds if r.fault and r.after_fault],
    }
    return tuple(_summary(name, lines) for name, lines in kinds.items() if lines)


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all values does not exceed."""
    ranked = sorted(values)
    return ranked[max(math.ceil(part * len(ranked)), 1) - 1]


def _summary(name: str, lines: Sequence[RoundLine]) -> Summary:
    return Summary(
        name=name,
        backups=len(lines),
        acknowledged=sum(line.acknowledged for line in lines),
        lost=sum(line.lost for line in lines),
        phantom=sum(line.phantom for line in lines),
        torn=sum(line.torn for line in lines),
        spreads=tuple(_spreads(lines)),
    )


def _spreads(lines: Sequence[RoundLine]) -> Iterator[Spread]:
    for name, words in FIGURES:
        values = [value for line in lines if (value := getattr(line, name)) is not None]
        if values:
            median, p95 = percentile(values, 0.5), percentile(values, 0.95)
            yield Spread(name, words, len(values), median, p95, max(values))
