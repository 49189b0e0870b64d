"""What the scripts leave running: a session that holds a lock, a service, an attempt's children."""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName, for_script
from harness.contract.verdict import FreezeDone, PostSucceeded, PreSucceeded, SnapshotFailed
from harness.oracles.terms import Due
from harness.scenario.case import Case, Run
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, configured, scripts

#: The budget of a script that leaves its output open, in seconds: who waits for the end of the
#: output waits for all of it.
BUDGET = 3
#: What the scripts leave running, by a word of the argument vector.
SESSION = "3611"


def check_not_delayed(run: Run, which: str) -> bool:
    """RUN-07.pipes: the run went on at once when the script had ended; whether that was so."""
    ended = run.history.last(which, "end")
    late = str(for_script(which, "timeout"))
    errors = run.history.end.outcome.errors if run.history.end.outcome else ()
    after = run.history.end.ended
    if which == "pre":
        after = min([s.requested for s in run.history.snapshots] or [after])
    waited = after - ended.at if ended else BUDGET
    holds = late not in errors and waited < BUDGET
    run.check(
        "RUN-07.pipes",
        holds,
        expected=f"the run goes on when the {which}-script has ended, within {BUDGET} s",
        observed=f"it went on {waited:.3f} s after its end; errors: {', '.join(errors) or 'none'}",
    )
    return holds or run.binds("RUN-07.pipes")


def check_lives_on(run: Run, which: str) -> None:
    """RUN-07.background: what this script left running is there after the run."""
    after = run.history.after
    lives = after is not None and any(SESSION in process.argv for process in after.processes)
    run.check(
        "RUN-07.background",
        lives,
        expected=f"what the {which}-script started lives on",
        observed="it lives" if lives else "it is gone",
    )


@pytest.mark.parametrize("fixture", ["hold-session", "hold-lock"])
def test_session_lives_until_the_post_script(case: Case, fixture: str) -> None:
    """The pre-script leaves a process, with its output open, that the post-script ends."""
    files = scripts(pre=fixture, post="end-session")
    run = case.backup(Given(configured(timeoutInSeconds=BUDGET), files))
    if check_not_delayed(run, "pre"):
        run.expect_where([Due("RUN-07.background", "post", "alive")], *ALL_WELL)


def test_post_script_starts_a_service(case: Case) -> None:
    """What the post-script left running, with its output open, lives on, and is in nobody's way."""
    files = scripts(post="hold-session")
    run = case.backup(Given(configured(timeoutInSeconds=BUDGET), files))
    if check_not_delayed(run, "post"):
        run.expect(*ALL_WELL, background=[SESSION])
    check_lives_on(run, "post")
    again = case.backup(Given(configured(), scripts()))
    errors = again.history.end.outcome.errors if again.history.end.outcome else ()
    refused = ErrorName.BACKUP_IN_PROGRESS.value in errors
    again.check(
        "ROB-03.locks",
        not refused,
        expected="the service holds no lock of the executor's",
        observed="the next run was refused" if refused else "the next run was not refused",
    )
    if not refused or again.binds("ROB-03.locks"):
        again.expect(*ALL_WELL)


def test_failing_attempts_leave_children(case: Case) -> None:
    """What a failed attempt left may live or be ended; it is in nobody's way."""
    files = scripts(pre="fail-and-leave", post="end-left")
    run = case.backup(Given(configured(preScriptNoOfRetries=1), files))
    run.expect(*failing("pre"), attempts={"pre": 2})


def test_session_outlives_a_failed_snapshot(case: Case) -> None:
    """The snapshot fails, and what the command left is ended: not what the pre-script left."""
    files = scripts(pre="hold-session", post="end-session")
    run = case.backup(Given(configured(timeoutInSeconds=BUDGET), files), snapshots=("fail",))
    happened = (PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())
    run.expect_where([Due("RUN-07.background", "post", "alive")], *happened)


@pytest.mark.slow_by_contract
def test_session_outlives_the_timeout_of_post(case: Case) -> None:
    """The post-script's tree is ended at its deadline: what the pre-script left is none of it."""
    files = scripts(pre="hold-session", post="hang")
    run = case.backup(Given(configured(timeoutInSeconds=1), files))
    run.expect(*failing("post", kind="timeout"), background=[SESSION])
    check_lives_on(run, "pre")
