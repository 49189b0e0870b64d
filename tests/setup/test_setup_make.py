"""The entry points: make's targets and what continuous integration runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from setup.steps import ROOT

_MAKEFILE = (ROOT / "Makefile").read_text()


def _make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    )


def test_help_is_the_default_and_lists_every_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _MAKEFILE, re.MULTILINE))
    assert {"certify", "test", "check", "conform", "doctor", "bench", "images"} <= targets
    assert {"engine", "engine-stop", "clean", "help"} <= targets
    shown = _make().stdout
    assert all(re.search(rf"^  {target} +\S", shown, re.MULTILINE) for target in targets)


def test_no_target_is_mistaken_for_a_file() -> None:
    phony = _MAKEFILE.partition(".PHONY:")[2].replace("\\\n", " ").splitlines()[0].split()
    assert set(phony) == set(re.findall(r"^([a-z-]+):", _MAKEFILE, re.MULTILINE))


def test_a_machine_without_python_is_told_what_to_do() -> None:
    done = _make("venv", "PYTHON=python-of-nowhere")
    assert done.returncode == 2
    assert "error: there is no python-of-nowhere" in done.stderr
    assert "remedy: install Python 3.11" in done.stderr


@pytest.mark.parametrize(
    ("kit", "folder"),
    [("ledger", "fixtures/kits/ledger"), ("../mine/kit", "../mine/kit"), ("./kit", "./kit")],
)
def test_a_kit_is_named_by_word_or_folder(kit: str, folder: str) -> None:
    shown = _make("--dry-run", "certify", f"KIT={kit}").stdout
    assert f"setup.images {folder}\n" in shown
    assert f"snapcert certify {folder} \n" in shown


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the CI entry and an environment whose python notes what it is told."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    python = tmp_path / ".make/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "python $*" >>"$CALLS"\n'
        'case "$*" in *status) exit "$ENGINE_STATUS";; esac\n'
    )
    python.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("code", [0, 1, 3])
@pytest.mark.parametrize("there", [True, False], ids=["engine there", "engine started"])
def test_ci_runs_make_test_keeps_its_status_and_stops_only_its_own_engine(
    checkout: Path,
    fake: Callable[[str, str], Path],
    calls: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    there: bool,
) -> None:
    fake("make", f'case "$1" in test) exit {code};; esac')
    monkeypatch.setenv("ENGINE_STATUS", "0" if there else "1")
    done = subprocess.run(
        [str(checkout / ".ci/run")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert re.search(r"^  python3 +Python 3", done.stdout, re.MULTILINE)
    made = calls()
    assert "make test" in made
    assert ("python -m setup.engine stop-if-idle" in made) is not there
    if not there:
        assert made.index("python -m setup.engine stop-if-idle") > made.index("make test")


def test_ci_says_so_where_the_environment_cannot_be_made(
    checkout: Path, fake: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("make", "exit 2")
    shutil.rmtree(checkout / ".make")
    done = subprocess.run([str(checkout / ".ci/run")], check=False, timeout=60)
    assert done.returncode == 2
