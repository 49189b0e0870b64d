"""What the scripts write: it blocks nothing, breaks nothing, and can be read later (RUN-08)."""

from __future__ import annotations

import pytest

from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, configured, scripts

both = pytest.mark.parametrize("which", ["pre", "post"])

#: How much of the end of an attempt's output is kept at least, in bytes (RUN-08).
TAIL = 1024


def last_words(which: str, attempt: int, lines: int) -> list[str]:
    """The first words of those lines of talk-and-fail.sh that lie within its last KiB."""
    size = len(f"{which}{attempt}w{lines:03} the application refuses\n")
    first = lines - TAIL // size + 1
    return [f"{which}{attempt}w{number:03}" for number in range(first, lines + 1)]


@both
def test_floods_its_output(case: Case, which: str) -> None:
    """1 MiB on stdout and 1 MiB on stderr do not block a script."""
    run = case.backup(Given(configured(timeoutInSeconds=5), scripts(**{which: "flood"})))
    run.expect_where([Due("RUN-08.no-block", which, "end")], *ALL_WELL)


def test_floods_its_output_heavily(case: Case) -> None:
    """100 MiB do not block a script either, the one or the other."""
    given = Given(configured(timeoutInSeconds=30), scripts("flood-heavily", "flood-heavily"))
    run = case.backup(given)
    run.expect_where([Due("RUN-08.no-block", which, "end") for which in ("pre", "post")], *ALL_WELL)


@pytest.mark.parametrize(("which", "attempts"), [("pre", 3), ("post", 1)])
def test_output_of_failing_attempts_is_kept(case: Case, which: str, attempts: int) -> None:
    """Each attempt says why it failed, on stdout or stderr: the end of it is there afterwards."""
    config = configured(**{f"{which}ScriptNoOfRetries": attempts - 1})
    tails = [last_words(which, attempt, 200) for attempt in range(1, attempts + 1)]
    run = case.backup(Given(config, scripts(**{which: "talk-and-fail"})), tails=tails)
    run.expect(*failing(which), attempts={which: attempts})


def test_output_is_no_text(case: Case) -> None:
    """Escape sequences, NULs and random bytes disturb neither the outcome nor what is kept."""
    given = Given(configured(), scripts(pre="write-garbage"))
    run = case.backup(given, tails=[last_words("pre", 1, 40)])
    run.expect_where([Due("RUN-08.no-block", "pre", "said")], *failing("pre"))


def test_closes_its_output(case: Case) -> None:
    """A script that closes its output and works on has not ended yet."""
    case.backup(Given(configured(), scripts("close-output", "close-output"))).expect(*ALL_WELL)


@pytest.mark.slow_by_contract
def test_output_of_a_script_that_hangs_is_kept(case: Case) -> None:
    """What a script said before it was ended at its deadline is there afterwards."""
    given = Given(configured(timeoutInSeconds=1), scripts(pre="talk-and-hang"))
    run = case.backup(given, tails=[last_words("pre", 1, 200)])
    run.expect(*failing("pre", kind="timeout"))


def test_output_after_a_flood_is_kept(case: Case) -> None:
    """After a mebibyte of anything a script says why it fails: it is the end that is kept."""
    given = Given(configured(), scripts(post="flood-and-fail"))
    run = case.backup(given, tails=[last_words("post", 1, 40)])
    run.expect_where([Due("RUN-08.no-block", "post", "said")], *failing("post"))
