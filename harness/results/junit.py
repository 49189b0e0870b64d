"""JUnit XML of a record, for the CI systems that read it: a test case for each scenario.

Scenarios of one module or area form a suite. A hung or crashed executor is a failure, the
harness's own failure an error. Of elements and attributes only those are used that both common
schemas know (Ant's and Jenkins'): a test case can carry no properties there, so the suite's name
each of its cases with the rules that it checked, and the suite's output holds what is advisory.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from harness.results.failures import grouped
from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Record, RoundLine, RunLine, ScenarioLine, Status
from harness.results.rounds import summaries
from harness.results.strip import draw
from harness.results.texts import errors_named
from harness.results.timeline import build
from harness.results.verdict import BAD, worst

_WIDTH = 80
_SKIPPED = ("skipped", "not-applicable")


def render(record: Record, clauses: Mapping[str, str] | None = None) -> bytes:
    """The XML, UTF-8 with its declaration; `clauses` maps clause ids to their texts."""
    root = ET.Element("testsuites")
    cases = sorted(record.scenarios, key=lambda s: (_split(s.id)[0], s.id))
    checks = grouped(record.checks)
    runs: dict[str, list[RunLine]] = {}
    for run in record.runs:
        runs.setdefault(run.scenario, []).append(run)
    rounds: dict[str, list[RoundLine]] = {}
    for line in record.rounds:
        rounds.setdefault(line.scenario, []).append(line)
    for area, group in groupby(cases, key=lambda s: _split(s.id)[0]):
        members = list(group)
        suite = _suite(root, area, members, record)
        about = _about(record) if len(root) == 1 else []
        for scenario in members:
            about += _rules(scenario, checks.get(scenario.id, ()), rounds.get(scenario.id, ()))
        suite.append(_properties(about))
        said = []
        for scenario in members:
            mine = checks.get(scenario.id, ())
            suite.append(_case(scenario, mine, runs.get(scenario.id, ()), clauses or {}))
            warned = [_check(c, clauses or {}) for c in mine if c.status == "warned"]
            said += [f"advisory in {scenario.id}:", *warned] if warned else []
        ET.SubElement(suite, "system-out").text = plain("\n\n".join(said))
        ET.SubElement(suite, "system-err")
    if not len(root):  # nothing ran: a suite that says so, instead of an empty file
        suite = _suite(root, "snapcert", (), record)
        suite.append(_properties(_about(record)))
        ET.SubElement(suite, "system-out")
        ET.SubElement(suite, "system-err")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _suite(
    root: ET.Element, area: str, scenarios: Sequence[ScenarioLine], record: Record
) -> ET.Element:
    package, _, name = area.rpartition(".")
    return ET.SubElement(
        root,
        "testsuite",
        name=one_line(name),
        package=one_line(package),
        id=str(len(root)),
        hostname="localhost",  # what the schema asks for where the machine shall not be named
        timestamp=_timestamp(record),
        tests=str(len(scenarios)),
        failures=str(sum(s.status in BAD for s in scenarios)),
        errors=str(sum(s.status == "harness-error" for s in scenarios)),
        skipped=str(sum(s.status in _SKIPPED for s in scenarios)),
        time=f"{sum(s.seconds for s in scenarios):.3f}",
    )


def _case(
    scenario: ScenarioLine,
    checks: Sequence[CheckLine],
    runs: Sequence[RunLine],
    clauses: Mapping[str, str],
) -> ET.Element:
    area, name = _split(scenario.id)
    case = ET.Element(
        "testcase", classname=one_line(area), name=one_line(name), time=f"{scenario.seconds:.3f}"
    )
    if scenario.status in _SKIPPED:
        ET.SubElement(case, "skipped", message=one_line(_why_skipped(scenario)))
    elif scenario.status == "harness-error":
        error = ET.SubElement(
            case, "error", type=scenario.status, message=one_line(scenario.message)
        )
        error.text = plain(_sentences(scenario))
    elif scenario.status in BAD:
        bad = [c for c in checks if c.status in BAD]
        said = ", ".join(c.clause for c in bad) or scenario.message or scenario.status
        failure = ET.SubElement(case, "failure", type=scenario.status, message=one_line(said))
        drawn = [r for r in runs if any(c.run == r.id for c in bad)]
        failure.text = plain(_sentences(scenario, bad, drawn, clauses))
    return case


def _rules(
    scenario: ScenarioLine, checks: Sequence[CheckLine], rounds: Sequence[RoundLine]
) -> Iterable[tuple[str, str]]:
    """Properties that name a case: its rules with the worst that was seen of each, its rounds."""
    name = _split(scenario.id)[1]
    seen: dict[str, list[Status]] = {}
    for check in checks:
        seen.setdefault(check.rule, []).append(check.status)
    if seen:
        yield name, ", ".join(f"{rule} {worst(found)}" for rule, found in sorted(seen.items()))
    yield from ((name, _round(line)) for line in rounds)


def _sentences(
    scenario: ScenarioLine,
    checks: Sequence[CheckLine] = (),
    runs: Sequence[RunLine] = (),
    clauses: Mapping[str, str] | None = None,
) -> str:
    parts = [scenario.message] if scenario.message else []
    parts += [_check(c, clauses or {}) for c in checks]
    parts += [f"{e.name}: {e.message}\n  do: {e.action}" for e in errors_named(checks, runs)]
    parts += ["\n".join(draw(build(r.history), _WIDTH)) for r in runs]
    parts += [f"it happened: {story}" for story in scenario.stories]
    if scenario.remedy:
        parts.append(f"remedy: {scenario.remedy}")
    if scenario.replay:
        parts.append(f"replay: {scenario.replay}")
    return "\n\n".join(parts)


def _check(check: CheckLine, clauses: Mapping[str, str]) -> str:
    lines = [f"{check.clause} {check.status}: {clauses.get(check.clause, '')}".rstrip(": ")]
    lines += [f"  expected: {check.expected}", f"  observed: {check.observed}"]
    if check.consequence:
        lines.append(f"  consequence: {check.consequence}")
    return "\n".join(lines)


def _round(line: RoundLine) -> str:
    claim = f"claimed {line.claimed}, reached {line.reached or 'not proven'}"
    which = f"round {line.number}, next backup," if line.after_fault else f"round {line.number}"
    return f"{which} {line.status}: {claim}"


def _about(record: Record) -> list[tuple[str, str]]:
    header = record.header
    verdict = verdict_of(record)
    pairs = [
        ("verdict", verdict.word),
        ("rules", header.rules),
        ("executor", f"{header.executor.name} {header.executor.version}".strip()),
        ("suite", header.suite),
        ("engine", header.engine),
        ("kernel", header.kernel),
        ("image", header.image),
        ("seed", str(header.seed)),
        ("command", header.command),
    ]
    if header.kit is not None:
        pairs.append(("kit", f"{header.kit.name} {header.kit.version}".strip()))
    for summary in summaries(record.rounds):
        pairs.append(("rounds", str(summary)))
        pairs += [(f"{spread.words} {summary.name}", str(spread)) for spread in summary.spreads]
    return pairs


def _properties(pairs: Iterable[tuple[str, str]]) -> ET.Element:
    element = ET.Element("properties")
    for name, value in pairs:
        ET.SubElement(element, "property", name=name, value=one_line(value))
    return element


def _why_skipped(scenario: ScenarioLine) -> str:
    return scenario.skipped_reason or scenario.message or scenario.status


def _timestamp(record: Record) -> str:
    return record.header.started.removesuffix("Z")


def _split(scenario: str) -> tuple[str, str]:
    """An id "scenarios/test_errors.py::test_x[ext4]" as suite name and test name."""
    area, separator, name = scenario.partition("::")
    if not separator:
        return "snapcert", scenario
    return area.removesuffix(".py").replace("/", "."), name
