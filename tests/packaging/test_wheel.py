"""The built wheel, installed into an empty environment and used from another folder.

Built by the configured backend and installed by pip. What its own metadata says that it depends
on, and nothing else, is linked in from this environment, so that no index is asked: what is not
declared is not there. `make wheel` lets pip get the same from an index, which takes a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from harness.certify.kit import load_kit
from harness.machines.engine import Engine
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
    """The folder of an environment that has the wheel, what it declares, and no more."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install",
               "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)]  # fmt: skip
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    (site,) = (folder / "lib").glob("python3*/site-packages")
    (own,) = distributions(path=[str(site)])
    for found in declared(own.requires or ()):
        link(found, site, folder / "bin")
    return folder


def declared(requirements: Iterable[str]) -> list[Distribution]:
    """The packages of this environment that these requirements ask for, and theirs in turn."""
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    waiting = [(requirement, frozenset[str]()) for requirement in requirements]
    while waiting:
        requirement, extras = waiting.pop()
        wanted = Requirement(requirement)
        asked = [{"extra": extra} for extra in extras or {""}]
        if wanted.marker is not None and not any(map(wanted.marker.evaluate, asked)):
            continue
        key = wanted.name, frozenset(wanted.extras)
        if key not in found:
            found[key] = distribution(wanted.name)
            assert found[key].version in wanted.specifier
            waiting += [(inner, key[1]) for inner in found[key].requires or ()]
    return list(found.values())


def link(found: Distribution, site: Path, programs: Path) -> None:
    """Have a package there by links to its folders, modules and programs."""
    for file in found.files or ():
        if file.parts[0] == "..":
            name, folder = Path(file.name), programs
        else:
            name, folder = Path(file.parts[0]), site
        origin = Path(str(found.locate_file(file if folder is programs else name))).resolve()
        if name.name != "__pycache__" and not (folder / name).exists():
            (folder / name).symlink_to(origin)


def run(
    installed: Path, folder: Path, *arguments: str, engine: Mapping[str, str] | None = None
) -> str:
    """What `snapcert ARGUMENTS…` shows, in a folder; it must succeed.

    `engine`: the variables that lead to one; without them there is none that answers.
    """
    done = subprocess.run(
        [installed / "bin" / "snapcert", *arguments],
        cwd=folder,
        env={
            "PATH": f"{installed / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "DOCKER_HOST": f"unix://{folder}/nobody.sock",
            **(engine or {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=150,
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


@pytest.mark.usefixtures("image")
def test_it_judges_an_executor_from_another_folder(
    installed: Path, tmp_path: Path, engine: Engine
) -> None:
    """Fixtures reach a guest; the agent and the reference executor travel in the package."""
    there = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    there["DOCKER_HOST"] = engine.address
    shown = run(
        installed, tmp_path, "conform", "-n", "0", "--fs", "ext4", "-k",
        "test_application_consistent and root-and-data", "--out", "out", engine=there,
    )  # fmt: skip
    assert "Conforms" in shown
    record = read(tmp_path / "out" / "results.jsonl")
    assert [line.status for line in record.scenarios] == ["passed"]


def test_what_is_not_declared_is_not_there(installed: Path, tmp_path: Path) -> None:
    for module, code in (("click", 0), ("hypothesis", 1), ("yaml", 1), ("tests", 1)):
        command = [installed / "bin" / "python", "-c", f"import {module}"]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
        assert done.returncode == code, module


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    where = "import harness, harness.scenario.suite as s; print(harness.__file__, s.suite_root())"
    done = subprocess.run(
        [installed / "bin" / "python", "-c", where],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    module, suite = done.stdout.split()
    assert Path(module).is_relative_to(installed)
    assert Path(suite).is_relative_to(installed)
