"""The report: one HTML page that opens from a mail, without a network and without a server.

Jinja2 with autoescape; every text of a guest goes through `plain` first. A content security
policy lets the page load nothing and run only its own script, by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import markupsafe

from harness.results.plain import one_line, plain, seconds
from harness.results.reader import verdict_of
from harness.results.record import (
    CheckLine,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
    Status,
)
from harness.results.timeline import Timeline, build
from harness.results.verdict import STATUSES, Verdict, count, is_bad, worst
from harness.results.wording import HARMS, headline, short_id

_TEMPLATES = Path(__file__).parent / "templates"
#: Harms from the worst on: the order in which failures are told.
_WORST_FIRST: tuple[str, ...] = tuple(HARMS)[::-1]
_GLYPHS: Mapping[Status, str] = {
    "not-applicable": "·",
    "skipped": "○",
    "passed": "✓",
    "warned": "!",
    "failed": "✗",
    "hung": "◷",
    "crashed": "✗",
    "harness-error": "⚠",
}


@dataclass(frozen=True)
class RunView:
    """A run as the page shows it: its picture, what the executor reported, its log's tail."""

    id: str
    timeline: Timeline
    outcome: str
    errors: tuple[tuple[str, str, str], ...]
    log: str


@dataclass(frozen=True)
class ScenarioView:
    """A scenario with its checks and runs; `words` is what the search looks at."""

    line: ScenarioLine
    short: str
    checks: tuple[CheckLine, ...]
    telling: tuple[CheckLine, ...]
    runs: tuple[RunView, ...]
    round: RoundLine | None
    words: str

    @property
    def failed(self) -> bool:
        return is_bad(self.line.status)

    @property
    def anchor(self) -> str:
        return "s-" + hashlib.sha256(self.line.id.encode("utf-8", "replace")).hexdigest()[:10]


@dataclass(frozen=True)
class Page:
    """Everything that the template reads."""

    record: Record
    verdict: Verdict
    title: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    counts: Mapping[str, Mapping[str, int]]
    scenarios: tuple[ScenarioView, ...]
    failures: tuple[ScenarioView, ...]
    rounds: tuple[tuple[RoundLine, ScenarioView | None], ...]
    longest_pause: float
    hero: RunView | None


def render(
    record: Record,
    clauses: Mapping[str, str] | None = None,
    errors: Mapping[str, tuple[str, str]] | None = None,
) -> str:
    """The page. `clauses` maps clause ids to texts, `errors` names to (message, action)."""
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=_page(record, errors or {}),
            clauses=defaultdict(str, clauses or {}),
            statuses=tuple(reversed(STATUSES)),
            glyphs=_GLYPHS,
            harms=HARMS,
            script=script,
            style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "line": one_line,
        "seconds": seconds,
        "bars": bars_path,
        "breakable": breakable,
    }
    return environment


def breakable(text: str) -> markupsafe.Markup:
    """An id that may be broken between its words, and only there; copied text stays the same."""
    parts = re.split(r"(?<=[_/:\[.-])(?=\w)", one_line(text))
    return markupsafe.Markup("<wbr>").join(parts)


def bars_path(bars: Sequence[float]) -> str:
    """Bars as one SVG path in a box of one unit a bar by one unit of height, runs joined."""
    parts = []
    for left, height in enumerate(bars):
        if height:
            parts.append(f"M{left} 1V{1 - height:.3g}h.8V1z")
    return "".join(parts)


def _page(record: Record, errors: Mapping[str, tuple[str, str]]) -> Page:
    verdict = verdict_of(record)
    views = tuple(_scenarios(record, errors))
    by_id = {view.line.id: view for view in views}
    rounds = tuple((line, by_id.get(line.scenario)) for line in record.rounds)
    failures = sorted((v for v in views if v.failed), key=_gravity)
    pauses = [value for r in record.rounds for value in (r.pause, r.gap, r.freeze) if value]
    return Page(
        record=record,
        verdict=verdict,
        title=headline(verdict.word, record.header.kit),
        tone={0: "good", 1: "bad", 2: "open"}.get(verdict.exit_code, "broken"),
        facts=tuple(_facts(record)),
        counts={noun: Counter(numbers) for noun, numbers in count(record.lines()).items()},
        scenarios=tuple(sorted(views, key=lambda v: -STATUSES.index(v.line.status))),
        failures=tuple(failures),
        rounds=rounds,
        longest_pause=max(pauses, default=1.0),
        hero=None if failures else _hero(rounds, views),
    )


