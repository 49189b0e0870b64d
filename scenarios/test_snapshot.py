"""The snapshot command: it takes long, fails in many ways, or hangs and resists its end.

Thaw first, then the command's tree, then the post-script; the run has failed (SNP-02).
"""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    PostSucceeded,
    PreSucceeded,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, command, configured, scripts
from harness.targets.situation import at_call, when_asked

NOT_TAKEN = (PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())
#: Seconds: a slow snapshot is well within it.
ITS_BOUND = 3.0
#: Seconds after which a hanging command is given up.
SHORT_BOUND = 1.0
#: Seconds that a freeze takes, of the bound for it and the snapshot. Who counts from the request is
#: later than the bound by more than a busy machine's timer.
LONG_FREEZE, BOTH_BOUND = 2.4, 4.0
#: What leaves-its-output-open.sh leaves, by a word of its argument vector.
OPEN_OUTPUT = "3611"


@pytest.mark.slow_by_contract
def test_snapshot_hangs_with_freeze_off(case: Case) -> None:
    """Nothing is frozen, and a command that hangs is given up all the same."""
    given = Given(configured(fsFreezeEnabled=False), scripts())
    run = case.backup(given, snapshots=("hang",), freeze_bound=SHORT_BOUND)
    run.expect(PreSucceeded(), FreezeOff(), SnapshotFailed(), PostSucceeded())


@pytest.mark.slow_by_contract
def test_snapshot_takes_long(case: Case) -> None:
    """It returns well within the bound: it is waited for, frozen all the time."""
    run = case.backup(
        Given(configured(), scripts()),
        snapshots=("slow",),
        freeze_bound=ITS_BOUND,
    )
    run.expect(*ALL_WELL, about=["SNP-02.bound"])


@pytest.mark.slow_by_contract
def test_command_that_can_not_be_ended_by_sigterm(case: Case) -> None:
    """It hangs and ignores SIGTERM, and so does a child in a session of its own: all are ended."""
    given = Given(configured(), scripts())
    run = case.backup(
        given, command=command("stubborn"), snapshots=("hang",), freeze_bound=SHORT_BOUND
    )
    run.expect(*NOT_TAKEN)


@pytest.mark.slow_by_contract
def test_command_that_succeeds_only_when_it_is_ended(case: Case) -> None:
    """It exits with 0, but after the bound: what it took may be thawed already, so it failed."""
    run = case.backup(
        Given(configured(), scripts()),
        command=command("succeeds-when-ended"),
        snapshots=("hang",),
        freeze_bound=SHORT_BOUND,
    )
    run.expect(*NOT_TAKEN)


@pytest.mark.parametrize("how", ["exits-with-75", "dies", "leaves-a-child"])
def test_command_fails(case: Case, how: str) -> None:
    """Any exit status but 0, or a signal, is a failure; a child that is left behind is ended."""
    run = case.backup(Given(configured(), scripts()), command=command(how), snapshots=("fail",))
    run.expect(*NOT_TAKEN)


def test_command_floods_its_output(case: Case) -> None:
    """A megabyte on each stream: the command does not block, and its set is taken."""
    case.backup(Given(configured(), scripts()), command=command("floods")).expect(*ALL_WELL)


@pytest.mark.parametrize("go_on", [True, False], ids=["continue", "fail"])
def test_thawed_by_somebody_else_and_it_fails(case: Case, go_on: bool) -> None:
    """/data is thawed in the snapshot, which then fails: SnapshotFailed alone is enough."""
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        snapshots=("fail",),
        triggers=[when_asked(1, [{"thaw": "/data"}])],
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotFailed(), FreezeFailed("thaw"))
    run.expect(*happened, PostSucceeded(), foreign=["data"])


@pytest.mark.slow_by_contract
def test_snapshot_takes_long_with_freeze_off(case: Case) -> None:
    """Nothing is frozen, and the command is waited for as long as the bound says all the same."""
    given = Given(configured(fsFreezeEnabled=False), scripts())
    run = case.backup(given, snapshots=("slow",), freeze_bound=ITS_BOUND)
    well = (PreSucceeded(), FreezeOff(), SnapshotTaken(), PostSucceeded())
    run.expect(*well, about=["SNP-02.bound"])


@pytest.mark.slow_by_contract
@pytest.mark.guest("two-disks")
def test_a_slow_freeze_leaves_the_snapshot_less_time(case: Case) -> None:
    """The second freeze takes most of the bound, then the command hangs: one bound for both."""
    run = case.backup(
        Given(configured(), scripts()),
        snapshots=("hang",),
        triggers=[at_call("freeze", {"delay": LONG_FREEZE}, number=2)],
        freeze_bound=BOTH_BOUND,
    )
    run.expect(*NOT_TAKEN)


def test_command_leaves_its_output_open(case: Case) -> None:
    """It took the set and exits with 0; a child that holds its output open delays nothing."""
    run = case.backup(
        Given(configured(), scripts()),
        command=command("leaves-its-output-open"),
        freeze_bound=ITS_BOUND,
    )
    outcome = run.history.end.outcome
    errors = outcome.errors if outcome else ()
    taken = ErrorName.SNAPSHOT_FAILED.value not in errors
    run.check(
        "PLG-01.snapshot",
        taken,
        expected="the exit status of the command says that the set was taken",
        observed=f"errors: {', '.join(errors) or 'none'}",
    )
    if taken or run.binds("PLG-01.snapshot"):
        run.expect(*ALL_WELL, background=[OPEN_OUTPUT])


def test_what_a_failed_command_left_is_ended_before_post(case: Case) -> None:
    """The command fails and leaves a child that ignores SIGTERM: post does not meet it."""
    run = case.backup(
        Given(configured(), scripts(post="look-for-stubborn")),
        command=command("stubborn"),
        snapshots=("fail",),
    )
    gone = Due(
        "SNP-02.tree",
        "post",
        "alive",
        there=False,
        expected="the command's tree is ended before the post-script starts",
    )
    run.expect(*NOT_TAKEN, due=[gone])


def test_snapshot_fails_with_freeze_off(case: Case) -> None:
    """Nothing is frozen, and a command that fails has taken no set all the same."""
    run = case.backup(Given(configured(fsFreezeEnabled=False), scripts()), snapshots=("fail",))
    run.expect(PreSucceeded(), FreezeOff(), SnapshotFailed(), PostSucceeded())
