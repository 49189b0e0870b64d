"""An executor given as a path: what is read of it, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import UsageProblem
from harness.targets.command import FOLDER, CommandTarget
from harness.targets.manifest import parse_manifest


def executor(folder: Path, manifest: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    run = folder / "run"
    run.write_text("#!/bin/sh\nexit 0\n")
    run.chmod(0o755)
    if manifest is not None:
        (folder / "executor.toml").write_text(manifest)
    return folder


def test_a_single_file(tmp_path: Path) -> None:
    target = CommandTarget(executor(tmp_path) / "run")
    assert target.launch().argv == (f"{FOLDER}/run",)
    assert target.identity.kind == "command"


def test_a_folder_with_a_manifest(tmp_path: Path) -> None:
    manifest = (
        'name = "agent"\nversion = "2"\npackages = ["jq"]\narguments = ["-v"]\ndeadline = 9\n'
        '[environment]\nMODE = "quick"\n[not-applicable]\n"ROB-01" = "it has no lock"\n'
    )
    target = CommandTarget(executor(tmp_path, manifest))
    assert (target.identity.name, target.identity.version) == ("agent", "2")
    assert target.launch().argv == (f"{FOLDER}/run", "-v")
    assert target.launch().env == {"MODE": "quick"}
    assert target.packages == ("jq",)
    assert target.deadline == 9.0
    assert target.not_applicable == {"ROB-01": "it has no lock"}


def test_the_digest_follows_every_file(tmp_path: Path) -> None:
    folder = executor(tmp_path)
    before = CommandTarget(folder).identity.digest
    (folder / "library.sh").write_text("one\n")
    after = CommandTarget(folder).identity.digest
    (folder / "library.sh").write_text("two\n")
    assert len({before, after, CommandTarget(folder).identity.digest}) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "is not TOML"),
        ('nmae = "x"', "did you mean 'name'"),
        ("packages = 'jq'", "wrong type"),
        ("packages = [1]", "no string"),
        ("deadline = 0", "above 0"),
        ("deadline = true", "wrong type"),
        ('[not-applicable]\n"ROB-01" = " "', "no reason"),
        ('image = "a"\npackages = ["b"]', "both"),
        ("[environment]\nA = 1", "no string"),
    ],
)
def test_a_wrong_manifest_is_named(text: str, words: str) -> None:
    with pytest.raises(UsageProblem, match=words) as caught:
        parse_manifest(text, "executor.toml")
    assert "executor.toml" in str(caught.value)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no executor"):
        CommandTarget(tmp_path / "absent")


def test_a_folder_without_run(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no executable file `run`"):
        CommandTarget(tmp_path)


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    file = tmp_path / "agent"
    file.write_text("#!/bin/sh\n")
    with pytest.raises(UsageProblem, match="is not executable"):
        CommandTarget(file)
