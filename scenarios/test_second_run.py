"""A second start of the executor while a run is under way, or right after its death (ROB-01)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.contract.config import CONFIG_PATH
from harness.contract.errors import ErrorName
from harness.contract.verdict import SnapshotFailed
from harness.machines.files import GuestFile
from harness.scenario.case import Case, Run
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.scenario.suite import fixture
from harness.targets.beside import Beside
from harness.targets.situation import KILL, START_WAIT, config_file, when_asked, when_marked

#: ROB-01: seconds in which a second run is refused; how long the scenarios wait to see it.
REFUSED_WITHIN = 5.0
PATIENCE = 8.0
#: How long an event of the first run may take to come, in seconds.
FIRST_RUN = 20.0
#: Seconds that the killed run's post-script takes.
POST_TAKES = 1.5
#: The same where it outlasts ROB-01's wait, within a budget of its own.
LONG_POST, LONG_BUDGET = 25, 30
#: What survives of a killed run begins with its post-script in so many seconds, if it does at all.
SURVIVORS_BEGIN = 5.0
#: Seconds that a start may take on a busy machine besides its wait.
START_LATE = 3.0

WAIT = {"await": "the second run is over"}
#: Where the first run is held until the second one is over.
MOMENTS: Mapping[str, Mapping[str, Any]] = {
    "pre": when_marked("pre", "start", WAIT),
    "snapshot": when_asked(1, [WAIT]),
    "post": when_marked("post", "start", WAIT),
}


def beside(case: Case, seconds: list[Beside], *files: GuestFile) -> Callable[[], None]:
    """What to do during the first run: put files, start the executor once more, let go."""
    since = len(case.guest.events)

    def start_second() -> None:
        held = f"await {WAIT['await']}"
        case.guest.events.wait(
            lambda e: e.name == "fault" and e.data["what"] == held, case.patience(FIRST_RUN), since
        )
        case.guest.put(*files)
        seconds.append(case.backup_beside(deadline=PATIENCE))
        case.guest.say(WAIT["await"])

    return start_second


def check_refused(run: Run, second: Beside) -> bool:
    """ROB-01: the second start was refused in time. False where it was not and need not be: what
    two runs at once make of each other is then their own affair.
    """
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
    return refused or run.binds("ROB-01.refused")


def check_undisturbed(run: Run) -> None:
    """ROB-01: the first run's scripts, set and verdict are as they would have been."""
    first = run.history.end.outcome
    claim = f"{first.status}, {first.consistency}" if first else "no outcome"
    starts = len(run.history.starts("pre")), len(run.history.starts("post"))
    sets = len(run.history.snapshots)
    run.check(
        "ROB-01.undisturbed",
        (claim, starts, sets) == ("succeeded, application", (1, 1), 1),
        expected="the first run is succeeded, application; each script is started once, one set "
        "is asked for",
        observed=f"{claim}; pre was started {starts[0]} times, post {starts[1]} times, "
        f"{sets} sets were asked for",
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_second_run_is_refused(case: Case, moment: str) -> None:
    """The executor is started again while the first run is at work, in each of its waits."""
    seconds: list[Beside] = []
    given = Given(configured(), scripts())
    run = case.backup(given, triggers=[MOMENTS[moment]], during=beside(case, seconds))
    if check_refused(run, seconds[0]):
        run.expect(*ALL_WELL)
    check_undisturbed(run)


@pytest.mark.guest("root-and-data")
def test_second_run_is_refused_while_the_root_is_frozen(case: Case) -> None:
    """The second start must not wait for a root filesystem or a log that is frozen."""
    seconds: list[Beside] = []
    given = Given(configured(), scripts())
    run = case.backup(given, triggers=[MOMENTS["snapshot"]], during=beside(case, seconds))
    if check_refused(run, seconds[0]):
        run.expect(*ALL_WELL)
    check_undisturbed(run)


def test_second_run_is_refused_in_a_recovery(case: Case) -> None:
    """The run under way has only come to the post-script of one that was killed: which runs once.

    Where what survived of that one ran it already, the run is held in its own post-script.
    """
    seconds: list[Beside] = []
    given = Given(configured(), scripts())
    everything = {**KILL, "tree": True} if case.reference else KILL
    killed = case.backup(given, triggers=[when_marked("pre", "start", everything)])
    killed.expect_killed()
    run = case.backup(given, triggers=[MOMENTS["post"]], during=beside(case, seconds))
    if check_refused(run, seconds[0]):
        run.expect(*ALL_WELL, attempts={"post": (1, 2)})
        run.check_recovered(killed)


def test_second_run_is_refused_while_a_lost_worker_is_made_good(case: Case) -> None:
    """The reference's worker is killed, and its main process runs the post-script: it is at work.

    An executor of another hand is held in its own post-script.
    """
    seconds: list[Beside] = []
    lost = {"kill": "children of executor", "signal": 9}
    triggers = [when_marked("pre", "start", lost)] if case.reference else []
    given = Given(configured(), scripts())
    during = beside(case, seconds)
    run = case.backup(given, triggers=[*triggers, MOMENTS["post"]], during=during)
    if not check_refused(run, seconds[0]):
        return
    if case.reference:
        run.expect_killed(verdict=SnapshotFailed())
    else:
        run.expect(*ALL_WELL)


def test_second_run_finds_another_config(case: Case) -> None:
    """The config is broken by now: the second start is refused, the first goes on as it was."""
    seconds: list[Beside] = []
    broken = config_file(fixture("configs/truncated.json"))
    during = beside(case, seconds, broken)
    run = case.backup(Given(configured(), scripts()), triggers=[MOMENTS["pre"]], during=during)
    if check_refused(run, seconds[0]):
        run.expect(*ALL_WELL, may_change=[CONFIG_PATH])
    check_undisturbed(run)


def test_refused_run_leaves_the_first_ones_state(case: Case) -> None:
    """A second start is refused, then the first is killed: its post-script is not forgotten."""
    seconds: list[Beside] = []
    given = Given(configured(), scripts())
    triggers = [MOMENTS["pre"], when_asked(1, [KILL])]
    first = case.backup(given, triggers=triggers, during=beside(case, seconds))
    if check_refused(first, seconds[0]):
        first.expect_killed()
    third = case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})
    third.check_recovered(first)


