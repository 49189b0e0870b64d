"""Run files: a run is alive exactly as long as a process of it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.machines import runs
from harness.machines.runs import RunLock

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run files of the tests' own, so that a run beside them is not disturbed."""
    monkeypatch.setattr(runs, "_RUNTIME", tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user" / "7"))


def test_a_run_lives_while_one_of_its_processes_holds_it() -> None:
    run = runs.new_run_id()
    first, second = RunLock(run, "image"), RunLock(run, "image")
    assert runs.is_alive(run)
    first.release()
    assert runs.is_alive(run)
    second.release()
    assert not runs.is_alive(run)
    assert runs.find(run) is None, "the last one removes the file"
    second.release()


def test_a_killed_process_leaves_a_dead_run(tmp_path: Path) -> None:
    run = runs.new_run_id()
    program = (
        "import sys, time; from pathlib import Path; from harness.machines import runs;"
        f"runs._RUNTIME = Path({str(tmp_path)!r});"
        f"lock = runs.RunLock({run!r}, 'an/image'); print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert runs.is_alive(run)
        assert run not in {file.run for file in runs.dead_runs()}
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=10)
    assert not runs.is_alive(run)
    dead = {file.run: file for file in runs.dead_runs()}
    assert dead[run].image == "an/image"
    assert not dead[run].kept


def test_a_run_that_failed_to_clean_up_is_found_later() -> None:
    run = runs.new_run_id()
    first, last = RunLock(run), RunLock(run)
    first.release(forget=False)
    last.release()
    assert run in {file.run for file in runs.dead_runs()}, "also where another one ended well"


def test_a_kept_run_says_until_when() -> None:
    run = runs.new_run_id()
    lock = RunLock(run, "image")
    lock.keep(60)
    lock.release()
    found = runs.find(run)
    assert found is not None
    assert found.kept
    assert found.image == "image"
    again = RunLock(run)
    again.keep(-1)
    again.release()
    assert runs.find(run) is None


def test_a_damaged_file_is_a_dead_run_without_facts() -> None:
    run = runs.new_run_id()
    RunLock(run).release(forget=False)
    (runs.folder() / f"{run}.lock").write_bytes(b"\xff nonsense")
    dead = {file.run: file for file in runs.dead_runs()}
    assert dead[run].image == ""


def test_the_owner_is_the_same_for_every_process_of_this_machine() -> None:
    assert runs.owner_id() == runs.owner_id()
    assert len(runs.owner_id()) == 16


def test_ids_differ() -> None:
    assert len({runs.new_run_id() for _ in range(200)}) == 200
