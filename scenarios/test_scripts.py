"""How the scripts are run: retries, budgets, deaths, background processes, output, FILE-09.

What a script can see of it, it reports by a mark of its own; the rest is seen from outside.
"""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    Happening,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.oracles.residue import left_processes
from harness.oracles.terms import Due
from harness.scenario.case import Case, Run
from harness.scenario.given import Given, configured, script, scripts
from harness.targets.situation import POST_PATH, PRE_PATH, when_marked

ALL_WELL = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
#: The folder of both scripts, where a scenario itself takes a script away or changes its mode.
SCRIPTS = ("/opt/scripts/",)
#: What hang.sh leaves outside of its session or its family, by a word of the argument vectors.
DETACHED = ("3601", "3602", "3603")

both = pytest.mark.parametrize("which", ["pre", "post"])


def course(which: str, reason: str = "", *, late: bool = False) -> tuple[Happening, ...]:
    """What happens in a run whose pre- or post-script fails for good, or is late."""
    if which == "pre":
        name = ErrorName.PRE_TIMEOUT if late else ErrorName.PRE_EXECUTION_FAILED
        failed = ScriptFinding("pre", name, reason)
        return (failed, FreezeDone(), SnapshotTaken(), PostSucceeded())
    name = ErrorName.POST_TIMEOUT if late else ErrorName.POST_EXECUTION_FAILED
    return (PreSucceeded(), FreezeDone(), SnapshotTaken(), ScriptFinding("post", name, reason))


def check_nothing_detached(run: Run) -> None:
    """RUN-05.detached: also what left the script's session or family is gone."""
    before, after = run.history.before, run.history.after
    left = left_processes(before, after) if before and after else ()
    detached = [" ".join(p.argv) for p in left if set(DETACHED) & set(p.argv)]
    run.check(
        "RUN-05.detached",
        not detached,
        expected="nothing is left that was double-forked or left the script's session",
        observed=f"still there: {', '.join(detached)}" if detached else "nothing is left",
    )


@both
def test_every_attempt_fails(case: Case, which: str) -> None:
    """Two retries are allowed and each attempt fails: three attempts, and the script failed."""
    given = Given(configured(**{f"{which}ScriptNoOfRetries": 2}), scripts(**{which: "fail"}))
    case.backup(given).expect(*course(which), attempts={which: 3})


@both
@pytest.mark.slow_by_contract
def test_no_retry_after_a_timeout(case: Case, which: str) -> None:
    """A script hangs although retries are left: one attempt, and all that it started is ended."""
    config = configured(timeoutInSeconds=1, **{f"{which}ScriptNoOfRetries": 2})
    run = case.backup(Given(config, scripts(**{which: "hang"})))
    run.expect(*course(which, late=True))
    check_nothing_detached(run)


@both
@pytest.mark.slow_by_contract
def test_attempts_share_the_budget(case: Case, which: str) -> None:
    """Nine retries of 0.7 s each, and 2 s for all of them: the timeout ends the third attempt."""
    settings = {f"{which}ScriptNoOfRetries": 9, f"{which}ScriptParams": ["0.7"]}
    given = Given(configured(timeoutInSeconds=2, **settings), scripts(**{which: "fail-slowly"}))
    run = case.backup(given)
    run.expect(*course(which, "spent", late=True), attempts={which: (2, 3)})


@pytest.mark.parametrize(("which", "status"), [("pre", 2), ("pre", 126), ("post", 255)])
def test_exit_status(case: Case, which: str, status: int) -> None:
    """Any exit status but 0 is a failure."""
    config = configured(**{f"{which}ScriptParams": [str(status)]})
    case.backup(Given(config, scripts(**{which: "fail-with"}))).expect(*course(which))


@pytest.mark.parametrize(
    ("which", "signal"), [("pre", "KILL"), ("pre", "TERM"), ("post", "SEGV"), ("post", "KILL")]
)
def test_death_by_a_signal(case: Case, which: str, signal: str) -> None:
    """A script that dies by a signal has failed."""
    config = configured(**{f"{which}ScriptParams": [signal]})
    run = case.backup(Given(config, scripts(**{which: "die-by"})))
    run.expect(*course(which, "signal"))