def _scenarios(record: Record, errors: Mapping[str, tuple[str, str]]) -> Iterable[ScenarioView]:
    checks: dict[str, list[CheckLine]] = {}
    for check in record.checks:
        checks.setdefault(check.scenario, []).append(check)
    runs: dict[str, list[RunLine]] = {}
    for run in record.runs:
        runs.setdefault(run.scenario, []).append(run)
    rounds = {line.scenario: line for line in record.rounds}
    for line in (*record.scenarios, *_unfinished(record, checks, runs)):
        mine = tuple(checks.get(line.id, ()))
        telling = sorted(
            (c for c in mine if is_bad(c.status) or c.status == "warned"), key=_check_gravity
        )
        yield ScenarioView(
            line=line,
            short=short_id(line.id),
            checks=mine,
            telling=tuple(telling),
            runs=tuple(_run(run, errors) for run in runs.get(line.id, ())),
            round=rounds.get(line.id),
            words=one_line(" ".join((line.id, line.title, *dict.fromkeys(c.clause for c in mine)))),
        )


def _unfinished(
    record: Record, checks: Mapping[str, object], runs: Mapping[str, object]
) -> Iterable[ScenarioLine]:
    """Scenarios that left something but no end, and planned ones that never began."""
    finished = {s.id for s in record.scenarios}
    begun = dict.fromkeys((*checks, *runs))
    for name in begun:
        if name not in finished:
            status = worst((c.status for c in record.checks_of(name)), "skipped")
            yield ScenarioLine(name, status, 0.0, skipped_reason="the run ended before it did")
    for name in record.plan:
        if name not in finished and name not in begun:
            yield ScenarioLine(name, "skipped", 0.0, skipped_reason="planned, but never ran")


def _run(run: RunLine, errors: Mapping[str, tuple[str, str]]) -> RunView:
    history = run.history
    outcome = history.end.outcome
    names = outcome.errors if outcome is not None else ()
    said = f"{outcome.status}, {outcome.consistency}" if outcome is not None else "no status"
    return RunView(
        id=run.id,
        timeline=build(history),
        outcome=history.end.problem or said,
        errors=tuple((name, *errors.get(name, ("", ""))) for name in names),
        log=plain(history.end.log_tail).strip("\n"),
    )


def _facts(record: Record) -> Iterable[tuple[str, str]]:
    header = record.header
    executor = header.executor
    if header.kit is not None:
        kit = header.kit
        yield (
            "Kit",
            f"{kit.name} {kit.version}".strip() + (f" by {kit.vendor}" if kit.vendor else ""),
        )
    yield "Executor", f"{executor.name} {executor.version}".strip()
    if executor.digest:
        yield "Executor digest", executor.digest
    yield "Rules", header.rules
    yield "Engine", header.engine
    yield "Kernel", header.kernel
    yield "Image", header.image
    yield "Seed", str(header.seed)
    if header.selection:
        yield "Selection", header.selection
    yield "Workers", str(header.workers)
    yield "Started", header.started
    if record.footer is not None:
        yield "Ended", record.footer.ended
    yield "Suite", f"snapcert {header.suite}"


def _hero(
    rounds: Sequence[tuple[RoundLine, ScenarioView | None]], views: Sequence[ScenarioView]
) -> RunView | None:
    """The picture that stands first: the round with the median pause, else the fullest run."""
    told = sorted(
        ((line.pause or 0.0, view.runs[0]) for line, view in rounds if view and view.runs),
        key=lambda item: item[0],
    )
    if told:
        return told[len(told) // 2][1]
    runs = [run for view in views for run in view.runs]
    return max(runs, key=_fullness, default=None)


def _fullness(run: RunView) -> tuple[int, int]:
    lanes = run.timeline.whole.lanes
    return sum(bool(lane.segments) for lane in lanes), sum(len(lane.segments) for lane in lanes)


def _check_gravity(check: CheckLine) -> tuple[int, int]:
    harm = _WORST_FIRST.index(check.harm) if check.harm in HARMS else len(HARMS)
    return -STATUSES.index(check.status), harm


def _gravity(view: ScenarioView) -> tuple[int, int]:
    harms = [_WORST_FIRST.index(c.harm) for c in view.telling if c.harm in HARMS]
    return min(harms, default=len(HARMS)), -STATUSES.index(view.line.status)
