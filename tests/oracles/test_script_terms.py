"""What a scenario demands of the scripts besides their verdict: each can be met and broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import Expected, FreezeCall, History
from harness.oracles import Due, ScriptTerms, Terms, judge
from tests.oracles.builders import end, history, mark, marks_of_a_run, outcome

WELL = Expected(("succeeded",), ("application",))
TAILS = (("a1", "a2"), ("b1", "b2"))


def held(run: History, terms: Terms, clause: str) -> bool:
    """Whether this clause holds; that it is judged at all is part of the claim."""
    findings = [f for f in judge(run, WELL, terms) if f.clause == clause]
    assert findings, f"{clause} was not judged"
    return all(f.holds for f in findings)


@pytest.mark.parametrize("clause", ["RUN-03.executed", "RUN-06.after-pre", "RUN-06.after-freeze"])
def test_a_script_is_really_run(clause: str) -> None:
    for least, holds in ((1, True), (2, False)):
        post = ScriptTerms("post", least=least, most=3, run=(clause,))
        assert held(history(), Terms(scripts=(post,)), clause) is holds


def test_a_script_that_is_never_started_is_not_one_that_is_not_retried() -> None:
    """Outside `strict` the post-script need not run at all after a failed pre-script."""
    only_pre = [m for m in marks_of_a_run() if m.script == "pre"]
    run = history(marks=tuple(only_pre), script_runs=())
    clauses = ("RUN-03.retries", "RUN-03.executed", "RUN-06.after-pre")
    post = ScriptTerms("post", least=2, most=2, attempts="FBK-03.post-runs", run=clauses)
    broken = {f.clause for f in judge(run, None, Terms(scripts=(post,))) if not f.holds}
    assert broken & {*clauses, "FBK-03.post-runs"} == {"RUN-06.after-pre", "FBK-03.post-runs"}


@pytest.mark.parametrize("clause", ["RUN-02.success", "RUN-03.until-success"])
def test_a_success_is_no_error(clause: str) -> None:
    terms = Terms(scripts=(ScriptTerms("pre", succeeds=(clause,)),))
    assert held(history(), terms, clause)
    for name in ("Pre-ScriptExecutionFailed", "Pre-ScriptTimeout"):
        called = outcome("succeeded", "file-system", "FsFreezeFailed", name)
        assert not held(history(end=end(called)), terms, clause)
    other = outcome("succeeded", "file-system", "Post-ScriptTimeout")
    assert held(history(end=end(other)), terms, clause)


def test_what_counts_as_a_row_counts_with_status_and_level() -> None:
    terms = Terms(row="FBK-04", counted="FILE-09.failure")
    assert held(history(), terms, "FILE-09.failure")
    for claim in (outcome("succeeded", "file-system"), outcome("failed", "none")):
        assert not held(history(end=end(claim)), terms, "FILE-09.failure")


@pytest.mark.parametrize(
    ("reviewable", "tail", "logs"),
    [
        (("a1", "a2", "b1", "b2"), True, True),
        (("a1", "b1", "b2"), False, True),
        (("a1", "a2", "b2"), False, True),
        (("a1", "a2"), False, False),
        ((), False, False),
    ],
)
def test_the_output_of_each_failing_attempt_is_left(
    reviewable: tuple[str, ...], tail: bool, logs: bool
) -> None:
    run, terms = history(reviewable=reviewable), Terms(tails=TAILS)
    assert held(run, terms, "RUN-08.tail") is tail
    assert held(run, terms, "RUN-08.logs") is logs


def test_nothing_is_said_of_output_that_nobody_sought() -> None:
    assert not [f for f in judge(history(), WELL, Terms()) if f.clause.startswith("RUN-08")]


@pytest.mark.parametrize(
    ("argv", "ignored", "holds"),
    [
        (("/bin/sh", "/x"), (1,), False),
        (("/bin/bash", "/x"), (3, 13), False),
        (("/bin/bash", "/x"), (3,), True),
        (("python3", "/x"), (13, 25), True),
        (("/usr/bin/perl", "-w", "/x"), (2, 3, 8), True),
    ],
)
def test_an_interpreters_own_signals_are_nobodys_fault(
    argv: tuple[str, ...], ignored: tuple[int, ...], holds: bool
) -> None:
    start = mark("pre", "start", 101.0, argv=argv, ignored_signals=ignored)
    run = history(marks=(start, *marks_of_a_run()[1:]))
    assert held(run, Terms(), "RUN-09.signals") is holds


def test_a_thaw_that_a_script_told_is_its_own() -> None:
    def calls(executors: bool) -> History:
        frozen = FreezeCall(102.0, "freeze", "data", 7, False)
        return replace(history(), freeze_calls=(frozen, replace(frozen, at=103.4, what="thaw",
                                                                executors=executors)))  # fmt: skip

    terms = Terms(foreign=("data",))
    assert held(calls(executors=False), terms, "FRZ-07.not-thawed")
    assert not held(calls(executors=True), terms, "FRZ-07.not-thawed")


def test_what_a_script_left_running_reports_when_it_can() -> None:
    clause = "RUN-07.background"
    observed = history(marks=(*marks_of_a_run(), mark("pre", "thawed", 102.22)))
    left = Due(clause, "pre", "thawed", left=True)
    assert held(observed, Terms(due=(left,)), clause)
    assert not held(observed, Terms(due=(replace(left, left=False),)), clause)
    assert not held(history(), Terms(due=(left,)), clause)
