"""Executors that are killed in each phase of a run (ROB-02, FRZ-03).

Only the main process, the one that was started, counts for an executor of another hand. Of the
reference executor its other processes are killed as well: all at once, as by a reset of its
service, or its worker alone. Kills around the freeze and the thaw are in test_freeze_kills.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.contract.config import CONFIG_PATH
from harness.contract.verdict import (
    SnapshotFailed,
)
from harness.scenario.case import Case, Run
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, script, scripts
from harness.targets.situation import (
    KILL,
    STATUS_FOLDER,
    TERMINATE,
    SnapshotAnswer,
    when_asked,
    when_marked,
    when_opened,
)

#: The next run starts its own post-script, and before it that of the killed run, if it is due.
RECOVERED = {"post": (1, 2)}


def whole(case: Case) -> Mapping[str, Any]:
    """A kill of all the reference executor's processes; of another's main process alone."""
    return {**KILL, "tree": True} if case.reference else KILL


def goes_well_again(case: Case, killed: Run, *, post: tuple[int, int] = (1, 1)) -> None:
    """The next run is well, and what the killed one owed is done first."""
    run = case.backup(Given(configured(), scripts())).expect(*ALL_WELL, attempts=RECOVERED)
    if killed.history.starts("pre"):
        run.check_recovered(killed, post=post)


def test_killed_in_the_precheck(case: Case) -> None:
    """SIGKILL as the config is opened: no script has run, nothing is owed."""
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_opened(CONFIG_PATH, KILL)])
    killed.expect_killed(pre=(0, 1))
    goes_well_again(case, killed)


def test_killed_where_no_script_was_to_run(case: Case) -> None:
    """The post-script is refused, no script runs, and the run is killed in its snapshot: no
    post-script is owed, though it may be run by the time of the next start."""
    refused = Given(configured(), (*scripts(), script("post", "succeed", mode="0755")))
    killed = case.backup(refused, triggers=[when_asked(1, [KILL])])
    killed.expect_killed(pre=0, post=0)
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL)


def test_killed_in_a_retry_of_the_pre_script(case: Case) -> None:
    """SIGKILL while the pre-script runs once more after a failure; a signal takes its time."""
    config = configured(preScriptNoOfRetries=3, preScriptParams=["4"])
    killed = case.backup(
        Given(config, scripts(pre="fail-until")),
        triggers=[when_marked("pre", "start", KILL, attempt=2)],
    )
    killed.expect_killed(pre=(2, 4))
    goes_well_again(case, killed)


@pytest.mark.parametrize("all_of_it", [False, True], ids=["main", "whole"])
def test_killed_between_pre_and_freeze(case: Case, all_of_it: bool) -> None:
    """SIGKILL as the pre-script ends: the application is quiesced, nothing is frozen yet."""
    action = whole(case) if all_of_it else KILL
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_marked("pre", "end", action)])
    killed.expect_killed()
    goes_well_again(case, killed)


def test_killed_while_the_set_is_taken(case: Case) -> None:
    """SIGKILL as the snapshot is asked for, which then succeeds: thawed, and post is run."""
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_asked(1, [KILL])])
    killed.expect_killed()
    goes_well_again(case, killed)


@pytest.mark.parametrize(
    ("point", "all_of_it"), [("start", False), ("end", True)], ids=["main", "whole"]
)
def test_killed_in_the_post_script(case: Case, point: str, all_of_it: bool) -> None:
    """SIGKILL while the post-script runs: nothing stays, and the next run goes well."""
    action = whole(case) if all_of_it else KILL
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_marked("post", point, action)])
    killed.expect_killed(post=(1, 2))
    goes_well_again(case, killed, post=(1, 2))


@pytest.mark.parametrize("all_of_it", [False, True], ids=["main", "whole"])
def test_killed_as_it_writes_its_outcome(case: Case, all_of_it: bool) -> None:
    """SIGKILL as the status is opened: it is whole or not there, and the next run goes well."""
    action = whole(case) if all_of_it else KILL
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_opened(STATUS_FOLDER, action)])
    killed.expect_killed(post=(1, 2))
    goes_well_again(case, killed, post=(1, 2))


@pytest.mark.parametrize("which", ["pre", "post"])
def test_told_to_end_in_a_script(case: Case, which: str) -> None:
    """SIGTERM, as from a shutdown of its service, while a script runs: as after a kill."""
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_marked(which, "start", TERMINATE)])
    killed.expect_killed(post=(0, 2))
    goes_well_again(case, killed, post=(1, 2))


@pytest.mark.guest("root-and-data")
def test_told_to_end_while_frozen(case: Case) -> None:
    """SIGTERM while the set is taken: thawed, and the post-script is run."""
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[when_asked(1, [TERMINATE])])
    killed.expect_killed()
    goes_well_again(case, killed)


def test_session_of_the_pre_script_outlives_the_kill(case: Case) -> None:
    """What a successful pre-script left running is there until the post-script ends it."""
    files = scripts(pre="hold-session", post="end-session")
    given = Given(configured(timeoutInSeconds=3), files)
    killed = case.backup(given, triggers=[when_asked(1, [KILL])])
    killed.expect_killed(background=["3611"])
    again = case.backup(given).expect(*ALL_WELL, attempts=RECOVERED)
    again.check_recovered(killed)
    after = killed.history.after
    waits = after is not None and any("3611" in process.argv for process in after.processes)
    alive = killed.history.last("post", "alive") is not None
    pre = again.history.starts("pre")
    early = [m for m in again.history.marks if m.point == "alive" and pre and m.at < pre[0].at]
    held = alive or (waits and bool(early))
    again.check(
        "ROB-02.background",
        held,
        expected="the session lives until the killed run's post-script",
        observed="it met it" if held else "the post-script found it gone, or never ran",
    )


#: Where the reference executor's worker is killed, and how often the scripts are then started.
WORKERS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "pre": lambda action: when_marked("pre", "start", action),
    "snapshot": lambda action: when_asked(1, [action]),
    "post": lambda action: when_marked("post", "start", action),
}


@pytest.mark.parametrize("moment", WORKERS)
def test_worker_is_killed(case: Case, moment: str) -> None:
    """SIGKILL of the reference's worker: its main process thaws, runs post and tells a failure."""
    action = {"kill": "children of executor", "signal": 9} if case.reference else KILL
    answers: tuple[SnapshotAnswer, ...] = ("hang",) if moment == "snapshot" else ("take",)
    killed = case.backup(
        Given(configured(), scripts()), snapshots=answers, triggers=[WORKERS[moment](action)]
    )
    verdict = SnapshotFailed() if case.reference else None
    killed.expect_killed(post=(0, 2), verdict=verdict)
    goes_well_again(case, killed, post=(1, 2))
