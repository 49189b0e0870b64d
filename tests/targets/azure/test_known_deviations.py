"""The file of known deviations: well formed, of scenarios that there are, each of a finding."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from harness.contract.clauses import CATALOGUE
from harness.results.deviations import parse

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "known-deviations" / "azure-vmsnapshot.toml"
FINDINGS = ROOT / "docs" / "findings-azure.md"
#: When it was written: whether it has expired by now is for a run to say.
WRITTEN = dt.date(2026, 11, 26)


def test_every_entry_is_of_a_scenario_and_of_a_finding() -> None:
    entries = parse(FILE.read_text(encoding="utf-8"), FILE.name, WRITTEN, CATALOGUE)
    numbered = set(re.findall(r"^\*\*(\d+)\. ", FINDINGS.read_text(encoding="utf-8"), re.MULTILINE))
    assert entries
    for entry in entries:
        module, _, function = entry.scenario.partition("::")
        assert f"def {function}(" in (ROOT / module).read_text(encoding="utf-8"), entry.scenario
        number = re.fullmatch(r"docs/findings-azure\.md, finding (\d+)", entry.link)
        assert number is not None, entry.link
        assert number[1] in numbered, entry.link


def test_every_command_of_the_findings_finds_its_scenarios() -> None:
    scenarios = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "scenarios").glob("*.py"))
    named = re.findall(r"\btest_\w+\b(?!\.py)", FINDINGS.read_text(encoding="utf-8"))
    assert named
    for name in named:
        assert f"def {name}" in scenarios, name
