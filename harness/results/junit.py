"""JUnit XML of a record, for the CI systems that read it: a test case for each scenario.

Scenarios of one module or area form a suite. A hung or crashed executor is a failure, the
harness's own failure an error. The properties of a test case carry each check with its rule, so
that a tool finds FBK-03 without reading prose.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Record, RoundLine, RunLine, ScenarioLine
from harness.results.strip import draw
from harness.results.timeline import build
from harness.results.verdict import BAD

_WIDTH = 80
_SKIPPED = ("skipped", "not-applicable")


def render(record: Record, clauses: Mapping[str, str] | None = None) -> bytes:
    """The XML, UTF-8 with its declaration; `clauses` maps clause ids to their texts."""
    root = ET.Element("testsuites", name="snapcert")
    cases = sorted(record.scenarios, key=lambda s: (_split(s.id)[0], s.id))
    total = _Totals(record.scenarios)
    checks: dict[str, list[CheckLine]] = {}
    for check in record.checks:
        checks.setdefault(check.scenario, []).append(check)
    runs: dict[str, list[RunLine]] = {}
    for run in record.runs:
        runs.setdefault(run.scenario, []).append(run)
    for area, group in groupby(cases, key=lambda s: _split(s.id)[0]):
        members = list(group)
        suite = ET.SubElement(root, "testsuite", name=area, timestamp=_timestamp(record))
        _Totals(members).write(suite)
        if not total.announced:
            suite.append(_properties(_about(record)))
            total.announced = True
        for scenario in members:
            rounds = [r for r in record.rounds if r.scenario == scenario.id]
            mine = checks.get(scenario.id, ())
            suite.append(_case(scenario, mine, rounds, runs.get(scenario.id, ()), clauses or {}))
    if not total.announced:  # nothing ran: a suite that says so, instead of an empty file
        suite = ET.SubElement(root, "testsuite", name="snapcert", timestamp=_timestamp(record))
        total.write(suite)
        suite.append(_properties(_about(record)))
    total.write(root)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


class _Totals:
    """The counting attributes of a suite, or of all of them."""

    def __init__(self, scenarios: Sequence[ScenarioLine]) -> None:
        self.announced = False
        self._numbers = {
            "tests": str(len(scenarios)),
            "failures": str(sum(s.status in BAD for s in scenarios)),
            "errors": str(sum(s.status == "harness-error" for s in scenarios)),
            "skipped": str(sum(s.status in _SKIPPED for s in scenarios)),
            "time": f"{sum(s.seconds for s in scenarios):.3f}",
        }

    def write(self, element: ET.Element) -> None:
        for name, value in self._numbers.items():
            if name != "skipped" or element.tag == "testsuite":
                element.set(name, value)


def _case(
    scenario: ScenarioLine,
    checks: Sequence[CheckLine],
    rounds: Sequence[RoundLine],
    runs: Sequence[RunLine],
    clauses: Mapping[str, str],
) -> ET.Element:
    area, name = _split(scenario.id)
    case = ET.Element(
        "testcase", classname=area, name=one_line(name), time=f"{scenario.seconds:.3f}"
    )
    pairs: list[tuple[str, str]] = [("status", scenario.status)]
    pairs += [("rule", rule) for rule in sorted({c.rule for c in checks})]
    pairs += [("check", f"{c.clause} {c.status}") for c in checks]
    pairs += [("round", _round(r)) for r in rounds]
    pairs += [("story", story) for story in scenario.stories]
    if scenario.replay:
        pairs.append(("replay", scenario.replay))
    case.append(_properties(pairs))
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
    if warned := [c for c in checks if c.status == "warned"]:
        out = ET.SubElement(case, "system-out")
        out.text = plain("\n\n".join(_check(c, clauses) for c in warned))
    return case


def _sentences(
    scenario: ScenarioLine,
    checks: Iterable[CheckLine] = (),
    runs: Iterable[RunLine] = (),
    clauses: Mapping[str, str] | None = None,
) -> str:
    parts = [scenario.message] if scenario.message else []
    parts += [_check(c, clauses or {}) for c in checks]
    parts += ["\n".join(draw(build(r.history), _WIDTH)) for r in runs]
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
    return f"{line.number} {line.status}: claimed {line.claimed}, reached {line.reached}"


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