@both
def test_missing_interpreter(case: Case, which: str) -> None:
    """A script can't be executed: it failed, and after a pre-script the post-script runs."""
    run = case.backup(Given(configured(), scripts(**{which: "no-interpreter"})))
    run.expect(*course(which, "not-executable"), attempts={which: (0, 1)})


@both
def test_no_shebang(case: Case, which: str) -> None:
    """A script without a shebang is run by /bin/sh."""
    run = case.backup(Given(configured(), scripts(**{which: "no-shebang"})))
    run.expect(*ALL_WELL, due=[Due("RUN-09.shell", which, "end")])


@both
def test_reads_its_standard_input(case: Case, which: str) -> None:
    """A script that reads its standard input meets its end at once."""
    given = Given(configured(timeoutInSeconds=3), scripts(**{which: "read-stdin"}))
    case.backup(given).expect(*ALL_WELL, due=[Due("RUN-09.stdin", which, "end")])


@both
def test_floods_its_output(case: Case, which: str) -> None:
    """1 MiB on stdout and 1 MiB on stderr do not block a script."""
    given = Given(configured(timeoutInSeconds=5), scripts(**{which: "flood"}))
    case.backup(given).expect(*ALL_WELL, due=[Due("RUN-08.no-block", which, "end")])


def test_session_lives_until_the_post_script(case: Case) -> None:
    """The pre-script leaves a session, with its output open, that the post-script ends."""
    files = scripts(pre="hold-session", post="end-session")
    run = case.backup(Given(configured(timeoutInSeconds=3), files))
    run.expect(*ALL_WELL, due=[Due("RUN-07.background", "post", "alive")])


def test_post_script_starts_a_service(case: Case) -> None:
    """What the post-script left running, with its output open, lives on after the run."""
    files = scripts(post="hold-session")
    run = case.backup(Given(configured(timeoutInSeconds=3), files))
    run.expect(*ALL_WELL, background=["3611"])
    after = run.history.after
    lives = after is not None and any("3611" in process.argv for process in after.processes)
    run.check(
        "RUN-07.background",
        lives,
        expected="what the post-script started lives on",
        observed="it lives" if lives else "it is gone",
    )


def test_pre_script_takes_the_post_script_away(case: Case) -> None:
    """The post-script vanished since the precheck: it is not found when it is due."""
    gone = {"path": POST_PATH, "kind": "absent"}
    run = case.backup(
        Given(configured(), scripts()), triggers=[when_marked("pre", "end", {"put": [gone]})]
    )
    missing = ScriptFinding("post", ErrorName.POST_NOT_FOUND)
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), missing)
    run.expect(*happened, attempts={"post": 0}, may_change=SCRIPTS)


@pytest.mark.parametrize("change", [{"mode": "0755"}, {"mode": "0700", "uid": 1}])
def test_pre_script_changes_the_post_script(case: Case, change: dict[str, object]) -> None:
    """The post-script got another mode or owner since the precheck: it is not started."""
    post = script("post", "succeed").on_wire() | change
    run = case.backup(
        Given(configured(), scripts()), triggers=[when_marked("pre", "end", {"put": [post]})]
    )
    refused = ScriptFinding("post", ErrorName.POST_PERMISSION)
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), refused)
    run.expect(*happened, attempts={"post": 0}, may_change=SCRIPTS)


def test_pre_script_takes_itself_away(case: Case) -> None:
    """The pre-script vanished before its retry: that is final, and the post-script runs."""
    gone = {"path": PRE_PATH, "kind": "absent"}
    run = case.backup(
        Given(configured(preScriptNoOfRetries=2), scripts(pre="fail")),
        triggers=[when_marked("pre", "start", {"put": [gone]})],
    )
    missing = ScriptFinding("pre", ErrorName.PRE_NOT_FOUND)
    run.expect(missing, FreezeDone(), SnapshotTaken(), PostSucceeded(), may_change=SCRIPTS)
