"""Set-up is shown with commands of our own on PATH: nothing is installed, nothing downloaded."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from setup import apt, steps

FakeCommand = Callable[[str, str], Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommand:
    """`fake(NAME, SHELL)` puts a command before all others on PATH; it notes its arguments.

    The notes of all of them stand in the file CALLS beside them, one call a line.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(folder / "CALLS"))

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$CALLS"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="se-") as folder:
        yield Path(folder)


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """What the fake commands were called with, in order."""

    def read() -> list[str]:
        notes = tmp_path / "bin" / "CALLS"
        return notes.read_text().splitlines() if notes.exists() else []

    return read


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for logs and locks in place of the checkout's."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setattr(steps, "STATE", folder)
    monkeypatch.setattr(apt, "STATE", folder)
    monkeypatch.setattr(steps, "BEAT", 0.05)
    return folder
