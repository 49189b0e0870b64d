"""The library of --speed: which sleeps of a process it lets pass faster, and which not.

The process is an interpreter whose script is called as the extension's is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.targets.packing import FOLDER

SPEED = 20
#: Seconds of a sleep that is to pass faster: it is long, so that a busy machine, which adds to what
#: is left of it, does not make it look like one that was slept out.
LONG = 10

TIMED = """
import os, signal, subprocess, time
began = time.monotonic()
{body}
print(time.monotonic() - began, os.environ.get("LD_PRELOAD", ""))
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler; the guests' own is used in a run")
    path = tmp_path_factory.mktemp("hurry") / "hurry.so"
    source = FOLDER / "azure" / "hurry.c"
    command = [compiler, "-Wall", "-Werror", "-O2", "-shared", "-fPIC", "-o", path, source]
    subprocess.run(command, check=True)
    return path


def timed(library: Path, folder: Path, body: str, name: str = "handle.py") -> tuple[float, str]:
    """Seconds that the body took, and LD_PRELOAD as its children would get it."""
    (folder / "main").mkdir()
    (folder / "main" / name).write_text(TIMED.format(body=body))
    environment = {**os.environ, "LD_PRELOAD": str(library), "HURRY": str(SPEED)}
    command = [sys.executable, "-I", "-S", f"main/{name}", "-daemon"]
    out = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    seconds, _, preload = out.stdout.decode().strip().partition(" ")
    return float(seconds), preload


def test_a_fixed_wait_passes_faster(library: Path, tmp_path: Path) -> None:
    seconds, preload = timed(library, tmp_path, f"time.sleep({LONG})")
    assert LONG / SPEED <= seconds < LONG
    assert not preload, "a script would be hurried as well"


def test_nobody_else_is_hurried(library: Path, tmp_path: Path) -> None:
    assert timed(library, tmp_path, "time.sleep(1)", name="other.py")[0] >= 1


def test_the_budget_of_a_child_keeps_its_length(library: Path, tmp_path: Path) -> None:
    body = 'child = subprocess.Popen(["sleep", "30"]); time.sleep(1); child.kill(); child.wait()'
    assert timed(library, tmp_path, body)[0] >= 1


def test_once_the_child_has_ended_the_rest_passes_faster(library: Path, tmp_path: Path) -> None:
    body = 'child = subprocess.Popen(["true"]); time.sleep(10); child.wait()'
    assert timed(library, tmp_path, body)[0] < LONG


def test_what_a_signal_has_interrupted_passes_faster(library: Path, tmp_path: Path) -> None:
    body = (
        "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        # Again and again: the first may come before the sleep has begun.
        'kill = f"while kill -USR1 {os.getpid()}; do sleep 0.05; done"\n'
        'child = subprocess.Popen(["sh", "-c", kill])\n'
        "time.sleep(10); child.kill(); child.wait()"
    )
    assert timed(library, tmp_path, body)[0] < LONG
