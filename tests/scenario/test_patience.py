"""--timeout-scale reaches every wait that is no bound of the contract."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.scenario import case as cases
from harness.scenario.case import Case, Workplace
from harness.scenario.layouts import LAYOUTS
from harness.targets.beside import Beside

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(
    path
    for folder in ("scenarios", "harness/scenario/chance")
    for path in (ROOT / folder).glob("*.py")
)
#: Calls that scale what they are given themselves.
SCALING = ("backup_beside", "patience")


def unscaled_waits(source: str) -> list[str]:
    """The calls that wait for an event, or take a deadline, without asking for patience."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        waits = node.func.attr in ("wait", "wait_line", "sleep")
        waits = waits or any(keyword.arg == "deadline" for keyword in node.keywords)
        if waits and node.func.attr not in SCALING and "patience(" not in ast.unparse(node):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_scenario_waits_with_patience(path: Path) -> None:
    assert unscaled_waits(path.read_text(encoding="utf-8")) == []


def test_a_wait_without_patience_is_found() -> None:
    source = "case.guest.events.wait(f, 20.0)\ncase.guest.run(['true'], deadline=3)\n"
    assert len(unscaled_waits(source)) == 2
    assert unscaled_waits("case.guest.events.wait(f, case.patience(20.0))") == []


def test_a_second_start_is_waited_for_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []

    def run_beside(*_: object, deadline: float) -> Beside:
        deadlines.append(deadline)
        return Beside(None, None, 0.0)

    monkeypatch.setattr(cases, "run_beside", run_beside)
    host: Any = SimpleNamespace(guest=lambda layout: None)
    target: Any = SimpleNamespace(install=lambda guest: None)
    place = Workplace(cast(Any, host), target, "strict", timeout_scale=3.0)
    case = Case(place, "test_x", LAYOUTS["data"]("ext4"), "ext4", lambda line: None)
    case.backup_beside(deadline=8.0)
    assert deadlines == [24.0]
    assert case.patience(20.0) == 60.0
