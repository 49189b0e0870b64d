"""The virtual environment: found again by content, built again after a kill."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.problem import IncompleteProblem
from setup import apt, venv

_PARTS = st.tuples(st.binary(max_size=20), st.text(max_size=8), st.text(max_size=8), st.text())


@given(_PARTS, _PARTS)
def test_another_input_is_another_environment(
    one: tuple[bytes, str, str, str], two: tuple[bytes, str, str, str]
) -> None:
    assert (venv.key(*one) == venv.key(*two)) == (one == two)
    assert len(venv.key(*one)) == 12


def test_a_python_that_is_new_enough_is_used_as_it_is() -> None:
    assert venv.pick_interpreter() == sys.executable


def test_an_old_python_looks_for_a_newer_one(
    fake: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "LOWEST", (99, 1))
    fake("python3.11", "echo 3 11")
    fake("python3.12", "echo 99 2")
    found = venv.pick_interpreter(str(tmp_path / "bin"))
    assert found == str(tmp_path / "bin/python3.12")


def test_only_old_pythons_are_a_problem_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venv, "LOWEST", (99, 1))
    with pytest.raises(IncompleteProblem, match=r"Python 99\.1 or newer is needed") as caught:
        venv.pick_interpreter(str(tmp_path))
    assert "make PYTHON=" in caught.value.remedy


@pytest.fixture
def python(fake: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """An interpreter whose `-m venv` copies itself, and whose pip does as the file PIP says."""
    (tmp_path / "PIP").write_text("exit 0\n")
    return fake(
        "python",
        f'case "$*" in\n'
        f'"-m venv "*) mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"; '
        f'cp "$0" "$3/bin/python";;\n'
        f'"-m pip "*) . {tmp_path}/PIP;;\n'
        f"esac",
    )


@pytest.fixture
def checkout(tmp_path: Path, state: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "requirements.lock").write_text("thing==1 --hash=sha256:0\n")
    monkeypatch.setattr(venv, "ROOT", root)
    monkeypatch.setattr(venv, "STATE", root / ".make")
    monkeypatch.setattr(venv, "pick_interpreter", lambda: str(python))
    monkeypatch.setattr(venv, "_version", lambda _: (3, 11))
    return root


def test_it_is_built_once_and_linked(checkout: Path, calls: Callable[[], list[str]]) -> None:
    folder = venv.ensure()
    pips = [call for call in calls() if " pip " in call]
    assert len(pips) == 1
    assert "--require-hashes" in pips[0]
    assert "--no-deps" in pips[0]
    assert venv.ensure() == folder
    assert len([call for call in calls() if " pip " in call]) == 1
    assert (checkout / ".make/venv").resolve() == folder
    assert (checkout / ".venv").resolve() == folder
    assert (folder / "bin/snapcert").stat().st_mode & 0o111


def test_another_lock_is_another_environment(checkout: Path) -> None:
    first = venv.ensure()
    (checkout / "requirements.lock").write_text("thing==2 --hash=sha256:1\n")
    second = venv.ensure()
    assert second != first
    assert first.exists(), "a run that still uses the old one keeps it"
    assert (checkout / ".make/venv").resolve() == second


def test_what_a_kill_left_half_is_built_again(checkout: Path) -> None:
    folder = venv.ensure()
    (folder / "snapcert.stamp").unlink()
    (folder / "half").touch()
    assert venv.ensure() == folder
    assert not (folder / "half").exists()
    assert (folder / "snapcert.stamp").exists()


def test_a_failing_pip_leaves_no_finished_environment(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "PIP").write_text('echo "ERROR: no route to the index"; exit 1\n')
    with pytest.raises(IncompleteProblem, match="no route to the index") as caught:
        venv.ensure()
    assert "in reach" in caught.value.remedy
    assert not (checkout / ".make/venv").exists()
    (tmp_path / "PIP").write_text("exit 0\n")
    assert (venv.ensure() / "snapcert.stamp").exists()


def test_a_missing_venv_module_is_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(venv, "_has_ensurepip", lambda _: False)
    monkeypatch.setattr(apt, "install", lambda packages, *_: asked.append(packages))
    venv.ensure()
    assert asked == [("python3-venv",)]


def test_a_venv_of_the_users_own_is_left_alone(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv/mine").touch()
    venv.ensure()
    assert (checkout / ".venv/mine").exists()


def test_only_what_nobody_used_for_a_week_is_swept(tmp_path: Path) -> None:
    for name, age in (("venv-old", 8), ("venv-new", 1), ("venv-kept", 9)):
        stamp = tmp_path / name / "snapcert.stamp"
        stamp.parent.mkdir()
        stamp.touch()
        os.utime(stamp, (1e9 - age * 86400,) * 2)
    (tmp_path / "venv-killed").mkdir()
    assert venv.sweep(tmp_path, "venv-kept", 1e9) == ["venv-killed", "venv-old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["venv-kept", "venv-new"]


def test_a_python_without_its_wheels_is_told(fake: Callable[[str, str], Path]) -> None:
    assert venv._has_ensurepip(sys.executable)
    assert not venv._has_ensurepip(str(fake("python3.11", "exit 1")))
    assert shutil.which("python3.11")
