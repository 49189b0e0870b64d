"""What is frozen and what is not: switched off, read-only, and meddled with by somebody else."""

from __future__ import annotations

import errno

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
from harness.oracles.log import Told
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, policy, scripts
from harness.scenario.logs import check_log
from harness.targets.situation import at_call, when_asked, when_marked

#: Seconds that the kernel takes for a freeze; until a writer's first word at the latest.
SLOW = 0.5
FIRST_WRITE = 20.0
#: Writes and syncs without a pause, for ever.
WRITER = """
import os
file = os.open("/data/load", os.O_WRONLY | os.O_CREAT)
print("begun", flush=True)
while True:
    os.pwrite(file, os.urandom(1 << 16), os.urandom(1)[0] << 12)
    os.fdatasync(file)
"""


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
@pytest.mark.guest("two-disks", every_filesystem=True)
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
    check_log(case, run, Told())  # it lies on another disk


@pytest.mark.guest("log-disk")
def test_log_disk_stays_frozen_by_somebody_else(case: Case) -> None:
    """The disk of the logs is frozen, and stays so: the run ends, and leaves nobody waiting."""
    run = case.backup(
        Given(configured(), scripts()),
        triggers=[when_marked("pre", "end", {"freeze": "/var/log"})],
    )
    hung = run.history.end.hung
    run.check(
        "FRZ-05.writes",
        not hung,
        expected="the executor does not wait for the disk that its log would lie on",
        observed="it waited until it was killed" if hung else "it ended by itself",
    )
    if hung and not run.binds("FRZ-05.writes"):
        return  # that it hangs is what follows from a clause of this project alone
    happened = (PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())
    run.expect(*happened, foreign=["log"])


@policy
@pytest.mark.guest("two-disks", "root-and-data", every_filesystem=True)
def test_a_later_freeze_fails(case: Case, go_on: bool) -> None:
    """The kernel refuses the second freeze (EIO): what was frozen first is thawed again."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[at_call("freeze", {"refuse": errno.EIO}, number=2)],
    )
    run.expect(PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())
    check_log(case, run, Told())  # also where it lies on that disk, which nobody has frozen


@policy
def test_the_only_freeze_fails(case: Case, go_on: bool) -> None:
    """The kernel refuses the freeze of the only disk (ENOSPC): nothing has to be undone."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[at_call("freeze", {"refuse": errno.ENOSPC})],
    )
    run.expect(PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())


def test_freeze_takes_long(case: Case) -> None:
    """A freeze takes its time, as one with much to write does: it is waited for."""
    run = case.backup(
        Given(configured(), scripts()), triggers=[at_call("freeze", {"delay": SLOW}, number=1)]
    )
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())


@pytest.mark.guest("data", every_filesystem=True)
def test_freeze_under_load(case: Case) -> None:
    """Somebody writes without a pause: nothing of it reaches the disk while the set is taken."""
    since = len(case.guest.events)
    writer = case.guest.spawn("writer", ["/usr/bin/python3", "-c", WRITER], lines=True)
    case.guest.events.wait(lambda e: e.name == "lines", case.patience(FIRST_WRITE), since)
    run = case.backup(Given(configured(), scripts()))
    writer.kill()
    all_well = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
    run.expect(*all_well, may_change=["/data/"])


@policy
@pytest.mark.guest("data", "two-disks", every_filesystem=True)
def test_thawed_by_somebody_else(case: Case, go_on: bool) -> None:
    """/data is thawed while the set is taken: the set is not file-system consistent."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[when_asked(1, [{"thaw": "/data"}])],
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
    run.expect(*happened, PostSucceeded(), foreign=["data"])


@pytest.mark.guest("two-disks")
def test_the_disk_frozen_first_is_thawed_by_somebody_else(case: Case) -> None:
    """/data/log, which the run thaws last, is thawed while the set is taken; /data is not."""
    run = case.backup(
        Given(configured(), scripts()), triggers=[when_asked(1, [{"thaw": "/data/log"}])]
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
    run.expect(*happened, PostSucceeded(), foreign=["log"])


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
