"""Statuses, the verdict and the exit code: pure functions over lines.

A run conforms only by what was really executed: nothing executed, a scenario that was planned and
never ran, one that was skipped, or an interruption is *incomplete*; a certification whose
sabotaged evidence was not caught is *not proven*. A failure stands whatever else is missing; a
failure of the harness or the engine stands above it, because it may have caused it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from harness.history import ExecutorEnd, Finding
from harness.results.record import (
    CheckLine,
    ControlLine,
    KitInfo,
    Line,
    PlanLine,
    RoundLine,
    ScenarioLine,
    Status,
    VerdictWord,
)

#: From the least to the worst.
STATUSES: tuple[Status, ...] = get_args(Status)
#: Statuses of something that was really executed against the executor.
EXECUTED: frozenset[Status] = frozenset(("passed", "warned", "failed", "hung", "crashed"))
#: Statuses that speak against the executor or the kit.
BAD: frozenset[Status] = frozenset(("failed", "hung", "crashed"))

EXIT_CODES: Mapping[VerdictWord, int] = {
    "conforms": 0,
    "does-not-conform": 1,
    "incomplete": 2,
    "not-proven": 2,
    "harness-failed": 3,
    "wrong-usage": 4,
}

#: The clauses that say how an executor ends, and the exit statuses that mean something.
_ENDING = ("PLG-01.deadline", "PLG-01.exit", "PLG-01.status")
_EXIT_STATUSES = (0, 1)

#: The first level whose proof needs restored rounds and controls.
_LEVEL_WITH_ROUNDS = 3
_NAMES_SHOWN = 6


@dataclass(frozen=True)
class Verdict:
    """The judgement of a whole run; `why` are sentences, the weightiest first."""

    word: VerdictWord
    why: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.word]


def status_of(finding: Finding, binding: bool, end: ExecutorEnd | None = None) -> Status:
    """A finding's status; one that does not hold only warns where its clause does not bind.

    With the executor's `end`: one that hung, or left no outcome that could be judged, is told
    apart, and never let off with a warning: without an outcome no rule set can accept it.
    """
    if finding.holds:
        return "passed"
    if end is not None and finding.clause in _ENDING:
        if end.hung:
            return "hung"
        if end.outcome is None or end.exit_status not in _EXIT_STATUSES:
            return "crashed"
    return "failed" if binding else "warned"


def worst(statuses: Iterable[Status], default: Status = "not-applicable") -> Status:
    """The highest of several statuses, `default` where there is none."""
    return max(statuses, key=STATUSES.index, default=default)


def is_bad(status: Status) -> bool:
    """Whether a status speaks against the executor, or the harness failed."""
    return STATUSES.index(status) >= STATUSES.index("failed")


def count(lines: Sequence[Line]) -> dict[str, dict[Status, int]]:
    """Scenarios and checks by status, in rising order of the statuses, without zeros."""
    return {
        "scenarios": _by_status(line.status for line in lines if isinstance(line, ScenarioLine)),
        "checks": _by_status(line.status for line in lines if isinstance(line, CheckLine)),
    }


def judge(
    lines: Sequence[Line],
    kit: KitInfo | None = None,
    interrupted: str = "",
    selection: str = "",
    stale: Sequence[str] = (),
) -> Verdict:
    """The verdict over all lines of a run.

    `interrupted` says why it ended early, if it did; `selection` are the options that chose a
    part of the scenarios, if one did: a kit is not certified by a part. `stale` are sentences
    about known deviations that do not fail any more.
    """
    scenarios = _only_scenarios(lines)
    statuses = [
        line.status for line in lines if isinstance(line, ScenarioLine | CheckLine | RoundLine)
    ]
    gaps = _gaps(lines, scenarios, interrupted)
    if kit is not None and selection:
        gaps = (*gaps, f"only a part was run, by {selection}")
    if "harness-error" in statuses:
        broken = sorted(s.id for s in scenarios if s.status == "harness-error")
        return Verdict("harness-failed", (_listed("the harness failed in", broken), *gaps))
    if any(status in BAD for status in statuses):
        return Verdict("does-not-conform", (*_failures(lines), *stale, *gaps))
    if stale:
        return Verdict("wrong-usage", (*stale, *gaps))
    if not any(status in EXECUTED for status in statuses):
        nothing = "nothing was executed"
        if selection and not _planned(lines):
            nothing = f"no scenario matches {selection}: give words of scenarios' names"
        return Verdict("incomplete", (nothing, *gaps))
    if kit is not None and kit.level >= _LEVEL_WITH_ROUNDS:
        if not any(isinstance(line, RoundLine) for line in lines):
            gaps = ("no round was restored and proven", *gaps)
        elif not gaps and (doubts := _doubts(lines)):
            return Verdict("not-proven", doubts)
    if gaps:
        return Verdict("incomplete", gaps)
    return Verdict("conforms", _praise(scenarios, selection))


def _only_scenarios(lines: Sequence[Line]) -> list[ScenarioLine]:
    return [line for line in lines if isinstance(line, ScenarioLine)]


def _by_status(statuses: Iterable[Status]) -> dict[Status, int]:
    counted = Counter(statuses)
    return {status: counted[status] for status in STATUSES if counted[status]}


def _gaps(
    lines: Sequence[Line], scenarios: Sequence[ScenarioLine], interrupted: str
) -> tuple[str, ...]:
    found = []
    if interrupted:
        found.append(f"the run was interrupted: {interrupted}")
    seen = {s.id for s in scenarios}
    if missing := sorted(set(_planned(lines)) - seen):
        found.append(_listed("planned, but never ran:", missing))
    if skipped := sorted(s.id for s in scenarios if s.status == "skipped"):
        found.append(_listed("needed, but skipped:", skipped))
    return tuple(found)


def _planned(lines: Sequence[Line]) -> list[str]:
    return [i for line in lines if isinstance(line, PlanLine) for i in line.scenarios]


def _failures(lines: Sequence[Line]) -> tuple[str, ...]:
    clauses = [c.clause for c in lines if isinstance(c, CheckLine) and c.status in BAD]
    rounds = sorted(r.number for r in lines if isinstance(r, RoundLine) and r.status in BAD)
    found = []
    if clauses:
        found.append(_listed("clauses that do not hold:", sorted(set(clauses))))
    if rounds:
        found.append(_listed("rounds that failed:", [str(number) for number in rounds]))
    for status, sentence in (
        ("hung", "the executor hung in"),
        ("crashed", "the executor crashed, or left no usable outcome, in"),
    ):
        if ids := sorted(s.id for s in _only_scenarios(lines) if s.status == status):
            found.append(_listed(sentence, ids))
    if not found:
        ids = sorted(s.id for s in _only_scenarios(lines) if s.status in BAD)
        found.append(_listed("scenarios that failed:", ids))
    return tuple(found)


def _doubts(lines: Sequence[Line]) -> tuple[str, ...]:
    oracle = [c for c in lines if isinstance(c, ControlLine) and c.kind == "oracle"]
    if not oracle:
        return ("no control of the oracle was run, so that its silence proves nothing",)
    if missed := sorted({c.name for c in oracle if not c.caught}):
        return (_listed("sabotaged evidence that was not caught:", missed),)
    return ()


def _praise(scenarios: Sequence[ScenarioLine], selection: str) -> tuple[str, ...]:
    executed = sum(s.status in EXECUTED for s in scenarios)
    known = sum(bool(s.deviation) for s in scenarios)
    hold = f"{executed - known} of {executed} executed scenarios hold"
    said = [hold if executed else "all of it holds"]
    if warned := sum(s.status == "warned" and not s.deviation for s in scenarios):
        said.append(f"{warned} with advisory findings")
    if known:
        said.append(f"{known} that fail by a known deviation")
    if selection:
        said.append(f"only a part of the suite was run, by {selection}")
    return tuple(said)


def _listed(sentence: str, names: Sequence[str]) -> str:
    if not names:
        return sentence
    more = len(names) - _NAMES_SHOWN
    tail = f" and {more} more" if more > 0 else ""
    return f"{sentence} {', '.join(names[:_NAMES_SHOWN])}{tail}"
