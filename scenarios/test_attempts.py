"""What counts as a failure of a script, and how often it is then tried again (RUN-02, RUN-03)."""

from __future__ import annotations

import pytest

from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, configured, named, script, scripts

both = pytest.mark.parametrize("which", ["pre", "post"])

#: 124 and 125 are what timeout(1) says of itself, 126 and 127 what a shell says of a command that
#: it can't run, what is above 128 is what it says of a death by a signal.
STATUSES = {
    "pre": ("1", "2", "126", "127", "128", "255"),
    "post": ("124", "125", "129", "137", "143", "254"),
}
#: Each signal that ends who does not expect it; 16 is SIGSTKFLT, of which dash knows no name.
SIGNALS = {
    "pre": ("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "XCPU", "XFSZ", "VTALRM"),
    "post": (
        *("KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "SYS"),
        *("PROF", "16", "IO", "PWR"),
    ),
}
#: Seconds for so many attempts, where an executor looks once a second whether one has ended.
FOR_ALL_SIGNALS = 30
#: An argument longer than the kernel passes on (32 pages).
TOO_LONG = "x" * 140_000
#: Where a script lies that is not among the others.
ELSEWHERE = "/opt/others"


@both
def test_every_attempt_fails(case: Case, which: str) -> None:
    """Two retries are allowed and each attempt fails: three attempts, and the script failed."""
    given = Given(configured(**{f"{which}ScriptNoOfRetries": 2}), scripts(**{which: "fail"}))
    case.backup(given).expect(*failing(which), attempts={which: 3})


@both
def test_exit_statuses(case: Case, which: str) -> None:
    """Each attempt ends with another exit status than 0: each is a failure, and is tried again."""
    statuses = STATUSES[which]
    settings = {f"{which}ScriptNoOfRetries": len(statuses) - 1, f"{which}ScriptParams": statuses}
    given = Given(configured(**settings), scripts(**{which: "exit-in-turn"}))
    case.backup(given).expect(*failing(which), attempts={which: len(statuses)})


@both
def test_deaths_by_signals(case: Case, which: str) -> None:
    """Each attempt dies by another signal: each is a failure, and is tried again."""
    signals = SIGNALS[which]
    settings = {f"{which}ScriptNoOfRetries": len(signals) - 1, f"{which}ScriptParams": signals}
    config = configured(timeoutInSeconds=FOR_ALL_SIGNALS, **settings)
    given = Given(config, scripts(**{which: "die-in-turn"}))
    case.backup(given).expect(*failing(which, "signal"), attempts={which: len(signals)})


@pytest.mark.parametrize(("which", "status"), [("pre", "3"), ("post", "124")])
def test_exit_status_with_no_retry(case: Case, which: str, status: str) -> None:
    """With no retry the first failure is the last, whatever its exit status says elsewhere."""
    config = configured(**{f"{which}ScriptParams": [status]})
    case.backup(Given(config, scripts(**{which: "exit-in-turn"}))).expect(*failing(which))


def expect_not_executable(case: Case, given: Given, which: str) -> None:
    """RUN-02.not-executable; where a shell was given the file all the same, and that is not bound
    to be the shebang's interpreter, it may have succeeded.
    """
    run = case.backup(given)
    if run.history.starts(which) and not run.binds("RUN-09.shebang"):
        run.expect(*ALL_WELL)
    else:
        run.expect(*failing(which, "not-executable"), attempts={which: (0, 1)})


@pytest.mark.parametrize(
    ("which", "fixture"),
    [
        ("pre", "no-interpreter"),
        ("post", "no-interpreter"),
        ("pre", "crlf"),
        ("post", "interpreter-is-a-folder"),
    ],
)
def test_missing_interpreter(case: Case, which: str, fixture: str) -> None:
    """A script can't be executed: it failed, and after a pre-script the post-script runs."""
    expect_not_executable(case, Given(configured(), scripts(**{which: fixture})), which)


@both
@pytest.mark.guest("noexec")
def test_on_a_noexec_mount(case: Case, which: str) -> None:
    """The script lies on a mount from which nothing is executed, the other one elsewhere."""
    other = "post" if which == "pre" else "pre"
    place = f"{ELSEWHERE}/{other}.sh"
    files = (script(which, "succeed"), named(place, "succeed"))
    given = Given(configured(**{f"{other}ScriptLocation": place}), files)
    expect_not_executable(case, given, which)


def test_argument_is_too_long(case: Case) -> None:
    """The kernel does not execute a script with such an argument: it failed, and post runs."""
    given = Given(configured(preScriptParams=[TOO_LONG]), scripts())
    run = case.backup(given)
    run.expect(*failing("pre", "not-executable"), attempts={"pre": (0, 1)})


def test_missing_interpreter_fails_the_backup(case: Case) -> None:
    """Where a failure stops the backup, no set is taken, and the post-script runs all the same."""
    config = configured(continueBackupOnFailure=False)
    expect_not_executable(case, Given(config, scripts(pre="no-interpreter")), "pre")


@both
def test_an_attempt_succeeds(case: Case, which: str) -> None:
    """The third attempt succeeds: it is the last one, though more retries are left."""
    settings = {f"{which}ScriptNoOfRetries": 5, f"{which}ScriptParams": ["3"]}
    run = case.backup(Given(configured(**settings), scripts(**{which: "fail-until"})))
    executed = Due("RUN-03.executed", which, "end")
    run.expect(*ALL_WELL, attempts={which: 3}, due=[executed])


def test_first_attempts_succeed(case: Case) -> None:
    """Retries are left, and errors were printed, but both scripts ended with 0: once is enough."""
    config = configured(preScriptNoOfRetries=2, postScriptNoOfRetries=2)
    case.backup(Given(config, scripts("grumble", "grumble"))).expect(*ALL_WELL)


def test_both_scripts_fail(case: Case) -> None:
    """Each script has retries of its own; the pre-script's error is the primary one."""
    config = configured(preScriptNoOfRetries=1, postScriptNoOfRetries=2)
    run = case.backup(Given(config, scripts("fail", "fail")))
    (*begun, _), (*_, also) = failing("pre"), failing("post")
    run.expect(*begun, also, attempts={"pre": 2, "post": 3})


@both
def test_stops_itself_for_a_while(case: Case, which: str) -> None:
    """A script that is stopped and goes on later has not ended meanwhile: it is waited for."""
    run = case.backup(Given(configured(), scripts(**{which: "stop-itself"})))
    run.expect(*ALL_WELL, due=[Due("RUN-02.success", which, "end")])
