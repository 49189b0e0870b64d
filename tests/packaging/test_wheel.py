"""The built wheel, installed into an environment of its own and used from another folder.

Built by the configured backend and installed by pip; what it depends on is taken from this
environment, so that no index is asked. `make wheel` does it with an index, from nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import click
import pytest

from harness.certify.kit import load_kit
from harness.results.reader import read

ROOT = Path(__file__).resolve().parents[2]
SUITE = "harness/_suite/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (found,) = folder.glob("snapcert-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment that has the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install",
               "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]  # fmt: skip
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    (site,) = (folder / "lib").glob("python3*/site-packages")
    # Of a folder that is named so, no .pth file is read: the checkout does not come along.
    (site / "others.pth").write_text(f"{Path(click.__file__).parents[1]}\n")
    return folder


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """What `snapcert ARGUMENTS…` shows, in a folder and without an engine; it must succeed."""
    others = Path(sys.executable).parent  # ShellCheck's program is there
    done = subprocess.run(
        [installed / "bin" / "snapcert", *arguments],
        cwd=folder,
        env={
            "PATH": f"{installed / 'bin'}:{others}:{os.environ['PATH']}",
            "HOME": str(folder),
            "DOCKER_HOST": f"unix://{folder}/nobody.sock",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def tracked(folder: str) -> set[str]:
    """Files below a folder of the checkout, as git has them."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_everything_travels(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        suite = {name.removeprefix(SUITE) for name in held if name.startswith(SUITE)}
        for name in ("fixtures/configs/truncated.json", "scenarios/suite.ini"):
            assert archive.read(SUITE + name) == (ROOT / name).read_bytes()
    assert suite == tracked("scenarios") | tracked("fixtures")
    own = {name for name in held if name.startswith("harness/")} - {SUITE + n for n in suite}
    assert own == tracked("harness")
    assert all(name.startswith(("harness/", "snapcert-")) for name in held)


def test_it_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    assert "--executor" not in run(installed, tmp_path, "doctor", "--help")
    assert "FBK-03" in run(installed, tmp_path, "explain", "FBK-03")
    assert "Certified at level 1" in run(
        installed, tmp_path, "certify", "ledger", "--level", "1", "--out", "out"
    )
    record = read(tmp_path / "out" / "results.jsonl")
    assert record.header.kit is not None
    # Contents and execute bits are those of the checkout.
    assert record.header.kit.digest == load_kit(ROOT / "fixtures" / "kits" / "ledger").digest


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    where = "import harness, harness.scenario.suite as s; print(harness.__file__, s.suite_root())"
    done = subprocess.run(
        [installed / "bin" / "python", "-c", where],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    module, suite = done.stdout.split()
    assert Path(module).is_relative_to(installed)
    assert Path(suite).is_relative_to(installed)
