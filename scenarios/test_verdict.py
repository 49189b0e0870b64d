"""FBK: what a run is worth after all that happened, in what the other areas do not come to.

Each error alone, with both policies, is in test_errors; here are the same without the freeze, the
freeze failures of a single disk, and what happens together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    NotConfigured,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, policy, script, scripts
from harness.scenario.suite import fixture
from harness.targets.situation import SnapshotAnswer, config_file, when_asked, when_marked

PRE_FAILED = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
POST_FAILED = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
#: A config that nobody may trust, whatever it says.
TRUNCATED = config_file(fixture("configs/truncated.json"))


@pytest.mark.guest("data", "single-disk")
@pytest.mark.parametrize("frozen", [True, False], ids=["freeze", "no-freeze"])
def test_all_well_where_no_failure_is_tolerated(case: Case, frozen: bool) -> None:
    """continueBackupOnFailure false takes nothing from a backup that goes well."""
    config = configured(continueBackupOnFailure=False, fsFreezeEnabled=frozen)
    run = case.backup(Given(config, scripts()))
    freeze = FreezeDone() if frozen else FreezeOff()
    run.expect(PreSucceeded(), freeze, SnapshotTaken(), PostSucceeded())


#: Files beside the config, and the finding that they make before any script runs.
PRECHECK: Mapping[str, tuple[tuple[GuestFile, ...], ScriptFinding]] = {
    "not-found": (scripts(post=None), ScriptFinding("precheck", ErrorName.POST_NOT_FOUND)),
    "permission": (
        (script("pre", "succeed"), script("post", "succeed", mode="0755")),
        ScriptFinding("precheck", ErrorName.POST_PERMISSION),
    ),
}


@policy
@pytest.mark.guest("data", "single-disk")
@pytest.mark.parametrize("found", PRECHECK)
def test_precheck_finding_with_freeze_off(case: Case, found: str, go_on: bool) -> None:
    """The fallback of a run that freezes nothing is crash consistent."""
    files, finding = PRECHECK[found]
    config = configured(continueBackupOnFailure=go_on, fsFreezeEnabled=False)
    case.backup(Given(config, files)).expect(finding, FreezeOff(), SnapshotTaken())


@policy
@pytest.mark.guest("single-disk")
@pytest.mark.parametrize("which", ["pre", "post"])
def test_single_disk_script_fails_with_freeze_off(case: Case, which: str, go_on: bool) -> None:
    """A single disk without the freeze: crash consistent with either policy."""
    config = configured(continueBackupOnFailure=go_on, fsFreezeEnabled=False)
    run = case.backup(Given(config, scripts(**{which: "fail"})))
    pre: Happening = PRE_FAILED if which == "pre" else PreSucceeded()
    post: Happening = POST_FAILED if which == "post" else PostSucceeded()
    run.expect(pre, FreezeOff(), SnapshotTaken(), post)


@policy
@pytest.mark.guest("single-disk")
def test_single_disk_is_frozen_by_somebody_else(case: Case, go_on: bool) -> None:
    """The freeze fails: crash consistent also where a failure is not tolerated."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[
            when_marked("pre", "end", {"freeze": "/"}),
            when_marked("post", "start", {"thaw": "/"}),
        ],
    )
    happened = (PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())
    run.expect(*happened, foreign=["root"])


@policy
@pytest.mark.guest("single-disk")
def test_single_disk_is_thawed_by_somebody_else(case: Case, go_on: bool) -> None:
    """Thawed while the set is taken: crash consistent also where no failure is tolerated."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[when_asked(1, [{"thaw": "/"}])],
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
    run.expect(*happened, PostSucceeded(), foreign=["root"])


THAWED = (FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
#: A run in which no script is to run, and why.
UNTRUSTED: Mapping[str, tuple[GuestFile | None, Happening]] = {
    "no-config": (None, NotConfigured()),
    "bad-config": (TRUNCATED, ConfigFinding("json")),
}


@pytest.mark.parametrize("why", UNTRUSTED)
def test_freeze_fails_where_no_script_is_to_run(case: Case, why: str) -> None:
    """The freeze fails and there is no policy that could be trusted: succeeded, crash."""
    instead, found = UNTRUSTED[why]
    config = None if instead is None else configured(continueBackupOnFailure=False)
    run = case.backup(
        Given(config, scripts(), instead), triggers=[when_asked(1, [{"thaw": "/data"}])]
    )
    run.expect(found, *THAWED, foreign=["data"])


@pytest.mark.parametrize("why", UNTRUSTED)
def test_snapshot_fails_where_no_script_is_to_run(case: Case, why: str) -> None:
    """The snapshot fails: the run has failed, whatever became of the scripts."""
    instead, found = UNTRUSTED[why]
    config = None if instead is None else configured()
    run = case.backup(Given(config, scripts(), instead), snapshots=("fail",))
    run.expect(found, FreezeDone(), SnapshotFailed())


#: What goes wrong together: the scripts, the policy, the snapshot's answer, the happenings.
TOGETHER: Mapping[str, tuple[dict[str, str], bool, SnapshotAnswer, tuple[Happening, ...]]] = {
    "both-scripts": (
        {"pre": "fail", "post": "fail"},
        True,
        "take",
        (PRE_FAILED, FreezeDone(), SnapshotTaken(), POST_FAILED),
    ),
    "both-scripts-not-tolerated": (
        {"pre": "fail", "post": "fail"},
        False,
        "take",
        (PRE_FAILED, POST_FAILED),
    ),
    "pre-and-snapshot": (
        {"pre": "fail"},
        True,
        "fail",
        (PRE_FAILED, FreezeDone(), SnapshotFailed(), PostSucceeded()),
    ),
    "snapshot-and-post": (
        {"post": "fail"},
        True,
        "fail",
        (PreSucceeded(), FreezeDone(), SnapshotFailed(), POST_FAILED),
    ),
    "all-three": (
        {"pre": "fail", "post": "fail"},
        True,
        "fail",
        (PRE_FAILED, FreezeDone(), SnapshotFailed(), POST_FAILED),
    ),
}


@pytest.mark.parametrize("what", TOGETHER)
def test_what_goes_wrong_together(case: Case, what: str) -> None:
    """The errors stand in the order in which they arose; the first is of the earliest phase."""
    names, go_on, answer, happened = TOGETHER[what]
    given = Given(configured(continueBackupOnFailure=go_on), scripts(**names))
    case.backup(given, snapshots=(answer,)).expect(*happened)


FREEZE_FAILURES: Mapping[str, tuple[Any, ...]] = {
    "pre": (PRE_FAILED, *THAWED, PostSucceeded()),
    "post": (PreSucceeded(), *THAWED, POST_FAILED),
}


@pytest.mark.parametrize("which", FREEZE_FAILURES)
def test_freeze_and_a_script_fail(case: Case, which: str) -> None:
    """A script fails and somebody thaws: crash; both errors stand there, the earlier one first."""
    run = case.backup(
        Given(configured(), scripts(**{which: "fail"})),
        triggers=[when_asked(1, [{"thaw": "/data"}])],
    )
    run.expect(*FREEZE_FAILURES[which], foreign=["data"])
