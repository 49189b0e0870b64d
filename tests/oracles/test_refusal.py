"""A file that is refused: what its own clauses say of the run, held and broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import History, ScriptRun
from harness.oracles import Terms, judge
from harness.oracles.terms import Refusal, ScriptTerms
from tests.oracles.builders import THAWED, end, history, outcome, snapshot

TERMS = Terms(
    refusal=Refusal("FILE-06.no-scripts", "FILE-06.level", "CFG-03.policy"),
    scripts=(),
    row="FBK-05",
)
#: The executor ran nothing and claimed no more than the frozen disks show.
REFUSED = history(
    marks=(),
    script_runs=(),
    end=end(outcome("succeeded", "file-system", "IncorrectPluginhostFile")),
)
ALL = {"FILE-06.no-scripts", "FILE-06.level", "CFG-03.policy"}


def broken(run: History, terms: Terms = TERMS) -> set[str]:
    """Which of the refusal's own clauses do not hold."""
    return {f.clause for f in judge(run, None, terms) if not f.holds} & ALL


def test_nothing_ran_and_the_backup_went_on() -> None:
    assert broken(REFUSED) == set()
    assert {f.clause for f in judge(REFUSED, None, TERMS)} >= ALL


@pytest.mark.parametrize(
    ("run", "clauses"),
    [
        (history(end=REFUSED.end), {"FILE-06.no-scripts"}),
        (history(marks=(), script_runs=()), {"FILE-06.level"}),
        (history(marks=(), script_runs=(), end=REFUSED.end, snapshots=()), {"CFG-03.policy"}),
        (
            history(
                marks=(),
                script_runs=(),
                end=REFUSED.end,
                snapshots=(snapshot(at=THAWED),),
            ),
            {"CFG-03.policy"},
        ),
        (
            history(
                marks=(),
                script_runs=(),
                end=end(outcome("failed", "none", "IncorrectPluginhostFile")),
            ),
            {"CFG-03.policy"},
        ),
    ],
    ids=["scripts-ran", "application", "no-set", "not-frozen", "failed"],
)
def test_each_clause_is_broken_alone(run: History, clauses: set[str]) -> None:
    assert broken(run) == clauses


def test_the_post_script_of_an_interrupted_run_is_none_of_this_runs() -> None:
    owed = replace(TERMS, scripts=(ScriptTerms("pre", most=0), ScriptTerms("post", least=0)))
    recovered = history(
        marks=(), script_runs=(ScriptRun("post", 300, 99.5, 99.9),), end=REFUSED.end
    )
    assert broken(recovered) == {"FILE-06.no-scripts"}
    assert broken(recovered, owed) == set()
    assert broken(history(end=REFUSED.end), owed) == {"FILE-06.no-scripts"}


def test_what_is_not_refused_is_not_judged() -> None:
    assert not ALL & {f.clause for f in judge(history(), None, Terms())}


def test_a_set_that_could_not_be_taken_says_nothing_of_the_policy() -> None:
    failed = history(
        marks=(),
        script_runs=(),
        snapshots=(snapshot(answer=1, set_id=None),),
        end=end(outcome("failed", "none", "IncorrectPluginhostFile", "SnapshotFailed")),
    )
    assert broken(failed) == set()
