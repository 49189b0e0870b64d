"""How long the scripts may take, and what becomes of those that take longer (RUN-04, RUN-05)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.oracles.residue import left_processes
from harness.oracles.terms import Due
from harness.scenario.case import Case, Run
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.expectation import SPENT
from harness.scenario.given import Given, configured, scripts
from harness.targets.situation import when_marked

both = pytest.mark.parametrize("which", ["pre", "post"])

#: What hang.sh leaves, by a word of the argument vectors: what says that it is ended too.
OF_HANG: Mapping[str, tuple[str, ...]] = {
    "RUN-05.tree": ("3600", "3605"),
    "RUN-05.detached": ("3601", "3602", "3603"),
    "RUN-05.sigterm": ("3604", "/opt/scripts/pre.sh", "/opt/scripts/post.sh"),
}
#: What storm.sh leaves.
OF_STORM = {"RUN-05.detached": ("/usr/bin/perl",)}


def check_nothing_left(run: Run, words: Mapping[str, tuple[str, ...]]) -> None:
    """RUN-05: no process with one of these words in its argument vector is left."""
    before, after = run.history.before, run.history.after
    left = left_processes(before, after) if before and after else ()
    for clause, some in words.items():
        there = [" ".join(p.argv) for p in left if set(some) & set(p.argv)]
        run.check(
            clause,
            not there,
            expected=f"nothing is left of {', '.join(some)}",
            observed=f"still there: {'; '.join(there[:5])}" if there else "nothing is left",
        )


@both
@pytest.mark.slow_by_contract
def test_no_retry_after_a_timeout(case: Case, which: str) -> None:
    """A script hangs although retries are left: one attempt, and all that it started is ended."""
    config = configured(timeoutInSeconds=1, **{f"{which}ScriptNoOfRetries": 2})
    run = case.backup(Given(config, scripts(**{which: "hang"})))
    run.expect(*failing(which, kind="timeout"))
    check_nothing_left(run, OF_HANG)


@both
@pytest.mark.slow_by_contract
def test_ends_well_when_it_is_told_to(case: Case, which: str) -> None:
    """A script that exits with 0 because it is ended at its deadline was too late all the same."""
    config = configured(timeoutInSeconds=1, **{f"{which}ScriptParams": ["0"]})
    run = case.backup(Given(config, scripts(**{which: "exit-when-told"})))
    run.expect(*failing(which, kind="timeout"))


@pytest.mark.slow_by_contract
def test_fails_when_it_is_told_to(case: Case) -> None:
    """An attempt that fails because it is ended at its deadline has timed out: no retry."""
    config = configured(timeoutInSeconds=1, preScriptNoOfRetries=2, preScriptParams=["1"])
    run = case.backup(Given(config, scripts(pre="exit-when-told")))
    run.expect(*failing("pre", kind="timeout"))


@pytest.mark.slow_by_contract
def test_forks_faster_than_it_is_ended(case: Case) -> None:
    """Processes that fork and end without pause, in sessions of their own, are ended too."""
    run = case.backup(Given(configured(timeoutInSeconds=1), scripts(pre="storm")))
    begins = Due("RUN-09.shebang", "pre", "start")  # it is in Perl
    run.expect_where([begins], *failing("pre", kind="timeout"))
    check_nothing_left(run, OF_STORM)


@both
@pytest.mark.slow_by_contract
def test_attempts_share_the_budget(case: Case, which: str) -> None:
    """Nine retries of 0.7 s each, and 2 s for all of them: the timeout ends the third attempt."""
    settings = {f"{which}ScriptNoOfRetries": 9, f"{which}ScriptParams": ["0.7"]}
    given = Given(configured(timeoutInSeconds=2, **settings), scripts(**{which: "fail-slowly"}))
    run = case.backup(given)
    run.expect(*failing(which, SPENT, kind="timeout"), attempts={which: (2, 3)})


@pytest.mark.slow_by_contract
def test_budget_ends_between_attempts(case: Case) -> None:
    """An attempt fails with retries left, but the time is over when that is seen: the timeout."""
    run = case.backup(
        Given(configured(timeoutInSeconds=1, preScriptNoOfRetries=2), scripts("stop-the-executor")),
        triggers=[when_marked("pre", "stopped", {"resume": "executor", "after": 1.3})],
    )
    if run.history.last("pre", "stopped") is not None:
        run.expect(*failing("pre", SPENT, kind="timeout"))
    else:  # nobody who can be stopped waits for a script that was given away to init
        run.expect(*failing("pre"), attempts={"pre": 3})


@pytest.mark.slow_by_contract
def test_each_script_has_a_budget_of_its_own(case: Case) -> None:
    """Each script takes more than half of the budget: neither takes it from the other."""
    settings = {f"{which}ScriptParams": ["1.7"] for which in ("pre", "post")}
    given = Given(configured(timeoutInSeconds=3, **settings), scripts("work-for", "work-for"))
    run = case.backup(given)
    run.expect(*ALL_WELL, due=[Due("RUN-04.separate", "post", "end")])
