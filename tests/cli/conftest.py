"""snapcert as a user runs it, in a folder of its own and without an engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended, and all that it showed, white space run together."""

    code: int
    shown: str


Snapcert = Callable[..., Done]


@pytest.fixture
def snapcert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Snapcert:
    """Runs `snapcert ARGUMENTS…` in tmp_path; there is no engine that answers."""

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        with monkeypatch.context() as within:
            within.chdir(tmp_path)
            within.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
            with pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
        shown = " ".join("".join(capfd.readouterr()).split())
        assert "Traceback" not in shown
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, shown)

    return run


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A copy of the bundled kit, to be changed."""
    folder = tmp_path / "kit"
    shutil.copytree(ROOT / "fixtures" / "kits" / "ledger", folder)
    return folder
