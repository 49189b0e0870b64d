"""The lock file is whole, and stale where pyproject.toml moved on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import UsageProblem
from setup import lock
from setup.steps import ROOT

_PROJECT = """
[project]
requires-python = ">=3.11"
dependencies = ["b", "a>=1"]
[project.optional-dependencies]
test = ["c"]
"""


def _lock_of(pyproject: str, *lines: str) -> str:
    return "\n".join([f"{lock._MARK}{lock.dependencies_digest(pyproject)}", *lines, ""])


def test_the_projects_own_lock_is_fresh_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    lock.check(ROOT / "pyproject.toml", lock.LOCK)
    assert "fresh" in capsys.readouterr().err


def test_order_and_other_tables_do_not_matter() -> None:
    other = _PROJECT.replace('"b", "a>=1"', '"a>=1", "b"') + "[tool.ruff]\nline-length = 9\n"
    assert lock.dependencies_digest(other) == lock.dependencies_digest(_PROJECT)


@pytest.mark.parametrize(
    "change", [('"a>=1"', '"a>=2"'), ('["c"]', '["c", "d"]'), ("3.11", "3.12")]
)
def test_another_dependency_makes_it_stale(tmp_path: Path, change: tuple[str, str]) -> None:
    pyproject, file = tmp_path / "pyproject.toml", tmp_path / "requirements.lock"
    pyproject.write_text(_PROJECT.replace(*change))
    file.write_text(_lock_of(_PROJECT))
    with pytest.raises(UsageProblem, match="not made from") as caught:
        lock.check(pyproject, file)
    assert caught.value.remedy == "run make lock"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a==1", "no hash: a==1"),
        ("a @ https://index/a.whl --hash=sha256:00", "an address"),
        ("--index-url https://index", "no hash"),
    ],
    ids=["no hash", "address", "index"],
)
def test_a_line_without_hash_or_with_an_address_is_a_fault(
    tmp_path: Path, line: str, fault: str
) -> None:
    pyproject, file = tmp_path / "pyproject.toml", tmp_path / "requirements.lock"
    pyproject.write_text(_PROJECT)
    file.write_text(_lock_of(_PROJECT, "b==1 \\", "    --hash=sha256:00", line))
    with pytest.raises(UsageProblem, match=fault):
        lock.check(pyproject, file)
