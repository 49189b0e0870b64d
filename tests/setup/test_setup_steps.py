"""How set-up speaks, waits and locks."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.problem import EngineProblem, IncompleteProblem
from setup import steps


def test_a_long_step_says_how_far_it_is(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    command = ("sh", "-c", "echo unpacking 7 of 9; sleep 0.3")
    assert steps.run_logged("a step", command, log, deadline=10) == 0
    shown = capsys.readouterr().err
    assert "a step: 0 s" in shown
    assert "unpacking 7 of 9" in shown
    assert log.read_text() == "unpacking 7 of 9\n"


def test_a_step_past_its_deadline_is_ended_and_named(state: Path, tmp_path: Path) -> None:
    with pytest.raises(IncompleteProblem, match="a step: not done after 0 s") as caught:
        steps.run_logged("a step", ("sleep", "60"), tmp_path / "log", deadline=0.1)
    assert str(tmp_path / "log") in caught.value.remedy


def test_the_exit_status_of_a_step_is_kept(state: Path, tmp_path: Path) -> None:
    assert steps.run_logged("x", ("sh", "-c", "exit 7"), tmp_path / "log", deadline=10) == 7


def test_two_at_once_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock, order = tmp_path / "lock", list[str]()
    holder = steps.locked(lock, "the thing")
    holder.__enter__()

    def second() -> None:
        with steps.locked(lock, "the thing"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(0.2)
    order.append("first")
    holder.__exit__(None, None, None)
    thread.join(10)
    assert order == ["first", "second"]
    assert "another run is at it" in capsys.readouterr().err


def test_a_lock_goes_with_its_holder_however_it_dies(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    script = (
        "import os, sys; from pathlib import Path; from setup import steps\n"
        f"with steps.locked(Path({str(lock)!r}), 'x'): os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=steps.ROOT, check=False)
    assert done.returncode == -9
    with steps.locked(lock, "x"):
        pass


def test_a_link_is_replaced_in_one_step(tmp_path: Path) -> None:
    link = tmp_path / "venv"
    steps.replace_link(link, "one")
    steps.replace_link(link, "two")
    assert str(link.readlink()) == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["venv"]


def test_problems_are_shown_as_words_with_their_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def main(_: object) -> int:
        raise EngineProblem("the engine is gone", "start it")

    monkeypatch.setattr(sys, "argv", ["x"])
    assert steps.show_problems(main) == 3
    assert capsys.readouterr().err == "error: the engine is gone\n  remedy: start it\n"


def test_an_interrupt_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def main(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["x"])
    assert steps.show_problems(main) == 130
    assert "run make again" in capsys.readouterr().err
