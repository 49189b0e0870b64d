"""What a script finds around it: its interpreter, its input, its arguments, its caller (RUN-09)."""

from __future__ import annotations

import pytest

from harness.machines.files import GuestFile
from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.scenario.suite import fixture

ODD_CALLER = "/opt/caller.py"
#: A caller with no more than a bare service has: neither sbin in PATH, nor HOME, nor LANG.
POOR_CALLER = ("/usr/bin/env", "-u", "HOME", "-u", "LANG", "PATH=/usr/bin:/bin")


def ended(clause: str) -> list[Due]:
    """Both scripts come to their end, because of this clause."""
    return [Due(clause, which, "end") for which in ("pre", "post")]


def test_no_shebang(case: Case) -> None:
    """Scripts without a shebang are run by /bin/sh."""
    run = case.backup(Given(configured(), scripts("no-shebang", "no-shebang")))
    run.expect_where(ended("RUN-09.shell"), *ALL_WELL)


@pytest.mark.parametrize(("pre", "post"), [("in-python", "in-bash"), ("in-perl", "in-sh")])
def test_shebang(case: Case, pre: str, post: str) -> None:
    """A script is run by the interpreter of its shebang, with the word that stands there."""
    run = case.backup(Given(configured(), scripts(pre, post)))
    run.expect_where(ended("RUN-09.shebang"), *ALL_WELL)


def test_reads_its_standard_input(case: Case) -> None:
    """Scripts that read their standard input meet its end at once."""
    given = Given(configured(timeoutInSeconds=3), scripts("read-stdin", "read-stdin"))
    run = case.backup(given, caller=odd_caller(case))
    run.expect_where(ended("RUN-09.stdin"), *ALL_WELL)


def test_odd_caller(case: Case) -> None:
    """What the caller of the executor had, umask, folder, signals, input, no script inherits; what
    it lacks, sbin in PATH, HOME and LANG, each script has.
    """
    caller = (*POOR_CALLER, *odd_caller(case))
    run = case.backup(Given(configured(), scripts()), caller=caller)
    # An executor may look for tools of its own, that of the freeze among them, by that PATH.
    run.expect(*ALL_WELL, about=["RUN-09.environment"])


def test_many_arguments(case: Case) -> None:
    """Hundreds of arguments, and one of several KiB, arrive as they are."""
    words = [f"word-{number:03}" for number in range(400)]
    config = configured(preScriptParams=[*words, "x" * 8000], postScriptParams=words)
    case.backup(Given(config, scripts())).expect(*ALL_WELL)


def odd_caller(case: Case) -> tuple[str, ...]:
    """A caller that hands on all that it has; put into the guest."""
    case.guest.put(GuestFile(ODD_CALLER, content=fixture("odd-caller.py")))
    return ("/usr/bin/python3", "-I", ODD_CALLER)
