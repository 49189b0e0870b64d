"""Wrong usage and missing things: one clear error before any machine is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.problem import UsageProblem
from harness.scenario.suite import suite_root
from harness.targets.manifest import parse_manifest
from tests.bad_input.conftest import QUICK, executor


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and all that was shown, spaces run together."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    output = capsys.readouterr()
    shown = " ".join((output.out + output.err).split())
    assert "Traceback" not in shown
    assert isinstance(ended.value.code, int)
    return ended.value.code, shown


def kit_with(folder: Path, manifest: str | None) -> Path:
    """A copy of the ledger kit with another kit.toml."""
    folder.mkdir()
    source = suite_root() / "fixtures" / "kits" / "ledger"
    for path in source.iterdir():
        if path.is_file() and path.name != "kit.toml":
            (folder / path.name).write_bytes(path.read_bytes())
    if manifest is not None:
        (folder / "kit.toml").write_text(manifest, encoding="utf-8")
    return folder


def ledger_manifest() -> str:
    path = suite_root() / "fixtures" / "kits" / "ledger" / "kit.toml"
    return path.read_text(encoding="utf-8")


def test_a_kit_without_kit_toml(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = kit_with(tmp_path / "kit", None)
    code, shown = run(capsys, "certify", str(folder), "--out", str(tmp_path / "out"))
    assert code == 4
    assert "kit.toml" in shown
    assert "remedy:" in shown


def test_a_kit_with_a_wrong_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = kit_with(tmp_path / "kit", ledger_manifest() + "\n[aplication]\n")
    code, shown = run(capsys, "certify", str(folder), "--out", str(tmp_path / "out"))
    assert code == 4
    assert "kit.toml:" in shown
    assert "'aplication'" in shown
    assert "application" in shown.partition("remedy:")[2]


def test_a_kit_whose_script_is_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = kit_with(tmp_path / "kit", ledger_manifest())
    script = next(path for path in sorted(folder.iterdir()) if path.name.startswith("pre"))
    script.unlink()
    code, shown = run(capsys, "certify", str(folder), "--out", str(tmp_path / "out"))
    assert code == 4
    assert script.name in shown
    assert "remedy:" in shown


@pytest.mark.parametrize("command", [["conform"], ["certify", "ledger"]])
def test_an_unknown_filesystem(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    code, shown = run(capsys, *command, "--fs", "ext4,zfs", "--out", str(tmp_path / "out"))
    assert code == 4
    assert "'zfs'" in shown
    assert "remedy: choose from" in shown


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_selection_that_is_no_expression(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, workers: str
) -> None:
    code, shown = run(
        capsys, "conform", "-k", "a and and", "-n", workers, "--out", str(tmp_path / "out")
    )
    assert code == 4
    assert "-k 'a and and' is no expression" in shown


def test_an_out_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = run(capsys, "conform", "-n", "0", "-k", QUICK, "--out", "/proc/nowhere")
    assert code == 4
    assert "can't be written to /proc/nowhere" in shown
    assert "--out" in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 3", "name is 3"),
        ('nmae = "x"', "did you mean 'name'"),
        ("x = [", "is not TOML"),
        ("deadline = -1", "deadline is -1"),
        ("deadline = nan", "deadline is nan"),
        ("packages = [2]", "holds 2"),
        ('image = ""', "image is empty"),
        ("setup = []", "names no program"),
        ('arguments = ["a\\u0000"]', "NUL"),
        ('[environment]\n"A=B" = "c"', "'A=B'"),
        ('[environment]\nSNAPCERT_STATUS = "x"', "SNAPCERT_STATUS"),
        ('[not-applicable]\nRUN-33 = "x"', "did you mean RUN-0"),
        ('[not-applicable]\nRUN-03 = " "', "no reason for RUN-03"),
        ('[not-applicable]\nPLG-01 = "x"', "can't be declared"),
    ],
)
def test_executor_toml(text: str, words: str) -> None:
    with pytest.raises(UsageProblem, match=r"executor\.toml") as raised:
        parse_manifest(text, "executor.toml")
    assert words in str(raised.value)


def test_executor_toml_that_is_no_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = executor(tmp_path / "executor", "#!/bin/sh\n")
    (folder / "executor.toml").write_bytes(b"name = '\xff'")
    code, shown = run(capsys, "conform", "--executor", f"command:{folder}")
    assert code == 4
    assert "executor.toml can't be read" in shown


def test_an_engine_that_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    code, shown = run(capsys, "conform", "-n", "2", "--out", str(tmp_path / "out"))
    assert code == 3
    assert shown.startswith("error: the engine at unix://")
    assert "remedy: start it" in shown
