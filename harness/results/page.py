"""What the report's page says, and in which order: the model that the templates only spell out.

Failures stand by what they mean for a user, the worst harm first. Each run is drawn once: at the
failure that it shows, else at its round, else at its scenario.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import (
    CheckLine,
    ControlLine,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
)
from harness.results.timeline import Timeline, build
from harness.results.verdict import STATUSES, Verdict, count, is_bad, worst
from harness.results.wording import HARMS, headline, short_id

#: An error's name with its message and the recommended action.
ErrorText = tuple[str, str, str]

_WORST_FIRST: tuple[str, ...] = tuple(HARMS)[::-1]
_TONES = {0: "good", 1: "bad", 2: "open"}
_DETAILS_SHOWN = 3


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it: its picture, what the executor reported, its log's tail."""

    id: str
    timeline: Timeline
    problem: str
    errors: tuple[ErrorText, ...]
    log: tuple[str, ...]

    @property
    def anchor(self) -> str:
        return _anchor("run", self.id)


@dataclass(frozen=True)
class RoundView:
    """A round, with its run where that is not drawn at a failure."""

    line: RoundLine
    run: RunView | None
    failure: str

    @property
    def anchor(self) -> str:
        return _anchor("round", self.line.run)


@dataclass(frozen=True)
class ScenarioView:
    """A scenario with its checks, the worst first, and what is drawn there.

    `telling` are the checks that do not hold; `rounds` are numbers and anchors; `words` is what
    the search looks at.
    """

    line: ScenarioLine
    short: str
    checks: tuple[CheckLine, ...]
    telling: tuple[CheckLine, ...]
    runs: tuple[RunView, ...]
    rounds: tuple[tuple[int, str], ...]
    words: str

    @property
    def failed(self) -> bool:
        return is_bad(self.line.status)

    @property
    def anchor(self) -> str:
        return _anchor("scenario", self.line.id)


