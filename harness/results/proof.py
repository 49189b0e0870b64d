"""The proof of a certification at a glance: the ladder of levels, claims and pauses, to scale."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.history import LEVELS, Consistency
from harness.results.axis import Tick, nice_ticks
from harness.results.plain import seconds
from harness.results.record import Record, RoundLine, ScenarioLine, Status
from harness.results.rounds import FIGURES, percentile
from harness.results.verdict import STATUSES, worst

#: What a set may be, the best first: the rows of the picture of claims.
CONSISTENCIES: tuple[Consistency, ...] = tuple(reversed(LEVELS))
_LEVEL = re.compile(r"test_level(\d+)_(\w+)\.py")


@dataclass(frozen=True)
class Step:
    """One level of the ladder; `status` is None where nothing of it is on record."""

    number: int
    name: str
    status: Status | None
    counts: Mapping[Status, int]


@dataclass(frozen=True)
class Claim:
    """What one round claimed and reached, as rows of `CONSISTENCIES`; None: not proven."""

    line: RoundLine
    claimed: int
    reached: int | None

    @property
    def false(self) -> bool:
        """Claimed more than the set showed: the worst that there is."""
        return self.reached is not None and self.reached > self.claimed


@dataclass(frozen=True)
class Spread:
    """All lengths of one kind, in seconds; `shares` are their places on the axis in percent."""

    name: str
    kind: str
    shares: tuple[float, ...]
    middle: float
    words: str


@dataclass(frozen=True)
class Proof:
    """What the page draws above the rounds; `longest` is the end of the axis, in seconds."""

    ladder: tuple[Step, ...]
    claims: tuple[Claim, ...]
    spreads: tuple[Spread, ...]
    ticks: tuple[tuple[float, Tick], ...]
    longest: float


def proof(record: Record) -> Proof | None:
    """The proof of a certification; None for a conformance run."""
    kit = record.header.kit
    if kit is None:
        return None
    rounds = record.rounds
    kinds = {
        name: [value for line in rounds if (value := getattr(line, name)) is not None]
        for name, _ in FIGURES
    }
    longest = max((value for values in kinds.values() for value in values), default=0.0)
    end = longest * 1.04 or 1.0
    return Proof(
        _ladder(record.scenarios, kit.level),
        tuple(map(_claim, rounds)),
        tuple(_spread(name, words, kinds[name], end) for name, words in FIGURES if kinds[name]),
        tuple((round(tick.at / end * 100, 2), tick) for tick in nice_ticks(0.0, end)),
        longest or 1.0,
    )


def _ladder(scenarios: Sequence[ScenarioLine], asked: int) -> tuple[Step, ...]:
    names: dict[int, str] = {}
    statuses: dict[int, list[Status]] = {}
    for line in scenarios:
        if match := _LEVEL.search(line.id):
            names[int(match[1])] = match[2]
            statuses.setdefault(int(match[1]), []).append(line.status)
    steps = []
    for number in range(1, max([asked, *names]) + 1):
        found = Counter(statuses.get(number, ()))
        counts = {s: found[s] for s in reversed(STATUSES) if found[s]}
        steps.append(Step(number, names.get(number, ""), worst(counts) if counts else None, counts))
    return tuple(steps)


def _claim(line: RoundLine) -> Claim:
    reached = None if line.reached is None else CONSISTENCIES.index(line.reached)
    return Claim(line, CONSISTENCIES.index(line.claimed), reached)


def _spread(name: str, words: str, values: Sequence[float], end: float) -> Spread:
    middle = percentile(values, 0.5)
    return Spread(
        words,
        name,
        tuple(round(value / end * 100, 2) for value in values),
        round(middle / end * 100, 2),
        f"median {seconds(middle)}, most {seconds(max(values))}",
    )
