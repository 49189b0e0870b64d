"""What must happen, read off the circumstances, against the contract's own fold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ErrorName
from harness.contract.readings import accepted, error_clause
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    NotConfigured,
    PluginHostFinding,
    Policy,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
    judge,
    proceeds,
)
from harness.scenario.chance import ingredients as tables
from harness.scenario.chance.circumstances import Behaviour, Circumstances
from harness.scenario.chance.course import attempts_of, happenings_of, refusal_of
from tests.scenario.chance.circumstances import any_circumstances, started_circumstances

_FAILS = tables.FAILS
_BY_WORDS = {behaviour.words: behaviour for behaviour in tables.BEHAVIOURS}


def policy_of(met: Circumstances) -> Policy:
    return Policy(met.go_on is not False, met.fsfreeze is not False, met.place.single_disk)


def is_due(policy: Policy, happened: list[Happening], following: Happening) -> bool:
    """Whether the fold lets this happen next."""
    due = proceeds(policy, happened)
    if isinstance(following, NotConfigured | ConfigFinding | PluginHostFinding):
        return not happened
    if isinstance(following, ScriptFinding) and following.phase == "precheck":
        return not happened
    if isinstance(following, PreSucceeded) or getattr(following, "phase", "") == "pre":
        return due.pre
    if isinstance(following, FreezeDone):
        return due.freeze
    if isinstance(following, FreezeFailed):
        return due.freeze if following.phase == "freeze" else FreezeDone() in happened
    if isinstance(following, FreezeOff):
        return due.snapshot and not due.freeze
    if isinstance(following, SnapshotTaken | SnapshotFailed):
        return due.snapshot and not due.freeze
    return due.post and not due.snapshot


@given(any_circumstances | started_circumstances)
def test_each_step_is_due_and_none_is_left_out(met: Circumstances) -> None:
    policy, happened = policy_of(met), list[Happening]()
    for following in happenings_of(met):
        assert is_due(policy, happened, following), (happened, following)
        happened.append(following)
    left = proceeds(policy, happened)
    assert not any((left.pre, left.freeze, left.snapshot, left.post))


@given(any_circumstances)
def test_every_happening_has_a_clause_and_a_verdict(met: Circumstances) -> None:
    happened = happenings_of(met)
    for happening in happened:
        clause = error_clause(happening)
        assert clause in CATALOGUE or not judge(Policy(), [happening]).errors
    for rules in ("2017-04", "2025-04", "strict"):
        assert accepted(policy_of(met), happened, rules)


@given(started_circumstances)
def test_a_script_that_runs_is_started_as_often_as_it_may_be(met: Circumstances) -> None:
    happened = happenings_of(met)
    attempts = attempts_of(met)
    for which, retries in (("pre", met.pre_retries), ("post", met.post_retries)):
        wanted = attempts[which]
        least, most = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        assert 0 <= least <= most <= retries + 1
        failed = [h for h in happened if isinstance(h, ScriptFinding) and h.phase == which]
        assert failed or least >= 1


PLAIN = Circumstances()
WELL = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
PRE_FAILED = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED.value)
POST_FAILED = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED.value)
SINGLE = next(place for place in tables.PLACES if place.single_disk)
LATE = _BY_WORDS["never ends"]
AT_THREE = _BY_WORDS["succeeds at attempt 3"]
DELETED, OPENED = tables.CHANGES
FROZEN, THAWED = tables.MEDDLINGS


@pytest.mark.parametrize(
    ("met", "happened"),
    [
        (PLAIN, WELL),
        (replace(PLAIN, fsfreeze=False), (WELL[0], FreezeOff(), *WELL[2:])),
        (replace(PLAIN, go_on=False, pre=_FAILS), (PRE_FAILED, PostSucceeded())),
        (replace(PLAIN, pre=_FAILS), (PRE_FAILED, *WELL[1:])),
        (replace(PLAIN, pre=AT_THREE, pre_retries=2), WELL),
        (replace(PLAIN, pre=AT_THREE, pre_retries=1), (PRE_FAILED, *WELL[1:])),
        (replace(PLAIN, post=_FAILS), (*WELL[:3], POST_FAILED)),
        (
            replace(PLAIN, go_on=False, place=SINGLE, pre=_FAILS),
            (PRE_FAILED, FreezeOff(), *WELL[2:]),
        ),
        (
            replace(PLAIN, pre=LATE),
            (ScriptFinding("pre", ErrorName.PRE_TIMEOUT.value), *WELL[1:]),
        ),
        (
            replace(PLAIN, snapshot="hang"),
            (*WELL[:2], SnapshotFailed(), PostSucceeded()),
        ),
        (replace(PLAIN, configured=False, go_on=False), (NotConfigured(), *WELL[1:3])),
        (
            replace(PLAIN, content=tables.CONTENTS[0], go_on=False, fsfreeze=False),
            (ConfigFinding("json"), *WELL[1:3]),
        ),
        (
            replace(PLAIN, change=DELETED),
            (*WELL[:3], ScriptFinding("post", ErrorName.POST_NOT_FOUND.value)),
        ),
        (
            replace(PLAIN, change=OPENED),
            (*WELL[:3], ScriptFinding("post", ErrorName.POST_PERMISSION.value)),
        ),
        (replace(PLAIN, meddling=FROZEN), (WELL[0], FreezeFailed("freeze"), *WELL[2:])),
        (
            replace(PLAIN, meddling=FROZEN, go_on=False),
            (WELL[0], FreezeFailed("freeze"), PostSucceeded()),
        ),
        (replace(PLAIN, meddling=THAWED), (*WELL[:3], FreezeFailed("thaw"), WELL[3])),
    ],
)
def test_some_situations(met: Circumstances, happened: tuple[Happening, ...]) -> None:
    assert happenings_of(met) == happened


def test_the_first_finding_is_the_one_of_the_earliest_check() -> None:
    everything = Circumstances(
        configured=False,
        plugin_host=tables.PLUGIN_HOSTS[0],
        config_file=tables.CONFIG_FAULTS[0],
        content=tables.CONTENTS[0],
        pre_file=tables.SCRIPT_FAULTS[0],
        post_file=tables.SCRIPT_FAULTS[1],
    )
    found = []
    for plain in ("", "configured", "plugin_host", "config_file", "content", "pre_file"):
        if plain == "configured":
            everything = replace(everything, configured=True)
        elif plain:
            everything = replace(everything, **{plain: None})
        found.append(refusal_of(everything))
    assert found == [
        NotConfigured(),
        PluginHostFinding("ini"),
        ConfigFinding("permissions"),
        ConfigFinding("json"),
        ScriptFinding("precheck", ErrorName.PRE_NOT_FOUND.value, "absent"),
        ScriptFinding("precheck", ErrorName.POST_PERMISSION.value, "owner"),
    ]


@pytest.mark.parametrize(
    ("does", "retries", "attempts"),
    [
        (_FAILS, 0, 1),
        (_FAILS, 2, 3),
        (AT_THREE, 1, 2),
        (AT_THREE, 2, 3),
        (LATE, 0, 1),
        (_BY_WORDS["has no interpreter"], 1, (0, 2)),
        (_BY_WORDS["reads its standard input"], 2, 1),
    ],
)
def test_attempts(does: Behaviour, retries: int, attempts: object) -> None:
    met = replace(PLAIN, pre=does, pre_retries=retries)
    assert attempts_of(met) == {"pre": attempts, "post": 1}
