"""PLG-01 and ROB-04: the outcome where it can't be written, and the log of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contract.errors import ErrorName, for_script
from harness.contract.verdict import (
    FreezeDone,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.oracles.log import Told
from harness.oracles.terms import COMMANDS
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, command, configured, scripts
from harness.scenario.logs import check_log, logs_of
from harness.scenario.places import folder

#: The layout's small tmpfs.
SMALL = "/small"


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
    told = Told(
        attempts=[("pre", 1, "exit status 1"), ("pre", 2, "exit status 1"), ("post", 1, "exit")],
        tails=["pre: the application refused"],
        errors=[ErrorName.PRE_EXECUTION_FAILED.value],
    )
    check_log(case, run, told)


def test_each_run_leaves_a_log_of_its_own(case: Case) -> None:
    """Two runs that fail in two ways: each one's log tells its own story, and both are there."""
    for which in ("pre", "post"):
        run = case.backup(Given(configured(), scripts(**{which: "fail"})))
        run.expect(*failing(which))
        told = Told(
            attempts=[(which, 1, "exit status 1")],
            tails=[f"{which}: the application refused"],
            errors=[str(for_script(which, "execution-failed"))],
        )
        check_log(case, run, told)
    if case.reference:
        kept = len(logs_of(run.history.after))
        run.check(
            "ROB-04.form",
            kept == 2,
            expected="the log of each of the two runs is there",
            observed=f"there are {kept} logs",
        )


def test_paths_of_the_caller_with_blanks(case: Case) -> None:
    """The paths of command and status file hold a blank and a quote: both are used as they are."""
    place = "/run/snapcert/status's folder"
    given = Given(configured(), (*scripts(), folder(place)))
    asked = replace(command("exits-with-75"), path=f"{COMMANDS}takes it's set")
    case.backup(given, command=asked, status_folder=place).expect(*ALL_WELL)


def test_nobody_says_how_many_disks_there_are(case: Case) -> None:
    """SNAPCERT_SINGLE_DISK is not set: it is no single disk, and a failure costs the backup."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=False), scripts(pre="fail")),
        caller=("/usr/bin/env", "-u", "SNAPCERT_SINGLE_DISK"),
    )
    run.expect(*failing("pre"))
