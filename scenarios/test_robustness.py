"""Second runs, runs in a row, killed executors and recoveries (ROB-01 to ROB-05)."""

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
from harness.oracles.residue import growth
from harness.scenario.case import Case, Run
from harness.scenario.given import Given, configured, scripts
from harness.targets.beside import Beside
from harness.targets.situation import START_WAIT, when_asked, when_marked

ALL_WELL = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
KILL = {"kill": "executor", "signal": 9}

#: ROB-01: seconds in which a second run is refused; how long the scenarios wait to see it.
REFUSED_WITHIN = 5.0
PATIENCE = 8.0
#: How long an event of the first run may take to come, in seconds.
FIRST_RUN = 20.0


def check_refused(run: Run, second: Beside) -> None:
    """ROB-01: the second start was refused in time, and the first run went on as it was."""
    outcome = second.outcome
    name = ErrorName.BACKUP_IN_PROGRESS.value
    refused = (
        outcome is not None
        and (outcome.status, outcome.consistency, outcome.errors[:1]) == ("failed", "none", (name,))
        and second.exit_status == 1
    )
    run.check(
        "ROB-01.refused",
        refused,
        expected=f"failed, none, {name}, exit status 1",
        observed=f"{second}, exit status {second.exit_status}",
    )
    run.check(
        "ROB-01.bound",
        second.exit_status is not None and second.seconds <= REFUSED_WITHIN,
        expected=f"it is refused within {REFUSED_WITHIN:g} s",
        observed=f"it ran for {second.seconds:.3f} s",
    )
    first = run.history.end.outcome
    claim = f"{first.status}, {first.consistency}" if first else "no outcome"
    starts = len(run.history.starts("pre")), len(run.history.starts("post"))
    run.check(
        "ROB-01.undisturbed",
        (claim, starts) == ("succeeded, application", (1, 1)),
        expected="the first run is succeeded, application; each script is started once",
        observed=f"{claim}; pre was started {starts[0]} times, post {starts[1]} times",
    )


@pytest.mark.parametrize("which", ["pre", "post"])
def test_second_run_is_refused(case: Case, which: str) -> None:
    """The executor is started again while a script of the first run is at work."""
    seconds: list[Beside] = []
    since = len(case.guest.events)

    def start_second() -> None:
        waiting = {"script": which, "point": "waiting"}
        case.guest.events.wait(
            lambda e: e.name == "mark" and waiting.items() <= e.data.items(),
            case.patience(FIRST_RUN),
            since,
        )
        seconds.append(case.backup_beside(deadline=PATIENCE))
        # Opened for reading and writing, it never waits for a reader that is not there.
        go = f"[ ! -p /run/fixture/{which} ] || echo go 1<>/run/fixture/{which}"
        case.guest.run(["/bin/sh", "-c", go], deadline=case.patience(FIRST_RUN))

    run = case.backup(Given(configured(), scripts(**{which: "wait"})), during=start_second)
    run.expect(*ALL_WELL)
    check_refused(run, seconds[0])


def test_start_right_after_a_kill(case: Case) -> None:
    """The next run starts at once after the kill: it waits for what survives, and goes well."""
    seconds: list[Beside] = []
    since = len(case.guest.events)

    def start_next() -> None:
        case.guest.events.wait(lambda e: e.name == "fault", case.patience(FIRST_RUN), since)
        seconds.append(case.backup_beside(deadline=START_WAIT + FIRST_RUN))

    killed = case.backup(
        Given(configured(), scripts()),
        triggers=[when_marked("pre", "start", KILL)],
        during=start_next,
    )
    outcome = seconds[0].outcome
    went_well = outcome is not None and (outcome.status, outcome.consistency) == (
        "succeeded",
        "application",
    )
    killed.check(
        "ROB-01.waits",
        went_well,
        expected="the run after the kill is succeeded, application",
        observed=str(seconds[0]),
    )


def test_three_runs_in_a_row(case: Case) -> None:
    """Three runs in the same guest: each goes well, and nothing grows from the second on."""
    given = Given(configured(), scripts())
    runs = [case.backup(given).expect(*ALL_WELL) for _ in range(3)]
    histories = [run.history for run in runs]
    for finding in growth(histories):
        case.add(finding, histories[-1])


def test_killed_while_the_set_is_taken(case: Case) -> None:
    """SIGKILL as the snapshot is asked for, which then succeeds: thawed, and post is run."""
    given = Given(configured(), scripts())
    first = case.backup(given, triggers=[when_asked(1, [KILL])])
    first.expect_killed()
    second = case.backup(given)
    second.expect(*ALL_WELL, attempts={"post": (1, 2)})
    second.check_recovered(first)


def test_killed_in_the_post_script(case: Case) -> None:
    """SIGKILL while the post-script runs: nothing stays, and the next run goes well."""
    given = Given(configured(), scripts())
    first = case.backup(given, triggers=[when_marked("post", "start", KILL)])
    first.expect_killed(post=(1, 2))
    second = case.backup(given)
    second.expect(*ALL_WELL, attempts={"post": (1, 2)})


@pytest.mark.parametrize("go_on", [True, False], ids=["continue", "fail"])
def test_recovery_fails(case: Case, go_on: bool) -> None:
    """The interrupted run's post-script fails: told first by the next run, and only by it."""
    given = Given(configured(continueBackupOnFailure=go_on), scripts(post="fail"))
    first = case.backup(given, triggers=[when_marked("pre", "start", KILL)])
    first.expect_killed()
    second = case.backup(given)
    failed = ScriptFinding("recover", ErrorName.POST_EXECUTION_FAILED)
    second.expect(failed, FreezeDone(), SnapshotTaken(), attempts={"post": (0, 1)})
    times = len(first.history.starts("post")) + len(second.history.starts("post"))
    second.check(
        "ROB-05.once",
        times == 1,
        expected="the interrupted run's post-script is run once",
        observed=f"it was run {times} times",
    )
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL)
