"""What the report's page says, and in which order: the model that the templates only spell out.

Failures stand by what they mean for a user, the worst harm first. Records of several executors
stand side by side: each has its verdict, and the matrix a column for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.results.coverage import coverage
from harness.results.failures import gravity
from harness.results.matrix import Matrix, matrix, name_of
from harness.results.proof import Proof, proof
from harness.results.reader import verdict_of
from harness.results.record import Record, Status
from harness.results.rounds import Summary, summaries
from harness.results.verdict import STATUSES, Verdict, count
from harness.results.views import ControlView, RoundView, RunView, ScenarioView, Views, views_of
from harness.results.wording import title

_TONES = {0: "good", 1: "bad", 2: "open"}


@dataclass(frozen=True)
class Subject:
    """One record: what was judged, and how. `unchecked` are clauses that bind and nobody saw."""

    record: Record
    name: str
    verdict: Verdict
    title: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    unchecked: tuple[str, ...]
    rounds: tuple[RoundView, ...]
    summaries: tuple[Summary, ...]
    controls: tuple[ControlView, ...]
    proof: Proof | None


@dataclass(frozen=True)
class Page:
    """Everything that the templates read; `tone` is that of the worst verdict."""

    subjects: tuple[Subject, ...]
    tone: str
    counts: Mapping[str, Mapping[Status, int]]
    matrix: Matrix
    scenarios: tuple[ScenarioView, ...]
    failures: tuple[ScenarioView, ...]
    hero: RunView | None


def build_page(records: Sequence[Record]) -> Page:
    """The page of one record, or of several that speak of different executors."""
    views = [views_of(record, number) for number, record in enumerate(records)]
    subjects = tuple(_subject(*pair) for pair in zip(records, views, strict=True))
    scenarios = [view for each in views for view in each.scenarios]
    failures = sorted((v for v in scenarios if v.failed), key=lambda v: gravity(v.line, v.telling))
    scenarios.sort(key=lambda v: (-STATUSES.index(v.line.status), v.line.id, v.subject))
    counts: dict[str, Counter[Status]] = {}
    for record in records:
        for noun, numbers in count(record.lines()).items():
            counts.setdefault(noun, Counter()).update(numbers)
    worst = max(subjects, key=lambda subject: subject.verdict.exit_code)
    return Page(
        subjects=subjects,
        tone=worst.tone,
        counts=counts,
        matrix=matrix(records),
        scenarios=tuple(scenarios),
        failures=tuple(failures),
        hero=None if failures else _hero(records[0], views[0].pictures),
    )


def _subject(record: Record, views: Views) -> Subject:
    verdict = verdict_of(record)
    covered = coverage(record.header, record.checks)
    return Subject(
        record=record,
        name=name_of(record),
        verdict=verdict,
        title=title(record),
        tone=_TONES.get(verdict.exit_code, "broken"),
        facts=tuple(_facts(record)),
        unchecked=covered.unchecked if covered else (),
        rounds=views.rounds,
        summaries=summaries(record.rounds),
        controls=views.controls,
        proof=proof(record),
    )


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
    """The picture that stands first: a usual round with the median pause, else the fullest run."""
    usual = (r for r in record.rounds if r.run in pictures and not r.fault)
    told = sorted(usual, key=lambda r: r.pause or 0.0)
    if told:
        return pictures[told[len(told) // 2].run]
    return max(pictures.values(), key=_fullness, default=None)


def _fullness(run: RunView) -> tuple[int, int]:
    lanes = run.timeline.whole.lanes
    return sum(bool(lane.segments) for lane in lanes), sum(len(lane.segments) for lane in lanes)
