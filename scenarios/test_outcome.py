"""PLG-01 and ROB-04: the outcome where it can't be written, and the log of a run."""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.oracles.log import Told, form
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts

#: The layout's small tmpfs.
SMALL = "/small"
#: Where the reference executor's logs lie.
LOGS = "/var/log/snapcert-executor/"


@pytest.mark.guest("small-tmpfs")
def test_no_room_for_the_outcome(case: Case) -> None:
    """The status file's folder is full: there is no half of an outcome, and all else is done."""
    fill = f"dd if=/dev/zero of={SMALL}/full bs=4096 2>/dev/null; [ -s {SMALL}/full ]"
    assert case.guest.run(["/bin/sh", "-c", fill]).exit == 0
    run = case.backup(Given(configured(), scripts()), status_folder=SMALL)
    run.expect(*ALL_WELL, told=False)


def test_no_folder_for_the_outcome(case: Case) -> None:
    """The status file's folder is not there: all else is done, and the run ends as usual."""
    run = case.backup(Given(configured(), scripts()), status_folder="/nowhere/status")
    run.expect(*ALL_WELL, told=False)


def test_warnings_and_reasons_are_texts(case: Case) -> None:
    """A run with something to warn of and an error to give a reason for."""
    config = {**configured(), "owner": "the database team"}
    run = case.backup(Given(config, scripts(post="fail")))
    failed = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), failed)


@pytest.mark.parametrize("go_on", [True, False], ids=["continue", "fail"])
def test_log_tells_what_happened(case: Case, go_on: bool) -> None:
    """Each phase, each attempt of a script with what it said, the error and what to do."""
    settings = {"preScriptNoOfRetries": 1, "continueBackupOnFailure": go_on}
    run = case.backup(Given(configured(**settings), scripts(pre="fail")))
    failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
    happened = (failed, FreezeDone(), SnapshotTaken(), PostSucceeded())
    run.expect(*happened, attempts={"pre": 2})
    if not case.reference:
        return
    logs = [path for path in case.guest.list_files([LOGS]) if path.endswith(".log")]
    text = b"".join(case.guest.read(path) or b"" for path in logs).decode()
    told = Told(
        attempts=[("pre", 1, "exit status 1"), ("pre", 2, "exit status 1"), ("post", 1, "exit")],
        tails=["pre: the application refused"],
        errors=[ErrorName.PRE_EXECUTION_FAILED.value],
    )
    case.add(form(text, told), run.history)
