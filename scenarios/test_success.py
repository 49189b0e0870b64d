"""Backups that go well: with and without freeze, with a retry, with nothing configured."""

from __future__ import annotations

import pytest

from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    NotConfigured,
    PostSucceeded,
    PreSucceeded,
    SnapshotTaken,
)
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts


@pytest.mark.guest("data", "two-disks", "root-and-data", "single-disk", every_filesystem=True)
def test_application_consistent(case: Case) -> None:
    """Both scripts succeed and all is frozen: application consistent."""
    run = case.backup(Given(configured(), scripts()))
    run.expect(*ALL_WELL)


@pytest.mark.guest("data", "two-disks", every_filesystem=True)
def test_freeze_switched_off(case: Case) -> None:
    """fsFreezeEnabled is false: nothing is frozen, both scripts run, still application."""
    run = case.backup(Given(configured(fsFreezeEnabled=False), scripts()))
    run.expect(PreSucceeded(), FreezeOff(), SnapshotTaken(), PostSucceeded())


@pytest.mark.guest("data", "single-disk")
@pytest.mark.parametrize("which", ["pre", "post"])
def test_retry_succeeds_at_the_last_attempt(case: Case, which: str) -> None:
    """Two retries are allowed and the third attempt succeeds."""
    settings = {f"{which}ScriptNoOfRetries": 2, f"{which}ScriptParams": ["3"]}
    run = case.backup(Given(configured(**settings), scripts(**{which: "fail-until"})))
    run.expect(*ALL_WELL, attempts={which: 3})


@pytest.mark.guest("data", "single-disk")
def test_nothing_is_configured(case: Case) -> None:
    """No config file: no script runs, the backup is file-system consistent without an error."""
    run = case.backup(Given(None, scripts()))
    run.expect(NotConfigured(), FreezeDone(), SnapshotTaken())


@pytest.mark.guest("data")
def test_parameters_are_passed_verbatim(case: Case) -> None:
    """Empty strings, quotes, a command substitution, newlines, non-ASCII: all reach the script."""
    awkward = ["", "two words", "'\"", "$(touch /tmp/injected)", "line\nline", "schön 快照", "-x"]
    config = configured(preScriptParams=awkward, postScriptParams=awkward[::-1])
    run = case.backup(Given(config, scripts()))
    run.expect(*ALL_WELL)
