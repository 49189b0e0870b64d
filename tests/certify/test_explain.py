"""What `snapcert explain` says of kits: every clause and every finding of a record is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.certify.clauses import CLAUSES, TITLES
from harness.certify.explain import NAMES, explain
from harness.certify.kit import load_kit
from harness.certify.lint.rules import CLAUSE_OF, TEXT_OF
from harness.certify.static import static_lines
from harness.cli import main, reference
from harness.contract.clauses import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
LINT = ROOT / "harness" / "certify" / "lint"


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_explained_whatever_its_case(name: str) -> None:
    text = explain(name)
    assert text
    assert text.startswith(name)
    assert explain(f" {name.upper()}\n") == text
    assert all(line == line.rstrip() and len(line) <= 88 for line in text.splitlines())


def test_lint_has_no_finding_without_a_text() -> None:
    """The names in its modules are those of the table, whoever adds one."""
    used = {
        name
        for module in LINT.glob("*.py")
        if module.name not in ("rules.py", "shellcheck.py", "finding.py")
        for name in re.findall(r'"(lint\.[a-z-]+)"', module.read_text(encoding="utf-8"))
    }
    assert used == set(TEXT_OF)
    assert set(CLAUSE_OF.values()) <= {name for name in CLAUSES if name.startswith("KIT-1.")}


def test_a_clause_says_what_it_means_and_what_finds_it() -> None:
    text = " ".join((explain("kit-1.scripts") or "").split())
    assert CLAUSES["KIT-1.scripts"].text in text
    assert CLAUSES["KIT-1.scripts"].consequence in text
    assert "lint.crlf" in text
    assert "KIT-1.scripts" in (explain("lint.crlf") or "")
    assert "wiki/SC2086" in (explain("sc2086") or "")


def test_the_area_lists_its_rules() -> None:
    assert [line.split()[0] for line in (explain("kit") or "").splitlines()] == list(TITLES)
    assert {name.partition(".")[0] for name in CLAUSES} == set(TITLES)


@pytest.mark.parametrize("name", ["", "KIT-3", "lint", "lint.", "SC1", "nonsense", "KIT-1.nothing"])
def test_what_is_unknown_has_no_text(name: str) -> None:
    assert explain(name) is None


def said(capsys: pytest.CaptureFixture[str], name: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["explain", name])
    return ended.value.code, "".join(capsys.readouterr())


def test_the_command_explains_each_clause_of_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    """Of level 1 as they stand in one, and all that there are: a check has no other clause."""
    kit = load_kit(ROOT / "fixtures" / "kits" / "ledger")
    clauses = {line.clause for line in static_lines(kit, "level 1")}
    for name in sorted(clauses | CLAUSES.keys() | CATALOGUE.keys() | TEXT_OF.keys() | {"SC2086"}):
        code, text = said(capsys, name)
        assert (code, text.startswith(name)) == (0, True), text


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("lint.crf", "lint.crlf"), ("KIT-1.pathh", "KIT-1.path"), ("FBK-03.statu", "FBK-03.status")],
)
def test_the_command_suggests(capsys: pytest.CaptureFixture[str], wrong: str, meant: str) -> None:
    code, text = said(capsys, wrong)
    assert (code, f"did you mean {meant}" in text) == (4, True), text


def test_the_reference_has_each() -> None:
    page = reference.rules()
    for name in (*CLAUSES, *TITLES, *TEXT_OF):
        assert f"| `{name}` |" in page or f"### {name}: " in page, name
