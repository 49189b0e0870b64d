"""Is it slower? Two series of durations, judged by repeats and never by one number. Pure.

The rule: NEW is slower where each side has at least five values and the median of NEW is above the
median of BASE by more than each of three bounds:

- three times the larger of the two sides' median absolute deviations (what repeats move by);
- a fifth of BASE's median (what matters);
- five milliseconds (what an observation of a freeze may be off by).

Durations are compared only between runs on the same kernel and engine: those of another machine
say nothing about a change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness.results.durations import freeze_of, quiesce_of
from harness.results.record import Record

FEWEST = 5
DEVIATIONS = 3.0
SHARE = 0.2
FLOOR = 0.005

#: What was measured, and where: ("pause", "rounds on ext4").
Measure = tuple[str, str]


@dataclass(frozen=True)
class Series:
    """Durations of one measure on one side, in seconds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def deviation(self) -> float:
        """The median absolute deviation from the median."""
        middle = self.median
        return median(abs(value - middle) for value in self.values)


def enough(base: Series, new: Series) -> bool:
    """Whether both sides have repeats enough to be judged."""
    return min(len(base.values), len(new.values)) >= FEWEST


def slower(base: Series, new: Series) -> bool:
    """The rule above; False where there are too few values to tell."""
    if not enough(base, new):
        return False
    noise = DEVIATIONS * max(base.deviation, new.deviation)
    return new.median - base.median > max(noise, SHARE * base.median, FLOOR)


def measures(records: Iterable[Record]) -> Mapping[Measure, Series]:
    """All durations of several repeats: of rounds by filesystem, else of runs by scenario.

    A backup that met a fault tells no usual time; those after one stand by themselves. The runs of
    one scenario are told apart by their place in it: the second run after a kill is no repeat of
    the first.
    """
    found: defaultdict[Measure, list[float]] = defaultdict(list)
    for record in records:
        for round_ in record.rounds:
            if round_.fault and not round_.after_fault:
                continue
            where = f"rounds on {round_.filesystem}" if round_.filesystem else "rounds"
            if round_.after_fault:
                where += " after a fault"
            times = {"pause": round_.pause, "quiesced": round_.quiesced, "freeze": round_.freeze}
            _add(found, where, **times)
        if record.rounds:
            continue
        places: defaultdict[str, int] = defaultdict(int)
        for run in record.runs:
            places[run.scenario] += 1
            where = f"run {places[run.scenario]} of {run.scenario}"
            _add(found, where, quiesced=quiesce_of(run.history), freeze=freeze_of(run.history))
    return {measure: Series(tuple(values)) for measure, values in found.items()}


def same_machine(records: Sequence[Record]) -> bool:
    """Whether all ran on one kernel and engine."""
    return len({(record.header.kernel, record.header.engine) for record in records}) <= 1


def _add(found: defaultdict[Measure, list[float]], where: str, **values: float | None) -> None:
    for what, value in values.items():
        if value is not None:
            found[what, where].append(value)
