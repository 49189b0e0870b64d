"""Runs in a row: each is as good as the first, and nothing piles up (ROB-03)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
)
from harness.oracles.residue import growth
from harness.scenario.case import Case, Run
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.targets.situation import KILL, when_marked

PRE_FAILED = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)


def check_growth(case: Case, runs: Sequence[Run]) -> None:
    """ROB-03.growth over these runs."""
    histories = [run.history for run in runs]
    for finding in growth(histories):
        case.add(finding, histories[-1])


def test_five_runs_in_a_row(case: Case) -> None:
    """Five runs in the same guest: each goes well, and nothing grows from the second on."""
    given = Given(configured(), scripts())
    check_growth(case, [case.backup(given).expect(*ALL_WELL) for _ in range(5)])


def test_runs_that_fail_in_a_row(case: Case) -> None:
    """Three runs without a set: each fails alike, nothing grows, and the next one goes well."""
    given = Given(configured(), scripts())
    runs = [case.backup(given, snapshots=("fail",)) for _ in range(3)]
    for run in runs:
        run.expect(PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())
    check_growth(case, runs)
    case.backup(given).expect(*ALL_WELL)


def test_killed_runs_in_a_row(case: Case) -> None:
    """Three runs, each killed in its pre-script: nothing grows, and the next one goes well."""
    given = Given(configured(), scripts())
    runs = [case.backup(given, triggers=[when_marked("pre", "start", KILL)]) for _ in range(3)]
    for run in runs:
        run.expect_killed(post=(0, 2))
    check_growth(case, runs)
    last = case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})
    last.check_recovered(runs[-1], post=(1, 2))


def test_run_after_a_failed_run(case: Case) -> None:
    """A failed run hands nothing on: the pre-script fails once, then it does not."""
    strict = configured(continueBackupOnFailure=False)
    failed = case.backup(Given(strict, scripts(pre="fail")))
    failed.expect(PRE_FAILED, PostSucceeded())
    case.backup(Given(strict, scripts())).expect(*ALL_WELL)
