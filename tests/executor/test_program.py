"""The program as it is shipped: the packed file, its options, its messages."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.contract.verdict import Happening, Policy, ScriptFinding
from harness.executor import cli
from harness.executor.mounts import Filesystem, Mount
from harness.executor.package import build_zipapp, digest
from harness.executor.precheck import Precheck
from harness.executor.settings import FREEZE_BOUND, UsageError, read_settings
from harness.executor.state import InProgress, Record, StateFolder, write_whole

#: Guests have other Pythons than the test machine, from 3.9 on: name one to try it.
PYTHON = os.environ.get("SNAPCERT_GUEST_PYTHON", sys.executable)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "executor.pyz"
    path.write_bytes(build_zipapp())
    path.chmod(0o755)
    return path


def run(program: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-I", str(program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
        timeout=60,
    )


def test_the_same_bytes_each_time() -> None:
    assert build_zipapp() == build_zipapp()
    # In another process too, whatever it hashed and loaded before.
    command = "from harness.executor.package import *; print(digest(), len(build_zipapp()))"
    there = subprocess.run(
        [sys.executable, "-c", f"import argparse, ctypes; {command}"],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split() == [digest(), str(len(build_zipapp()))]


def test_only_contract_and_executor_travel(program: Path) -> None:
    with zipfile.ZipFile(program) as archive:
        names = archive.namelist()
    rooms = {name.split("/")[1] for name in names if name.count("/") > 1}
    assert rooms == {"contract", "executor"}
    assert "__main__.py" in names


def test_help(program: Path) -> None:
    for arguments in (("--help",), ("backup", "--help"), ("check", "--help")):
        done = run(program, *arguments)
        assert done.returncode == 0
        assert "usage: executor" in done.stdout
    assert "SNAPCERT_SNAPSHOT" in run(program, "--help").stdout


def test_without_a_snapshot_command(program: Path) -> None:
    done = run(program, "backup")
    assert done.returncode == 2
    assert "SNAPCERT_SNAPSHOT" in done.stderr
    assert "remedy:" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage(program: Path) -> None:
    assert run(program, "restore").returncode == 2
    done = run(program, "backup", SNAPCERT_SNAPSHOT="relative")
    assert done.returncode == 2
    assert "full path" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="a check needs root")
def test_check(program: Path) -> None:
    done = run(program, "check", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["error"] is None else 1)
    assert set(told) >= {"configured", "error", "detail", "warnings", "filesystems"}
    assert told["detail"] in run(program, "check").stdout


def test_a_check_needs_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.main(["check"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "a check needs root" in told.err
    assert "remedy:" in told.err


FINDING = ScriptFinding("precheck", "Pre-ScriptNotFound", "there is none")
FROZEN = "would be frozen, in this order: /d (ext4, 7:0)"
NOTHING = "would be frozen: nothing, "


@pytest.mark.parametrize(
    ("policy", "happening", "partial", "told"),
    [
        (Policy(), None, False, FROZEN),
        (Policy(), FINDING, False, FROZEN),
        (Policy(continue_on_failure=False), None, False, FROZEN),
        (Policy(continue_on_failure=False), FINDING, False, f"{NOTHING}the backup would fail"),
        (Policy(False, True, True), FINDING, False, f"{NOTHING}after this finding a single disk"),
        (Policy(fsfreeze=False), None, False, f"{NOTHING}fsFreezeEnabled is false"),
        (Policy(), None, True, f"{NOTHING}the freeze would fail"),
    ],
)
def test_a_check_tells_what_would_be_frozen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    policy: Policy,
    happening: Happening | None,
    partial: bool,
    told: str,
) -> None:
    disk = Filesystem("7:0", "ext4", (Mount(1, 0, "7:0", "/", "/d", (), "ext4", "/dev/l", ()),))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "precheck", lambda _: Precheck(happening, "detail", policy))
    monkeypatch.setattr(cli, "find_filesystems", lambda: (disk,))
    monkeypatch.setattr(cli, "find_partial", lambda: (disk,) if partial else ())
    assert cli.main(["check"]) == (0 if happening is None else 1)
    assert told in capsys.readouterr().out
    cli.main(["check", "--json"])
    names = ["/d (ext4, 7:0)"] if told == FROZEN else []
    assert json.loads(capsys.readouterr().out)["filesystems"] == names


def test_settings() -> None:
    told = {"SNAPCERT_SNAPSHOT": "/s", "SNAPCERT_STATUS": "/o", "SNAPCERT_SINGLE_DISK": "1"}
    settings = read_settings(told)
    assert (settings.snapshot, settings.status, settings.single_disk) == ("/s", "/o", True)
    assert settings.bound == FREEZE_BOUND == 60
    assert read_settings(told, snapshot="/other").snapshot == "/other"
    with pytest.raises(UsageError):
        read_settings({})


@pytest.mark.parametrize(
    ("text", "bound", "warned"),
    [("5", 5, False), ("2.5", 2.5, False), ("600", 60, False)]
    + [(wrong, 60, True) for wrong in ("soon", "0", "-1", "nan", "inf")],
)
def test_the_freeze_bound(text: str, bound: float, warned: bool) -> None:
    settings = read_settings({"SNAPCERT_SNAPSHOT": "/s", "SNAPCERT_FREEZE_BOUND": text})
    assert settings.bound == bound
    assert bool(settings.warnings) == warned


def test_the_record_of_an_interrupted_run(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "state"))
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) & 0o077 == 0
    assert state.read() is None
    record = Record("r", "boot", frozen=("/", "/my disk"), failed=("Post-ScriptTimeout", "why"))
    state.write(record)
    assert state.read() == record
    (tmp_path / "state" / "interrupted.json").write_text('{"run": 1}')
    assert state.read() is None
    state.remove()
    assert list((tmp_path / "state").iterdir()) == []


def test_a_state_folder_that_others_may_write_to(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    with pytest.raises(UsageError):
        StateFolder(str(tmp_path / "state"))


def test_two_runs_can_not_both_claim(tmp_path: Path) -> None:
    first = StateFolder(str(tmp_path / "state"))
    first.claim()
    pid = os.fork()
    if pid == 0:
        try:
            StateFolder(str(tmp_path / "state")).claim(survivors=0.1)
        except InProgress:
            os._exit(3)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3


def test_a_status_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(str(tmp_path / "a"), "text")
    assert (tmp_path / "a").read_text() == "text"
    with pytest.raises(OSError, match="No such file"):
        write_whole(str(tmp_path / "no" / "a"), "text")
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(str(tmp_path / "b"), "text")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
