"""The command line: exit codes, clear errors, no traceback. Nothing here needs an engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness.cli import cli, main

ROOT = Path(__file__).resolve().parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    output = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, output.out, output.err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in cli.list_commands(click.Context(cli)):
        assert f"\n  {command} " in out
        assert cli.get_command(click.Context(cli), command).name == command  # type: ignore[union-attr]
    assert "certify" in out


def test_a_command_that_needs_no_machine_imports_no_client_of_one() -> None:
    """A hook before each commit must not wait for pytest and the engine's client."""
    run_it = "from harness.cli import main; import sys\ntry: main(['lint', 'docs'])\nexcept: pass\n"
    tell = "print(*(n for n in ('docker', 'pytest', 'jinja2') if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", run_it + tell], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", ["Pre-ScriptTimeout", "FBK-03", "fbk-03.status", "SnapshotFailed"])
def test_explain(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = run(capsys, "explain", name)
    assert code == 0
    assert name.lower().split(".")[0] in out.lower()


def test_explain_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "explain", "Pre-ScriptTimout")
    assert code == 4
    assert "Pre-ScriptTimeout" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["conform", "--fs", "zfs"], "zfs"),
        (["conform", "--rules", "1999"], "1999"),
        (["conform", "--executor", "other"], "--executor"),
        (["conform", "--executor", "command:/nonexistent"], "no executor"),
        (["conform", "--nonsense"], "--nonsense"),
        (["certify", "/nonexistent/kit"], "no script kit"),
        (["certify", "ledger", "--level", "9"], "9"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], words: str
) -> None:
    out = [] if len(arguments) < 2 else ["--out", str(tmp_path)]
    code, stdout, err = run(capsys, *arguments, *out)
    assert code == 4
    assert words in err + stdout
    assert "Traceback" not in err + stdout


def test_no_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    code, out, err = run(capsys, "conform", "-n", "0", "--out", str(tmp_path))
    assert code == 3
    assert "remedy" in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("arguments", "verdict", "code"),
    [
        (["conform", "--fs", "zfs", "--json"], "wrong-usage", 4),
        (["conform", "--nonsense", "--json"], "wrong-usage", 4),
        (["conform", "-n", "0", "--json"], "harness-failed", 3),
    ],
)
def test_json_where_there_is_no_verdict(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    verdict: str,
    code: int,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    ended, out, err = run(capsys, *arguments, "--out", str(tmp_path))
    found = json.loads(out)
    assert (ended, found["exit_code"], found["verdict"]) == (code, code, verdict)
    assert found["error"]["message"]
    assert err


def test_json_is_all_that_stands_on_standard_output(
    tmp_path: Path,
) -> None:
    """Level 1 needs no engine; what a person reads goes to standard error."""
    command = [str(Path(sys.executable).with_name("snapcert")), "certify", "ledger"]
    done = subprocess.run(
        [*command, "--level", "1", "--json", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["kit"]["level"]) == (0, "conforms", 1)
    assert found["reports"]["report"] == str(tmp_path / "report.html")
    assert "Certified at level 1" in done.stderr
    record = (tmp_path / "results.jsonl").read_text()
    assert f'"seed":{found["seed"]}' in record


def test_a_kit_without_its_manifest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "certify", str(tmp_path), "--out", str(tmp_path / "out"))
    assert code == 4
    assert "kit.toml" in err
    assert sys.executable not in err
