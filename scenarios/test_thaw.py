"""Whatever happens, nothing stays frozen: failed and hanging snapshots, killed executors."""

from __future__ import annotations

import pytest

from harness.contract.verdict import (
    FreezeDone,
    PostSucceeded,
    PreSucceeded,
    SnapshotFailed,
)
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.targets.situation import KILL, when_asked, when_marked

#: Where a caller keeps what the executor prints, as a timer or cron does.
KEPT = "/var/log/backup.out"
FROZEN_LAYOUTS = ("data", "two-disks", "root-and-data", "log-disk", "single-disk")


@pytest.mark.guest(*FROZEN_LAYOUTS, every_filesystem=True)
def test_snapshot_fails(case: Case) -> None:
    """The snapshot command exits with 1: thaw, post-script, failed."""
    run = case.backup(Given(configured(), scripts()), snapshots=("fail",))
    run.expect(PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())


@pytest.mark.guest("data", "root-and-data", every_filesystem=True)
@pytest.mark.slow_by_contract
def test_snapshot_hangs(case: Case) -> None:
    """The snapshot command never returns: thaw at the bound, end it, post-script, failed."""
    run = case.backup(Given(configured(), scripts()), snapshots=("hang",), freeze_bound=2)
    run.expect(PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())


@pytest.mark.guest("root-and-data", "log-disk", "single-disk", every_filesystem=True)
def test_logs_are_written_while_frozen(case: Case) -> None:
    """A frozen root or log disk must not stop the executor (FRZ-05)."""
    run = case.backup(Given(configured(), scripts(pre="write-log", post="write-log")))
    run.expect(*ALL_WELL)


@pytest.mark.guest("root-and-data", "log-disk")
def test_output_goes_to_a_file_that_is_frozen(case: Case) -> None:
    """The caller keeps the executor's output below /var/log: not a word of it while frozen."""
    keep = f'exec "$@" >>{KEPT} 2>&1'
    given = Given(configured(), scripts())
    run = case.backup(given, caller=("/bin/sh", "-c", keep, "sh"))
    hung = run.history.end.hung
    run.check(
        "FRZ-05.writes",
        not hung,
        expected="the executor does not wait for the disk that its output goes to",
        observed="it waited until it was killed" if hung else "it ended by itself",
    )
    if not hung or run.binds("FRZ-05.writes"):
        run.expect(*ALL_WELL, may_change=[KEPT])


@pytest.mark.guest(*FROZEN_LAYOUTS, every_filesystem=True)
def test_executor_killed_while_frozen(case: Case) -> None:
    """SIGKILL in the snapshot: thawed within 10 s, the next run's pre comes after the post."""
    first = case.backup(
        Given(configured(), scripts()),
        snapshots=("hang",),
        triggers=[when_asked(1, [KILL])],
    )
    first.expect_killed()
    second = case.backup(Given(configured(), scripts()))
    second.expect(*ALL_WELL, attempts={"post": (1, 2)})
    second.check_recovered(first)


@pytest.mark.guest("data", "single-disk")
def test_executor_killed_in_the_pre_script(case: Case) -> None:
    """SIGKILL while the pre-script runs: it is ended, the post-script undoes what it did."""
    config = Given(configured(), scripts(pre="hang"))
    first = case.backup(config, triggers=[when_marked("pre", "hanging", KILL)])
    first.expect_killed()
    second = case.backup(Given(configured(), scripts()))
    second.expect(*ALL_WELL, attempts={"post": (1, 2)})
    second.check_recovered(first)
