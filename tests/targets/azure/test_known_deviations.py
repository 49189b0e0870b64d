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

#: What selects each scenario.
EACH = "test_"

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
    asked = {EACH, *(word for whole in expressions() for word in (whole, *words_of(whole)))}
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


def findings() -> Mapping[str, str]:
    """The text of each finding by its number."""
    text = FINDINGS.read_text(encoding="utf-8")
    numbered = re.findall(
        r"^\*\*(\d+)\. (.*?)(?=^\*\*\d+\. |^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return dict(numbered)


def test_every_entry_is_of_a_scenario_and_of_a_finding() -> None:
    """The finding names the rule, too: not as one that only warns."""
    entries = parse(FILE.read_text(encoding="utf-8"), FILE.name, WRITTEN, CATALOGUE)
    there = selected()[EACH] | {name.partition("[")[0] for name in selected()[EACH]}
    told = findings()
    assert entries
    for entry in entries:
        assert entry.scenario in there
        number = re.fullmatch(r"docs/findings-azure\.md, finding (\d+)", entry.link)
        assert number is not None, entry.link
        assert number[1] in told, entry.link
        assert entry.clause.partition(".")[0] in failing(told[number[1]]), (entry.clause, number[1])


def failing(finding: str) -> set[str]:
    """The rules that a finding names, without those that "(warns)" follows or brackets hold."""
    rules = r"[A-Z]{3,4}-\d\d[ab]?"
    whole = re.sub(rf"{rules}(?:, {rules})* \(warns?\)|\({rules} warns\)", "", finding)
    return set(re.findall(rules, whole))


def test_what_only_warns_is_no_rule_that_fails() -> None:
    assert failing("It hangs. RUN-02, FBK-02a (RUN-08 warns).") == {"RUN-02", "FBK-02a"}
    assert failing("It stays. FRZ-03, ROB-02 (warn). It goes. RUN-05 (warns).") == set()


def test_every_finding_has_its_command() -> None:
    told = findings()
    assert told
    assert [number for number, finding in told.items() if "`conform -k " not in finding] == []
    assert FINDINGS.read_text(encoding="utf-8").count("`conform -k ") == len(expressions())


@pytest.mark.parametrize("expression", dict.fromkeys(expressions()))
def test_every_command_of_the_findings_finds_its_scenarios(expression: str) -> None:
    """The whole selects something, and of that each of its words: none is there for nothing."""
    chosen = selected()[expression]
    assert chosen
    assert [word for word in words_of(expression) if not chosen & selected()[word]] == []


def test_the_words_of_an_expression() -> None:
    assert words_of("test_a and (empty or test_b.py)") == ("test_a", "empty", "test_b.py")
    assert words_of("test_a and not single-disk or not (b or c)") == ("test_a",)
