"""What is frozen and what is not: switched off, read-only, and meddled with by somebody else."""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, scripts
from harness.targets.situation import when_asked, when_marked

policy = pytest.mark.parametrize("go_on", [True, False], ids=["continue", "fail"])


@policy
def test_pre_fails_with_freeze_off(case: Case, go_on: bool) -> None:
    """The fallback of a run that freezes nothing is crash consistent."""
    config = configured(fsFreezeEnabled=False, continueBackupOnFailure=go_on)
    run = case.backup(Given(config, scripts(pre="fail")))
    failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
    run.expect(failed, FreezeOff(), SnapshotTaken(), PostSucceeded())


@policy
def test_post_fails_with_freeze_off(case: Case, go_on: bool) -> None:
    """The fallback of a run that freezes nothing is crash consistent, after the set as well."""
    config = configured(fsFreezeEnabled=False, continueBackupOnFailure=go_on)
    run = case.backup(Given(config, scripts(post="fail")))
    failed = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
    run.expect(PreSucceeded(), FreezeOff(), SnapshotTaken(), failed)


@policy
@pytest.mark.guest("data", "two-disks")
def test_frozen_by_somebody_else(case: Case, go_on: bool) -> None:
    """/data is frozen already: a freeze failure, what was frozen besides is thawed, not /data."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[
            when_marked("pre", "end", {"freeze": "/data"}),
            when_marked("post", "start", {"thaw": "/data"}),
        ],
    )
    happened = (PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())
    run.expect(*happened, foreign=["data"])


@policy
def test_thawed_by_somebody_else(case: Case, go_on: bool) -> None:
    """/data is thawed while the set is taken: the set is not file-system consistent."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[when_asked(1, [{"thaw": "/data"}])],
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
    run.expect(*happened, PostSucceeded(), foreign=["data"])


@pytest.mark.guest("read-only")
def test_nothing_to_freeze(case: Case) -> None:
    """The only disk is mounted read-only: it is not frozen, and all of it counts as frozen."""
    run = case.backup(Given(configured(), scripts(post="fail")))
    failed = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), failed)
    frozen = sorted({freeze.disk for freeze in run.history.freezes})
    run.check(
        "FRZ-01.which",
        not frozen,
        expected="only what is writable is frozen",
        observed=f"{', '.join(frozen)} was frozen" if frozen else "nothing was frozen",
    )