@dataclass(frozen=True)
class ControlView:
    """A control over all the rounds in which it was made."""

    name: str
    kind: str
    caught: int
    made: int
    details: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Everything that the templates read."""

    record: Record
    verdict: Verdict
    title: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    counts: Mapping[str, Mapping[str, int]]
    scenarios: tuple[ScenarioView, ...]
    failures: tuple[ScenarioView, ...]
    rounds: tuple[RoundView, ...]
    controls: tuple[ControlView, ...]
    longest_pause: float
    hero: RunView | None


def build_page(record: Record, errors: Mapping[str, tuple[str, str]]) -> Page:
    """The page of a record; `errors` maps error names to (message, recommended action)."""
    verdict = verdict_of(record)
    pictures = {line.id: _run(line, errors) for line in record.runs}
    views = tuple(_scenarios(record, pictures))
    rounds = tuple(_rounds(record, pictures, views))
    failures = sorted((v for v in views if v.failed), key=_gravity)
    spans = [value for r in record.rounds for value in (r.pause, r.gap, r.freeze) if value]
    return Page(
        record=record,
        verdict=verdict,
        title=headline(verdict.word, record.header.kit),
        tone=_TONES.get(verdict.exit_code, "broken"),
        facts=tuple(_facts(record)),
        counts={noun: Counter(numbers) for noun, numbers in count(record.lines()).items()},
        scenarios=tuple(sorted(views, key=lambda v: -STATUSES.index(v.line.status))),
        failures=tuple(failures),
        rounds=rounds,
        controls=tuple(_controls(record.controls)),
        longest_pause=max(spans, default=1.0),
        hero=None if failures else _hero(record, pictures),
    )


def _scenarios(record: Record, pictures: Mapping[str, RunView]) -> Iterable[ScenarioView]:
    checks: dict[str, list[CheckLine]] = {}
    for check in record.checks:
        checks.setdefault(check.scenario, []).append(check)
    runs: dict[str, list[str]] = {}
    for run in record.runs:
        runs.setdefault(run.scenario, []).append(run.id)
    rounds: dict[str, list[RoundLine]] = {}
    for line in record.rounds:
        rounds.setdefault(line.scenario, []).append(line)
    for scenario in (*record.scenarios, *_unfinished(record, (*checks, *runs))):
        mine = sorted(checks.get(scenario.id, ()), key=_check_gravity)
        telling = [c for c in mine if is_bad(c.status) or c.status == "warned"]
        own_rounds = rounds.get(scenario.id, ())
        ids = runs.get(scenario.id, [])
        if is_bad(scenario.status):
            pointed = {c.run for c in telling if is_bad(c.status)}
            drawn = [i for i in ids if i in pointed] or ids
        else:
            drawn = [i for i in ids if i not in {r.run for r in own_rounds}]
        words = (scenario.id, scenario.title, *dict.fromkeys(c.clause for c in mine))
        yield ScenarioView(
            line=scenario,
            short=short_id(scenario.id),
            checks=tuple(mine),
            telling=tuple(telling),
            runs=tuple(pictures[i] for i in drawn),
            rounds=tuple((r.number, _anchor("round", r.run)) for r in own_rounds),
            words=one_line(" ".join(words)).lower(),
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
    record: Record, pictures: Mapping[str, RunView], views: Sequence[ScenarioView]
) -> Iterable[RoundView]:
    shown = {run.id: view.anchor for view in views if view.failed for run in view.runs}
    for line in sorted(record.rounds, key=lambda r: (r.filesystem, r.number)):
        at_failure = shown.get(line.run, "")
        yield RoundView(line, None if at_failure else pictures.get(line.run), at_failure)


def _run(line: RunLine, errors: Mapping[str, tuple[str, str]]) -> RunView:
    end = line.history.end
    names = end.outcome.errors if end.outcome is not None else ()
    return RunView(
        id=line.id,
        timeline=build(line.history),
        problem=end.problem or "",
        errors=tuple((name, *errors.get(name, ("", ""))) for name in names),
        log=tuple(plain(end.log_tail).strip("\n").split("\n")) if end.log_tail else (),
    )


def _controls(lines: Sequence[ControlLine]) -> Iterable[ControlView]:
    for kind, name in dict.fromkeys((line.kind, line.name) for line in lines):
        same = [line for line in lines if (line.kind, line.name) == (kind, name)]
        caught = sum(line.caught for line in same)
        # What speaks against the proof is told; where nothing does, one example is enough.
        told = [line.detail for line in same if not line.caught][:_DETAILS_SHOWN]
        details = tuple(dict.fromkeys(d for d in told or [same[0].detail] if d))
        yield ControlView(name, kind, caught, len(same), details)


def _facts(record: Record) -> Iterable[tuple[str, str]]:
    header = record.header
    executor = header.executor
    if header.kit is not None:
        kit = header.kit
        by = f" by {kit.vendor}" if kit.vendor else ""
        yield "Kit", f"{kit.name} {kit.version}".strip() + by
    yield "Executor", f"{executor.name} {executor.version}".strip()
    yield "Rules", header.rules
    yield "Engine", header.engine
    yield "Kernel", header.kernel
    yield "Seed", str(header.seed)
    yield "Workers", str(header.workers)
    if header.selection:
        yield "Selection", header.selection
    yield "Started", header.started
    if record.footer is not None:
        yield "Ended", record.footer.ended
    yield "Suite", f"snapcert {header.suite}"


def _hero(record: Record, pictures: Mapping[str, RunView]) -> RunView | None:
    """The picture that stands first: the round with the median pause, else the fullest run."""
    told = sorted((r for r in record.rounds if r.run in pictures), key=lambda r: r.pause or 0.0)
    if told:
        return pictures[told[len(told) // 2].run]
    return max(pictures.values(), key=_fullness, default=None)


def _fullness(run: RunView) -> tuple[int, int]:
    lanes = run.timeline.whole.lanes
    return sum(bool(lane.segments) for lane in lanes), sum(len(lane.segments) for lane in lanes)


def _check_gravity(check: CheckLine) -> tuple[int, int]:
    harm = _WORST_FIRST.index(check.harm) if check.harm in HARMS else len(HARMS)
    return -STATUSES.index(check.status), harm


def _gravity(view: ScenarioView) -> tuple[int, int]:
    harms = [_WORST_FIRST.index(c.harm) for c in view.telling if c.harm in HARMS]
    return min(harms, default=len(HARMS)), -STATUSES.index(view.line.status)


def _anchor(kind: str, name: str) -> str:
    """An id for the page that no name of a guest or a user can break."""
    return f"{kind}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"
