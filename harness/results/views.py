"""What the report shows of one record: its scenarios, runs, rounds and controls as views.

Each run is drawn once: at the failure that it shows, else at its round, else at its scenario.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history import LEVELS
from harness.results.failures import check_gravity, grouped
from harness.results.plain import plain
from harness.results.record import (
    CheckLine,
    ControlLine,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
)
from harness.results.texts import ErrorWords, error_words, errors_named
from harness.results.timeline import Timeline, build
from harness.results.verdict import is_bad, worst
from harness.results.wording import short_id

_DETAILS_SHOWN = 3


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it: its picture, what the executor reported, its log's tail."""

    id: str
    timeline: Timeline
    problem: str
    errors: tuple[ErrorWords, ...]
    log: tuple[str, ...]
    anchor: str


@dataclass(frozen=True)
class RoundView:
    """A round, with its run where that is not drawn at a failure."""

    line: RoundLine
    run: RunView | None
    failure: str
    anchor: str

    @property
    def below(self) -> bool:
        """Whether less was reached than was claimed, or nothing was proven."""
        reached = self.line.reached
        return reached is None or LEVELS.index(reached) < LEVELS.index(self.line.claimed)


@dataclass(frozen=True)
class ScenarioView:
    """A scenario with its checks, the worst first, and what is drawn there.

    `telling` are the checks that do not hold, `errors` what the names in them mean; `rounds` are
    numbers and anchors; `subject` is the number of its record.
    """

    line: ScenarioLine
    short: str
    checks: tuple[CheckLine, ...]
    telling: tuple[CheckLine, ...]
    errors: tuple[ErrorWords, ...]
    runs: tuple[RunView, ...]
    rounds: tuple[tuple[int, str], ...]
    subject: int
    anchor: str

    @property
    def failed(self) -> bool:
        return is_bad(self.line.status)


@dataclass(frozen=True)
class ControlView:
    """A control over all the rounds in which it was made."""

    name: str
    kind: str
    caught: int
    made: int
    details: tuple[str, ...]


@dataclass(frozen=True)
class Views:
    """All of one record; `pictures` are its runs by their ids."""

    scenarios: tuple[ScenarioView, ...]
    rounds: tuple[RoundView, ...]
    controls: tuple[ControlView, ...]
    pictures: Mapping[str, RunView]


def views_of(record: Record, subject: int = 0) -> Views:
    """The views of a record that stands at this place among those of the page."""
    pictures = {line.id: _run(line, subject) for line in record.runs}
    scenarios = tuple(_scenarios(record, pictures, subject))
    rounds = tuple(_rounds(record, pictures, scenarios, subject))
    return Views(scenarios, rounds, tuple(_controls(record.controls)), pictures)


def _scenarios(
    record: Record, pictures: Mapping[str, RunView], subject: int
) -> Iterable[ScenarioView]:
    checks = grouped(record.checks)
    runs: dict[str, list[str]] = {}
    for run in record.runs:
        runs.setdefault(run.scenario, []).append(run.id)
    rounds: dict[str, list[RoundLine]] = {}
    for line in record.rounds:
        rounds.setdefault(line.scenario, []).append(line)
    for scenario in (*record.scenarios, *_unfinished(record, (*checks, *runs))):
        mine = sorted(checks.get(scenario.id, ()), key=check_gravity)
        telling = [c for c in mine if is_bad(c.status) or c.status == "warned"]
        own_rounds = rounds.get(scenario.id, ())
        ids = runs.get(scenario.id, [])
        if is_bad(scenario.status):
            pointed = {c.run for c in telling if is_bad(c.status)}
            drawn = [i for i in ids if i in pointed] or ids
        else:
            drawn = [i for i in ids if i not in {r.run for r in own_rounds}]
        told = {error.name for name in drawn for error in pictures[name].errors}
        yield ScenarioView(
            line=scenario,
            short=short_id(scenario.id),
            checks=tuple(mine),
            telling=tuple(telling),
            errors=tuple(e for e in errors_named(telling) if e.name not in told),
            runs=tuple(pictures[i] for i in drawn),
            rounds=tuple((r.number, _anchor("round", subject, r.run)) for r in own_rounds),
            subject=subject,
            anchor=_anchor("scenario", subject, scenario.id),
        )


def _unfinished(record: Record, begun: Iterable[str]) -> Iterable[ScenarioLine]:
    """Scenarios that left something but no end, and planned ones that never began."""
    finished = {s.id for s in record.scenarios}
    for name in dict.fromkeys((*begun, *record.plan)):
        if name in finished:
            continue
        found = [c.status for c in record.checks_of(name)]
        status = worst(found, "skipped")
        reason = "the run ended before it did" if found else "planned, but never ran to its end"
        yield ScenarioLine(name, status, 0.0, skipped_reason=reason)


def _rounds(
    record: Record, pictures: Mapping[str, RunView], views: Sequence[ScenarioView], subject: int
) -> Iterable[RoundView]:
    shown = {run.id: view.anchor for view in views if view.failed for run in view.runs}
    for line in sorted(record.rounds, key=lambda r: (r.filesystem, r.number)):
        at_failure = shown.get(line.run, "")
        run = None if at_failure else pictures.get(line.run)
        yield RoundView(line, run, at_failure, _anchor("round", subject, line.run))


def _run(line: RunLine, subject: int) -> RunView:
    end = line.history.end
    names = end.outcome.errors if end.outcome is not None else ()
    return RunView(
        id=line.id,
        timeline=build(line.history),
        problem=end.problem or "",
        errors=tuple(map(error_words, names)),
        log=tuple(plain(end.log_tail).strip("\n").split("\n")) if end.log_tail else (),
        anchor=_anchor("run", subject, line.id),
    )


def _controls(lines: Sequence[ControlLine]) -> Iterable[ControlView]:
    for kind, name in dict.fromkeys((line.kind, line.name) for line in lines):
        same = [line for line in lines if (line.kind, line.name) == (kind, name)]
        caught = sum(line.caught for line in same)
        # What speaks against the proof is told; where nothing does, one example is enough.
        told = [line.detail for line in same if not line.caught][:_DETAILS_SHOWN]
        details = tuple(dict.fromkeys(d for d in told or [same[0].detail] if d))
        yield ControlView(name, kind, caught, len(same), details)


def _anchor(kind: str, subject: int, name: str) -> str:
    """An id for the page that no name of a guest or a user can break."""
    digest = hashlib.sha256(f"{subject} {name}".encode("utf-8", "replace"))
    return f"{kind}-{digest.hexdigest()[:12]}"
