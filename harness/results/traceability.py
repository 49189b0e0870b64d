"""Which clause was checked, in which situations, and what came of it: computed from a real run.

A situation is a scenario with its own parameters in one layout; the same on another filesystem is
a repeat of it and counts once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.contract.catalogue.model import Clause
from harness.contract.clauses import CATALOGUE, RULES, TITLES, rule
from harness.contract.rulesets import RULESETS, binding
from harness.results.plain import one_line
from harness.results.record import CheckLine, Record, Status
from harness.results.verdict import EXECUTED, worst
from harness.results.wording import STATUS_WORDS, short_id

_HEAD = ("| clause | basis | result | checks | situations |", "| --- | --- | --- | --- | --- |")
_FILESYSTEM = re.compile(r"-(?:ext4|xfs|btrfs)\b")


@dataclass(frozen=True)
class Trace:
    """One clause: how often each status was seen, and the situations in which it was checked."""

    clause: Clause
    checks: Counter[Status]
    situations: tuple[str, ...]

    @property
    def result(self) -> Status | None:
        """The worst that was seen; None where nobody looked."""
        seen = [status for status in self.checks if status in EXECUTED]
        return worst(seen) if seen else None


def traces(checks: Sequence[CheckLine]) -> tuple[Trace, ...]:
    """Every clause of the catalogue, in its order."""
    by_clause: dict[str, list[CheckLine]] = {}
    for check in checks:
        by_clause.setdefault(check.clause, []).append(check)
    found = []
    for clause in CATALOGUE.values():
        mine = by_clause.get(clause.id, [])
        situations = dict.fromkeys(situation(c.scenario) for c in mine if c.status in EXECUTED)
        found.append(Trace(clause, Counter(c.status for c in mine), tuple(situations)))
    return tuple(found)


def situation(scenario: str) -> str:
    """A scenario's id without its filesystem."""
    return _FILESYSTEM.sub("", short_id(scenario))


def render(record: Record) -> str:
    """The whole as Markdown: a table for each rule."""
    found = traces(record.checks)
    pairs = sum(len(trace.situations) for trace in found)
    distinct = len({name for trace in found for name in trace.situations})
    checked = sum(trace.result is not None for trace in found)
    header = record.header
    executor = one_line(f"{header.executor.name} {header.executor.version}").strip()
    sentence = (
        f"{checked} of {len(found)} clauses were checked, in {distinct} situations: "
        f"{pairs} pairs of a clause and a situation."
    )
    about = f"Executor {executor}, rules {header.rules}, begun {header.started}."
    lines = ["# Traceability", "", about, sentence]
    by_id = {trace.clause.id: trace for trace in found}
    for name in RULES:
        lines += ["", f"## {name} {TITLES[name]}", ""]
        lines += _HEAD
        lines += [_row(by_id[clause.id], header.rules) for clause in rule(name)]
    return "\n".join(lines) + "\n"


def _row(trace: Trace, rules: str) -> str:
    clause = trace.clause
    advisory = "" if rules not in RULESETS or binding(clause, rules) else ", advisory"
    return "| " + " | ".join(_cells(trace, advisory)) + " |"


def _cells(trace: Trace, advisory: str) -> Iterator[str]:
    clause = trace.clause
    yield f"**{clause.id}** {clause.text}"
    yield clause.basis + advisory
    if not clause.observable:
        yield f"can't be observed: {clause.unobservable_reason}"
    elif trace.result is None:
        yield "**not checked**"
    else:
        yield STATUS_WORDS[trace.result]
    yield str(sum(trace.checks.values()))
    shown = [f"`{name}`" for name in trace.situations[:3]]
    more = len(trace.situations) - len(shown)
    yield ", ".join(shown) + (f" and {more} more" if more > 0 else "")
