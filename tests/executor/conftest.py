"""What the executor's tests share. Nothing here freezes: this may be somebody's own machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.executor import freezer, run, system


def _refuse(*_: object) -> None:
    raise AssertionError("a test tried to freeze or thaw a filesystem of this machine")


@pytest.fixture(autouse=True)
def _nothing_freezes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (system, freezer):
        monkeypatch.setattr(module, "freeze", _refuse)
        monkeypatch.setattr(module, "thaw", _refuse)
    monkeypatch.setattr(run, "find_filesystems", tuple)
    monkeypatch.setattr(run, "find_partial", tuple)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody but root can write to on its whole path (FILE-08)."""
    if os.geteuid() != 0:
        pytest.skip("the executor runs as root, and judges that files are root's")
    path = Path(tempfile.mkdtemp(prefix="snapcert-test-", dir="/root"))
    yield path
    shutil.rmtree(path)
