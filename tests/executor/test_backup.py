"""The whole program as a process, with real scripts and a pretended snapshot command.

Nothing is frozen here (the driver finds no filesystem); freezing is tried in guests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.contract.errors import ERRORS
from harness.executor.scripts import Script
from harness.executor.state import Record, StateFolder
from harness.executor.system import boot_id

DRIVER = Path(__file__).with_name("driver.py")
#: Guests have other Pythons than the test machine, from 3.9 on: name one to try it.
PYTHON = os.environ.get("SNAPCERT_GUEST_PYTHON", sys.executable)


class Guest:
    """A folder with config, scripts, snapshot command, state and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks = folder / "marks"
        self.marks.touch()
        self.status = folder / "status.json"
        self.script("snapshot", 'echo "snapshot $1" >> marks\n')
        self.script("pre", "")
        self.script("post", "")
        self.config()

    def script(self, name: str, text: str, mode: int = 0o700) -> None:
        mark = f'echo "{name}" >> marks\n' if name != "snapshot" else ""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\ncd {self.folder}\n{mark}{text}")
        path.chmod(mode)

    def config(self, **keys: object) -> None:
        content: dict[str, object] = {
            "preScriptLocation": str(self.folder / "pre"),
            "postScriptLocation": str(self.folder / "post"),
            **keys,
        }
        path = self.folder / "config.json"
        path.write_text(json.dumps(content))
        path.chmod(0o600)

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        self.status.unlink(missing_ok=True)
        told = {
            "PATH": os.environ["PATH"],
            "SNAPCERT_SNAPSHOT": str(self.folder / "snapshot"),
            "SNAPCERT_STATUS": str(self.status),
            **environment,
        }
        paths = [self.folder / name for name in ("config.json", "host.conf", "state", "log")]
        return subprocess.Popen(
            [PYTHON, str(DRIVER), *map(str, paths)],
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def backup(self, **environment: str) -> dict[str, Any]:
        process = self.start(**environment)
        output, _ = process.communicate(timeout=60)
        assert self.status.exists(), output.decode()
        outcome: dict[str, Any] = json.loads(self.status.read_text())
        assert process.returncode == (0 if outcome["status"] == "succeeded" else 1)
        return outcome

    def lines(self) -> list[str]:
        return [line.strip() for line in self.marks.read_text().splitlines()]

    def interrupted(self) -> None:
        """As if a run had been killed after its pre-script, with all that would survive of it."""
        post = str(self.folder / "post")
        script = Script("post", post, post, params=(), retries=0, seconds=30.0)
        StateFolder(str(self.folder / "state")).write(Record("earlier", boot_id(), post=script))

    def wait_for(self, line: str, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while line not in self.lines() and time.monotonic() < until:
            time.sleep(0.01)
        assert line in self.lines()

    def over(self, seconds: float = 10.0) -> bool:
        """Whether nothing of a run is left within the time: run.lock is free."""
        until = time.monotonic() + seconds
        command = ["flock", "-n", str(self.folder / "state" / "run.lock"), "true"]
        while time.monotonic() < until:
            if subprocess.run(command, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def log(self) -> str:
        return max((self.folder / "log").glob("run-*.log")).read_text()


@pytest.fixture
def guest(folder: Path) -> Guest:
    return Guest(folder)


def outcome(guest: Guest, **environment: str) -> tuple[str, str, list[str]]:
    told = guest.backup(**environment)
    return told["status"], told["consistency"], told["errors"]


def test_application_consistent(guest: Guest) -> None:
    assert outcome(guest) == ("succeeded", "application", [])
    assert guest.lines() == ["pre", "snapshot", "post"]


def test_not_configured(guest: Guest) -> None:
    (guest.folder / "config.json").unlink()
    assert outcome(guest) == ("succeeded", "file-system", [])
    assert guest.lines() == ["snapshot"]


@pytest.mark.parametrize(
    ("keys", "single", "wanted", "ran"),
    [
        ({}, "0", ("succeeded", "file-system"), ["pre", "snapshot", "post"]),
        ({"fsFreezeEnabled": False}, "0", ("succeeded", "crash"), ["pre", "snapshot", "post"]),
        ({"continueBackupOnFailure": False}, "0", ("failed", "none"), ["pre", "post"]),
        (
            {"continueBackupOnFailure": False},
            "1",
            ("succeeded", "crash"),
            ["pre", "snapshot", "post"],
        ),
    ],
    ids=["true", "no freeze", "false", "false on a single disk"],
)
def test_pre_fails(
    guest: Guest, keys: dict[str, object], single: str, wanted: tuple[str, str], ran: list[str]
) -> None:
    guest.script("pre", "echo broken >&2; exit 3\n")
    guest.config(**keys)
    told = guest.backup(SNAPCERT_SINGLE_DISK=single)
    assert (told["status"], told["consistency"]) == wanted
    assert told["errors"] == ["Pre-ScriptExecutionFailed"]
    assert "broken" in told["reasons"]["Pre-ScriptExecutionFailed"]
    assert guest.lines() == ran


def test_a_retry_succeeds_at_the_last_attempt(guest: Guest) -> None:
    guest.script("pre", "[ $(grep -c pre marks) = 3 ]\n")
    guest.config(preScriptNoOfRetries=2)
    assert outcome(guest) == ("succeeded", "application", [])
    assert guest.lines().count("pre") == 3


def test_no_more_attempts_than_retries(guest: Guest) -> None:
    guest.script("post", "exit 1\n")
    guest.config(postScriptNoOfRetries=2)
    assert outcome(guest) == ("succeeded", "file-system", ["Post-ScriptExecutionFailed"])
    assert guest.lines().count("post") == 3


def test_one_budget_for_all_attempts(guest: Guest) -> None:
    guest.script("pre", "sleep 0.4; exit 1\n")
    guest.config(preScriptNoOfRetries=50, timeoutInSeconds=1)
    assert outcome(guest)[2] == ["Pre-ScriptTimeout"]
    assert guest.lines().count("pre") == 3


def test_the_plugin_hosts_timeout_caps(guest: Guest) -> None:
    host = guest.folder / "host.conf"
    host.write_text(
        "[pre_post]\ntimeoutInSeconds = 1\nnumberOfPlugins = 1\npluginName0 = ScriptRunner\n"
        "pluginPath0 = p\npluginConfigPath0 = c\n"
    )
    host.chmod(0o644)
    guest.script("post", "sleep 30\n")
    told = guest.backup()
    assert told["errors"] == ["Post-ScriptTimeout"]
    assert any("CFG-04" in warning for warning in told["warnings"])


def test_a_post_script_that_vanished_meanwhile(guest: Guest) -> None:
    guest.script("pre", "rm post\n")
    assert outcome(guest) == ("succeeded", "file-system", ["Post-ScriptNotFound"])


def test_a_pre_script_that_changed_its_mode_between_attempts(guest: Guest) -> None:
    guest.script("pre", "chmod 755 pre; exit 1\n")
    guest.config(preScriptNoOfRetries=5)
    assert outcome(guest)[2] == ["InsufficientPermissionforPre-Script"]
    assert guest.lines() == ["pre", "snapshot", "post"]


def test_the_interpreter_is_missing(guest: Guest) -> None:
    path = guest.folder / "pre"
    path.write_text("#!/there/is/none\n")
    assert outcome(guest)[2] == ["Pre-ScriptExecutionFailed"]
    assert guest.lines() == ["snapshot", "post"]


def test_the_snapshot_fails(guest: Guest) -> None:
    guest.script("snapshot", 'echo "snapshot $1" >> marks; exit 1\n')
    assert outcome(guest) == ("failed", "none", ["SnapshotFailed"])
    assert guest.lines() == ["pre", "snapshot", "post"]


def test_the_snapshot_hangs(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; trap '' TERM; while :; do sleep 75.25; done")
    began = time.monotonic()
    assert outcome(guest, SNAPCERT_FREEZE_BOUND="1") == ("failed", "none", ["SnapshotFailed"])
    assert time.monotonic() - began < 9
    assert guest.lines() == ["pre", "snapshot", "post"]


def test_what_a_failed_snapshot_command_started_is_ended(guest: Guest) -> None:
    guest.script("snapshot", "(setsid sleep 77.25 &)\nsleep 77.25 &\nexit 1\n")
    guest.script("post", "pgrep -f 'sleep 77[.]25' >> marks\n")
    guest.config(postScriptNoOfRetries=0)
    # The post-script fails because it finds none: they are ended before it starts.
    errors = ["SnapshotFailed", "Post-ScriptExecutionFailed"]
    assert outcome(guest) == ("failed", "none", errors)
    assert guest.lines() == ["pre", "post"]
    assert subprocess.run(["pgrep", "-f", "sleep 77[.]25"], check=False).returncode == 1


def test_the_set_of_a_failed_run_is_discarded(guest: Guest) -> None:
    guest.script("post", "exit 1\n")
    guest.config(continueBackupOnFailure=False)
    assert outcome(guest) == ("failed", "none", ["Post-ScriptExecutionFailed"])
    assert guest.lines() == ["pre", "snapshot", "post", "snapshot discard"]


def test_what_holds_the_output_open_delays_nothing(guest: Guest) -> None:
    guest.script("pre", "sleep 8 &\n")
    began = time.monotonic()
    assert outcome(guest) == ("succeeded", "application", [])
    assert time.monotonic() - began < 6


def test_a_second_run_is_refused_and_disturbs_nothing(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; sleep 2\n")
    first = guest.start()
    guest.wait_for("snapshot")
    began = time.monotonic()
    status = guest.folder / "second.json"
    second = guest.start(SNAPCERT_STATUS=str(status))
    output, _ = second.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert second.returncode == 1
    assert json.loads(status.read_text())["errors"] == ["BackupInProgress"]
    assert b"recommended action" in output
    assert first.wait(timeout=20) == 0
    assert json.loads(guest.status.read_text())["consistency"] == "application"
    first.communicate()


@pytest.mark.parametrize("phase", ["pre", "snapshot"])
def test_killed_between_pre_and_post(guest: Guest, phase: str) -> None:
    text = "trap '' TERM; while :; do sleep 76.25; done\n"
    guest.script(phase, text if phase == "pre" else f"echo snapshot >> marks; {text}")
    process = guest.start()
    guest.wait_for(phase)
    process.kill()
    process.communicate()
    assert guest.over()
    assert guest.lines()[-1] == "post"
    assert not guest.status.exists()
    assert subprocess.run(["pgrep", "-f", "sleep 76.25"], check=False).returncode == 1
    guest.marks.write_text("")
    guest.script("pre", "")
    guest.script("snapshot", "echo snapshot >> marks\n")
    assert outcome(guest) == ("succeeded", "application", [])
    assert guest.lines() == ["pre", "snapshot", "post"]


def test_a_start_right_after_a_kill_waits(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; sleep 30\n")
    guest.script("post", "sleep 1; echo done >> marks\n")
    process = guest.start()
    guest.wait_for("snapshot")
    process.kill()
    guest.script("snapshot", "echo snapshot >> marks\n")
    assert outcome(guest) == ("succeeded", "application", [])
    process.communicate()
    first = ["pre", "snapshot", "post", "done"]
    assert guest.lines() == [*first, *first]


def test_a_recovery_that_failed_is_the_next_runs_first_error_and_then_over(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; sleep 30\n")
    guest.script("post", "exit 9\n")
    guest.config(postScriptNoOfRetries=1)
    process = guest.start()
    guest.wait_for("snapshot")
    process.kill()
    process.communicate()
    assert guest.over()
    assert guest.lines().count("post") == 2
    guest.marks.write_text("")
    guest.script("snapshot", "echo snapshot >> marks\n")
    told = guest.backup()
    assert (told["status"], told["consistency"]) == ("succeeded", "file-system")
    assert told["errors"] == ["Post-ScriptExecutionFailed"]
    assert guest.lines() == ["snapshot"]
    guest.script("post", "")
    assert outcome(guest) == ("succeeded", "application", [])


def test_killed_in_a_recovery(guest: Guest) -> None:
    guest.interrupted()
    guest.script("post", "sleep 1; echo done >> marks\n")
    process = guest.start()
    guest.wait_for("post")
    process.kill()
    process.communicate()
    assert guest.over()
    assert guest.lines() == ["post", "done"]
    assert not guest.status.exists()
    assert outcome(guest) == ("succeeded", "application", [])
    assert guest.lines()[2:] == ["pre", "snapshot", "post", "done"]


def test_told_to_end_in_a_recovery(guest: Guest) -> None:
    guest.interrupted()
    guest.script("post", "sleep 1; echo done >> marks\n")
    process = guest.start()
    guest.wait_for("post")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 1
    told = json.loads(guest.status.read_text())
    assert (told["status"], told["errors"]) == ("failed", ["SnapshotFailed"])
    assert guest.lines() == ["post", "done"]


def test_killed_in_a_recovery_that_fails(guest: Guest) -> None:
    guest.interrupted()
    guest.script("post", "sleep 1; exit 9\n")
    process = guest.start()
    guest.wait_for("post")
    process.kill()
    process.communicate()
    assert guest.over()
    assert guest.lines() == ["post"]
    # Tried once; its failure is told by the first run that has an outcome.
    assert outcome(guest) == ("succeeded", "file-system", ["Post-ScriptExecutionFailed"])
    assert guest.lines() == ["post", "snapshot"]


def test_everything_killed_at_once_is_recovered_by_the_next_run(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; sleep 5\n")
    process = guest.start()
    guest.wait_for("snapshot")
    found = subprocess.run(
        ["pgrep", "-f", str(guest.folder / "config.json")], capture_output=True, check=True
    )
    pids = [int(word) for word in found.stdout.split()]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)
    process.communicate()
    assert guest.over()
    assert guest.lines() == ["pre", "snapshot"]
    guest.script("snapshot", "echo snapshot >> marks\n")
    guest.marks.write_text("")
    # With the paths and parameters of the interrupted run, whatever the config says now.
    (guest.folder / "config.json").unlink()
    assert outcome(guest) == ("succeeded", "file-system", [])
    assert guest.lines() == ["post", "snapshot"]


def test_the_worker_killed(guest: Guest) -> None:
    guest.script("snapshot", "echo snapshot >> marks; sleep 30\n")
    process = guest.start()
    guest.wait_for("snapshot")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(guest.status.read_text())["errors"] == ["SnapshotFailed"]
    assert guest.lines() == ["pre", "snapshot", "post"]


@pytest.mark.parametrize("phase", ["pre", "snapshot"])
def test_told_to_end(guest: Guest, phase: str) -> None:
    guest.script(phase, f"echo {phase} >> marks; sleep 30\n")
    process = guest.start()
    guest.wait_for(phase)
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    told = json.loads(guest.status.read_text())
    assert (told["status"], told["errors"]) == ("failed", ["SnapshotFailed"])
    assert guest.lines()[-1] == "post"
    assert b"signal 15" in output


def test_the_log_tells_everything(guest: Guest) -> None:
    guest.script("pre", "echo some output; echo some complaint >&2; exit 7\n")
    guest.config(preScriptNoOfRetries=1)
    guest.backup()
    log = guest.log()
    phases = [line.split()[1] for line in log.splitlines()]
    wanted = ["recover", "precheck", "pre", "freeze", "snapshot", "thaw", "post", "verdict"]
    assert list(dict.fromkeys(phases)) == wanted
    assert "attempt 1 of 2: exit status 7 after 0." in log
    assert "attempt 2 of 2: exit status 7 after 0." in log
    assert log.count("| some output") == 2
    assert log.count("| some complaint") == 2
    text = ERRORS["Pre-ScriptExecutionFailed"]
    assert text.message in log
    assert text.action in log


def test_runs_leave_nothing_behind(guest: Guest) -> None:
    guest.backup()
    guest.backup()
    before = sorted(path.name for path in guest.folder.rglob("*") if "log" not in path.parts)
    locks = Path("/proc/locks").read_text()
    guest.backup()
    after = sorted(path.name for path in guest.folder.rglob("*") if "log" not in path.parts)
    assert [n for n in after if not n.startswith("run-")] == [
        n for n in before if not n.startswith("run-")
    ]
    assert sorted(p.name for p in (guest.folder / "state").iterdir()) == ["main.lock", "run.lock"]
    inodes = {str(p.stat().st_ino) for p in (guest.folder / "state").iterdir()}
    assert not [line for line in locks.splitlines() if line.split()[5].split(":")[2] in inodes]


def test_the_snapshot_command_gets_the_callers_environment(guest: Guest) -> None:
    guest.script("snapshot", 'echo "snapshot $TOLD" >> marks\n')
    guest.backup(TOLD="by the caller")
    assert "snapshot by the caller" in guest.lines()