@pytest.mark.slow_by_contract
def test_start_right_after_a_kill(case: Case) -> None:
    """The next run starts at once after the kill: it waits for what survives, and goes well.

    The killed run's post-script takes its time, so that its survivors outlast the new start.
    """
    seconds: list[Beside] = []
    since = len(case.guest.events)

    def start_next() -> None:
        case.guest.events.wait(lambda e: e.name == "fault", case.patience(FIRST_RUN), since)
        seconds.append(case.backup_beside(deadline=START_WAIT + FIRST_RUN))

    killed = case.backup(
        Given(configured(), scripts()),
        triggers=[
            when_marked("pre", "start", KILL),
            when_marked("post", "start", {"delay": POST_TAKES}),
        ],
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


@pytest.mark.slow_by_contract
def test_start_waits_no_longer_than_it_may(case: Case) -> None:
    """What survives of a killed run is in a post-script of 25 s: the next run waits 20 s for it.

    Then it may be refused, or begin with its own work; where nobody survived, that post-script is
    part of its own work.
    """
    seconds: list[Beside] = []
    began: list[float] = []
    since = len(case.guest.events)
    in_post = {"script": "post", "point": "start"}

    def start_next() -> None:
        case.guest.events.wait(
            lambda e: e.name == "mark" and in_post.items() <= e.data.items(),
            case.patience(SURVIVORS_BEGIN),
            since,
        )
        began.append(case.guest.now())
        seconds.append(case.backup_beside(deadline=START_WAIT + START_LATE + 1.0))

    config = configured(timeoutInSeconds=LONG_BUDGET, postScriptParams=[str(LONG_POST)])
    killed = case.backup(
        Given(config, scripts(post="work-for")),
        triggers=[when_marked("pre", "start", KILL)],
        during=start_next,
    )
    starts = [*killed.history.starts("pre"), *killed.history.starts("post")]
    own = [mark.at - began[0] for mark in starts if mark.at > began[0]]
    waited = min(seconds[0].seconds, *own) if own else seconds[0].seconds
    killed.check(
        "ROB-01.waits",
        waited <= START_WAIT + START_LATE,
        expected=f"the run after the kill waits {START_WAIT:g} s at most",
        observed=f"its wait was over after {waited:.3f} s: {seconds[0]}",
    )
