"""The file of known deviations: well formed, of scenarios that there are, each of a finding."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.contract.clauses import CATALOGUE
from harness.results.deviations import parse

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "known-deviations" / "azure-vmsnapshot.toml"
FINDINGS = ROOT / "docs" / "findings-azure.md"
#: When it was written: whether it has expired by now is for a run to say.
WRITTEN = dt.date(2026, 11, 26)

#: What `-k` selects: the scenarios are collected once, and pytest itself matches each expression.
PROGRAM = """
import json, sys
import pytest
from _pytest.mark import KeywordMatcher
from _pytest.mark.expression import Expression

class Selection:
    def pytest_collection_modifyitems(self, items):
        matchers = {item.nodeid: KeywordMatcher.from_item(item) for item in items}
        self.found = {
            text: [name for name, m in matchers.items() if Expression.compile(text).evaluate(m)]
            for text in sys.argv[1:]
        }

selection = Selection()
words = ["-p", "harness.pytest_plugin", "-c", "scenarios/suite.ini", "--rootdir", "."]
status = pytest.main([*words, "--fs", "ext4", "--collect-only", "-q", "scenarios"], [selection])
print(json.dumps(selection.found))
sys.exit(status)
"""


def expressions() -> tuple[str, ...]:
    """The whole `-k` of each command of the findings, in their order."""
    commands = re.findall(r"conform\s+-k\s+(\"[^\"`]+\"|[^\s`]+)", FINDINGS.read_text("utf-8"))
    return tuple(" ".join(command.strip('"').split()) for command in commands)


def words_of(expression: str) -> tuple[str, ...]:
    """The words of an expression that must be met, not those that must not be."""
    wanted = re.sub(r"\bnot\s+(\([^)]*\)|[^\s()]+)", "", expression)
    return tuple(word for word in re.findall(r"[^\s()]+", wanted) if word not in ("and", "or"))


@functools.cache
def selected() -> Mapping[str, frozenset[str]]:
    """The scenarios that each expression of the findings, and each of its words, selects."""
    asked = {word for whole in expressions() for word in (whole, *words_of(whole))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *sorted(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {text: frozenset(ids) for text, ids in json.loads(done.stdout.splitlines()[-1]).items()}


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


def test_every_finding_has_its_command() -> None:
    text = FINDINGS.read_text(encoding="utf-8")
    findings = re.split(r"^\*\*\d+\. ", text, flags=re.MULTILINE)[1:]
    assert findings
    assert [finding[:60] for finding in findings if "`conform -k " not in finding] == []
    assert text.count("`conform -k ") == len(expressions())


@pytest.mark.parametrize("expression", dict.fromkeys(expressions()))
def test_every_command_of_the_findings_finds_its_scenarios(expression: str) -> None:
    """The whole selects something, and of that each of its words: none is there for nothing."""
    chosen = selected()[expression]
    assert chosen
    assert [word for word in words_of(expression) if not chosen & selected()[word]] == []


def test_the_words_of_an_expression() -> None:
    assert words_of("test_a and (empty or test_b.py)") == ("test_a", "empty", "test_b.py")
    assert words_of("test_a and not single-disk or not (b or c)") == ("test_a",)
