"""Markdown of a record, for a CI job's summary or a comment: verdict, failures, rounds, rules.

What came from a guest is escaped to the last character: no link, no mention, no HTML comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.contract.clauses import RULES, TITLES
from harness.results.failures import Failure, failures
from harness.results.matrix import matrix
from harness.results.plain import one_line, seconds
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Record, RoundLine, Status
from harness.results.verdict import count
from harness.results.wording import GLYPHS, HARMS, counts_sentence, short_id, title

#: A summary is read at a glance: the rest stands in the report.
_FAILURES_SHOWN = 20
_ROUNDS_SHOWN = 50
_TONES = {0: "✅", 1: "❌", 2: "⚠️"}
# Addresses become links without any mark around them.
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;", ":": "&#58;", ".": "&#46;"}


def render(record: Record, clauses: Mapping[str, str] | None = None) -> str:
    """The summary; `clauses` maps clause ids to their texts."""
    return "\n".join(_lines(record, clauses or {})).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would obey."""
    return _SPECIAL.sub(lambda m: _ENTITIES.get(m[0], "\\" + m[0]), one_line(text))


def code(text: str) -> str:
    """The text as code on one line, whatever backticks it holds."""
    shown = one_line(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if len(fence) > 1 else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def _lines(record: Record, clauses: Mapping[str, str]) -> Iterator[str]:
    header = record.header
    verdict = verdict_of(record)
    yield f"## {_TONES.get(verdict.exit_code, '🛑')} snapcert: {title(record)}"
    yield ""
    about = [f"{header.kit.name} {header.kit.version}".strip()] if header.kit else []
    about += [f"executor {header.executor.name} {header.executor.version}".strip()]
    about += [f"rules {header.rules}", f"kernel {header.kernel}", f"seed {header.seed}"]
    yield escaped(", ".join(about))
    yield ""
    yield from (f"- {escaped(reason)}" for reason in (*verdict.why, *record.notes))
    yield f"- {escaped(counts_sentence(count(record.lines())))}"
    bad = failures(record)
    if bad:
        yield from ("", "### What failed", "")
        for failure in bad[:_FAILURES_SHOWN]:
            yield from _failure(failure, clauses)
        if len(bad) > _FAILURES_SHOWN:
            yield f"…and {len(bad) - _FAILURES_SHOWN} more: see the report."
    if record.rounds:
        yield from _rounds(record.rounds)
    yield from _matrix(record)


def _failure(failure: Failure, clauses: Mapping[str, str]) -> Iterator[str]:
    scenario = failure.scenario
    harm = f" ({HARMS[failure.harm]})" if failure.harm else ""
    yield f"#### {GLYPHS[scenario.status]} {escaped(scenario.title or short_id(scenario.id))}{harm}"
    yield ""
    yield f"{scenario.status} in {code(short_id(scenario.id))}"
    yield ""
    for check in failure.checks:
        yield from _check(check, clauses)
    if scenario.message:
        yield f"- because {escaped(scenario.message)}"
    if scenario.remedy:
        yield f"- remedy: {escaped(scenario.remedy)}"
    for error in failure.errors:
        yield f"- {code(error.name)} {escaped(error.message)} **Do:** {escaped(error.action)}"
    if scenario.replay:
        yield f"- again: {code(scenario.replay)}"
    yield ""


def _check(check: CheckLine, clauses: Mapping[str, str]) -> Iterator[str]:
    where = f"{check.file}:{check.at}" if check.at else check.file
    text = escaped(clauses.get(check.clause, ""))
    yield f"- **{escaped(check.clause)}** {text}".rstrip() + (f" {code(where)}" if where else "")
    yield f"  - expected: {escaped(check.expected)}"
    yield f"  - observed: {escaped(check.observed)}"
    if check.consequence:
        yield f"  - means: {escaped(check.consequence)}"


def _rounds(rounds: tuple[RoundLine, ...]) -> Iterator[str]:
    yield from ("", "### Rounds", "")
    yield "| round | | claimed | reached | acknowledged | lost | phantom | torn | pause | freeze |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for line in rounds[:_ROUNDS_SHOWN]:
        fault = "next backup" if line.after_fault else line.fault
        name = f"{line.number} {line.filesystem} {fault}".strip()
        cells = [escaped(name), f"{GLYPHS[line.status]} {line.status}", line.claimed]
        cells += [line.reached or "not proven", f"{line.acknowledged:,}"]
        cells += [str(line.lost), str(line.phantom), str(line.torn)]
        cells += ["" if v is None else seconds(v) for v in (line.pause, line.freeze)]
        yield f"| {' | '.join(cells)} |"
    if len(rounds) > _ROUNDS_SHOWN:
        yield ""
        yield f"…and {len(rounds) - _ROUNDS_SHOWN} more rounds."


def _matrix(record: Record) -> Iterator[str]:
    table = matrix([record])
    if not table.rows:
        return
    names = [column.filesystem or "no filesystem" for column in table.columns]
    yield from ("", "<details><summary>Rule by rule</summary>", "")
    yield f"| rule | | {' | '.join(map(escaped, names))} |"
    yield "| --- | --- |" + " --- |" * len(names)
    for row in table.rows:
        title = TITLES[row.rule] if row.rule in RULES else ""
        cells = [_cell(cell.counts) if cell else "" for cell in row.cells]
        yield f"| {escaped(row.rule)} | {escaped(title)} | {' | '.join(cells)} |"
    yield from ("", "</details>")


def _cell(counts: Mapping[Status, int]) -> str:
    return " ".join(f"{GLYPHS[status]} {number}" for status, number in counts.items())
