"""What follows from a broken clause of this project alone fails nobody outside `strict`.

Each run is the history of an executor that breaks one such clause, met by the scenario itself; and
beside it that of one which breaks the documented clause that was blamed, and is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import Policy
from harness.history import History, Mark, Outcome, ScriptRun
from harness.scenario.case import Case
from harness.scenario.given import Given
from harness.scenario.run import Run
from scenarios import test_budgets as budgets
from scenarios import test_output as output
from scenarios import test_plugin_host as plugin_host
from scenarios import test_settings as settings
from scenarios import test_surroundings as surroundings
from tests.oracles.builders import (
    end,
    freeze,
    history,
    mark,
    marks_of_a_run,
    outcome,
    snapshot,
)
from tests.scenario.kept import OPEN, Kept

PRE_FAILED, PRE_LATE = ErrorName.PRE_EXECUTION_FAILED.value, ErrorName.PRE_TIMEOUT.value
POST_FAILED, POST_LATE = ErrorName.POST_EXECUTION_FAILED.value, ErrorName.POST_TIMEOUT.value


class Staged(Kept):
    """Its one backup has happened already."""

    guest = SimpleNamespace(put=lambda *_: None)

    def __init__(self, rules: str, observed: History) -> None:
        super().__init__(rules)
        self._observed = observed

    def backup(self, given: Given, **met: Any) -> Run:
        """The staged history, whatever is met."""
        return Run(
            case=self,
            history=self._observed,
            given=given,
            policy=Policy(given.setting("continueBackupOnFailure", True)),
            budget=float(given.setting("timeoutInSeconds", 10)),
            bound=60.0,
            shortest_bound=60.0,
            tails=tuple(map(tuple, met.get("tails", ()))),
        )


Scenario = Callable[[Case], None]


def failed(scenario: Scenario, observed: History, rules: str) -> set[str]:
    case = Staged(rules, observed)
    scenario(cast("Case", case))
    assert case.found
    return case.failed


def ran(claim: Outcome, *marks: Mark, **changes: Any) -> History:
    """A run with these marks of its scripts, whose ends are seen where they mark them."""
    ends = {m.script: m.at for m in marks if m.point != "start"}
    starts = [m for m in marks if m.point == "start"]
    runs = tuple(
        ScriptRun("pre" if m.script == "pre" else "post", 200, m.at, ends.get(m.script))
        for m in starts
    )
    made = {"marks": marks, "script_runs": runs, "end": end(claim)}
    return history(**(made | changes))


PRE_START, PRE_END, POST_START, POST_END = marks_of_a_run()
#: After the snapshot was asked for; after the post-script's budget.
PRE_END_LATE, POST_END_LATE = replace(PRE_END, at=102.6), replace(POST_END, at=109.0)
FELL = outcome("succeeded", "file-system", PRE_LATE)
POST_FELL = outcome("succeeded", "file-system", POST_LATE)
#: Run by sh, a script in Perl ends at once, and no mark of it comes.
BY_SH = ran(
    outcome("succeeded", "file-system", PRE_FAILED),
    POST_START,
    POST_END,
    script_runs=(ScriptRun("pre", 200, 101.0, 101.1), ScriptRun("post", 300, 103.0, 104.0)),
)
PRE_BLOCKED = ran(FELL, PRE_START, PRE_END_LATE, POST_START, POST_END)
POST_BLOCKED = ran(POST_FELL, PRE_START, PRE_END, POST_START, POST_END_LATE)
PRE_UNHEARD = ran(FELL, PRE_START, POST_START, POST_END)
POST_UNHEARD = ran(POST_FELL, PRE_START, PRE_END, POST_START)
#: It hangs and is never ended; the set is asked for after the default timeout, or far too early.
LEFT = ScriptRun("pre", 200, 101.0, None)


def left_running(until: float) -> History:
    post = (replace(POST_START, at=until + 2), replace(POST_END, at=until + 3))
    return ran(
        FELL,
        PRE_START,
        *post,
        script_runs=(LEFT, ScriptRun("post", 300, until + 2, until + 3)),
        snapshots=(
            snapshot(requested=until, answered=until + 1, taken_from=until, taken_to=until + 0.5),
        ),
        freezes=(
            freeze(
                thawed_before=until - 0.2, first=until - 0.1, last=until + 1, thawed_after=until + 2
            ),
        ),
        end=end(FELL, ended=until + 4),
        ended=until + 20,
    )


REFUSED = ran(outcome("succeeded", "file-system"))


def flood(which: str) -> Scenario:
    return lambda case: output.test_floods_its_output(case, which)


def two_plugins(case: Case) -> None:
    plugin_host.test_config_of_the_first_plugin(case, 2)


def no_ini_file(case: Case) -> None:
    plugin_host.test_plugin_host_file_is_corrupt(case, *plugin_host.CORRUPT["no-ini-file"])


#: What the executor did, what scenario met it, and the project's clause that it breaks.
BROKEN: dict[str, tuple[History, Scenario, str]] = {
    "every script by sh": (
        BY_SH,
        budgets.test_forks_faster_than_it_is_ended,
        "RUN-09.shebang",
    ),
    "output read at the end, pre": (PRE_BLOCKED, flood("pre"), "RUN-08.no-block"),
    "output read at the end, post": (POST_BLOCKED, flood("post"), "RUN-08.no-block"),
    "much output read at the end": (
        PRE_BLOCKED,
        output.test_floods_its_output_heavily,
        "RUN-08.no-block",
    ),
    "garbage read at the end": (PRE_UNHEARD, output.test_output_is_no_text, "RUN-08.no-block"),
    "a failure after much output": (
        POST_UNHEARD,
        output.test_output_after_a_flood_is_kept,
        "RUN-08.no-block",
    ),
    "the caller's input": (
        PRE_BLOCKED,
        surroundings.test_reads_its_standard_input,
        "RUN-09.stdin",
    ),
    "a plugin host of its own mind": (REFUSED, two_plugins, "FILE-06.config-path"),
    "a script that timed out left running": (
        left_running(132.0),
        settings.test_default_timeout,
        "RUN-05.bound",
    ),
}


@pytest.mark.parametrize("rules", OPEN)
@pytest.mark.parametrize("name", BROKEN)
def test_what_follows_from_the_projects_clause_fails_nobody(name: str, rules: str) -> None:
    observed, scenario, _ = BROKEN[name]
    assert failed(scenario, observed, rules) == set()


@pytest.mark.parametrize("name", BROKEN)
def test_strict_fails_the_clause_itself(name: str) -> None:
    observed, scenario, clause = BROKEN[name]
    assert clause in failed(scenario, observed, "strict")


WORDS = {w: mark(w, "said", at) for w, at in (("pre", 101.9), ("post", 103.9))}
IN_TIME = (PRE_START, PRE_END, POST_START, POST_END)
#: The same scenarios, and an executor that breaks the documented clause.
BLAMED: dict[str, tuple[History, Scenario, str]] = {
    "a timeout by another name": (
        ran(
            outcome("succeeded", "file-system", PRE_FAILED),
            replace(PRE_START, argv=("/usr/bin/perl", "/opt/scripts/pre.sh")),
            POST_START,
            POST_END,
        ),
        budgets.test_forks_faster_than_it_is_ended,
        "RUN-05.error",
    ),
    "a success called a timeout, pre": (ran(FELL, *IN_TIME), flood("pre"), "RUN-02.success"),
    "a success called a timeout, post": (
        ran(POST_FELL, *IN_TIME),
        flood("post"),
        "RUN-02.success",
    ),
    "an input that ended": (
        ran(FELL, *IN_TIME),
        surroundings.test_reads_its_standard_input,
        "RUN-02.success",
    ),
    "a failure called a timeout": (
        ran(POST_FELL, PRE_START, PRE_END, POST_START, WORDS["post"]),
        output.test_output_after_a_flood_is_kept,
        "RUN-02.exit-status",
    ),
    "garbage called a timeout": (
        ran(FELL, PRE_START, WORDS["pre"], POST_START, POST_END),
        output.test_output_is_no_text,
        "RUN-02.exit-status",
    ),
    "a default of 9 s, and the script left running": (
        left_running(110.0),
        settings.test_default_timeout,
        "CFG-02.timeout",
    ),
    "a default of 9 s, of a script that a shell reads": (
        replace(left_running(110.0), script_runs=()),
        settings.test_default_timeout,
        "CFG-02.timeout",
    ),
    "a default of 60 s, and the script left running": (
        left_running(161.0),
        settings.test_default_timeout,
        "CFG-02.timeout",
    ),
    "a corrupt plugin host that is not told": (REFUSED, no_ini_file, "FILE-06.error"),
}


@pytest.mark.parametrize("rules", OPEN)
@pytest.mark.parametrize("name", BLAMED)
def test_who_breaks_the_documented_clause_fails(name: str, rules: str) -> None:
    observed, scenario, clause = BLAMED[name]
    assert clause in failed(scenario, observed, rules)
