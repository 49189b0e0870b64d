"""Where the contract can be read in two ways: both pass outside `strict`, which wants one.

Each reading is the history of an executor that is right by it, judged as a scenario judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ErrorName
from harness.contract.rulesets import RULESETS, binding
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    Happening,
    NotConfigured,
    PluginHostFinding,
    Policy,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.history import Fault, Finding, History, Outcome
from harness.scenario.given import Given, configured, scripts
from harness.scenario.run import Run
from tests.oracles.builders import (
    THAWED,
    disk,
    end,
    freeze,
    history,
    image,
    marks_of_a_run,
    outcome,
    snapshot,
)

OPEN = tuple(rules for rules in RULESETS if rules != "strict")
PERMISSION = ErrorName.PRE_PERMISSION.value
CONFIG = ErrorName.INCORRECT_CONFIG.value
PLUGIN_HOST = ErrorName.INCORRECT_PLUGIN_HOST.value
FREEZE, SNAPSHOT = ErrorName.FREEZE_FAILED.value, ErrorName.SNAPSHOT_FAILED.value
FAIL = Policy(continue_on_failure=False)
SINGLE = Policy(single_disk=True)


class Kept:
    """A case without a guest: it keeps what was found."""

    def __init__(self, rules: str) -> None:
        self.rules = rules
        self.found: list[Finding] = []

    def add(self, finding: Finding, history: History) -> None:
        self.found.append(finding)

    def binds(self, clause: str) -> bool:
        return binding(CATALOGUE[clause], self.rules)

    @property
    def failed(self) -> set[str]:
        """The clauses that bind and do not hold."""
        return {f.clause for f in self.found if not f.holds and self.binds(f.clause)}


Expectation = Callable[[Run], object]


def failed(observed: History, policy: Policy, expectation: Expectation, rules: str) -> set[str]:
    judge = Kept(rules)
    config = configured(
        continueBackupOnFailure=policy.continue_on_failure, fsFreezeEnabled=policy.fsfreeze
    )
    run = Run(
        case=judge,
        history=replace(observed, single_disk=policy.single_disk),
        given=Given(config, scripts()),
        policy=policy,
        budget=10.0,
        bound=60.0,
        shortest_bound=60.0,
    )
    expectation(run)
    assert judge.found
    return judge.failed


def expecting(*happenings: Happening, **more: Any) -> Expectation:
    return lambda run: run.expect(*happenings, **more)


def refused(finding: Happening, clause: str) -> Expectation:
    return lambda run: run.expect_refused(finding, clause)


def frozen(claim: Outcome, **changes: Any) -> History:
    """A set of a frozen disk, and no script."""
    quiet: dict[str, Any] = {"marks": (), "script_runs": ()}
    return history(end=end(claim), **(quiet | changes))


def unfrozen(claim: Outcome, **changes: Any) -> History:
    """A set of a disk that is written to, and no script."""
    torn: dict[str, Any] = {
        "freezes": (),
        "snapshots": (snapshot(at=THAWED),),
        "images": (image(disk(), frozen=False),),
    }
    return frozen(claim, **(torn | changes))


def no_set(claim: Outcome) -> History:
    """No freeze, no set, no script."""
    return frozen(claim, freezes=(), snapshots=(), images=())


def with_scripts(claim: Outcome, **changes: Any) -> History:
    """Both scripts ran as they should, and everything else did."""
    return history(end=end(claim), **changes)


THAWED_EARLY: dict[str, Any] = {
    "freezes": (freeze(last=102.21, thawed_after=102.215),),
    "faults": (Fault(102.2, "thaw /data"),),
}
NO_SNAPSHOT: dict[str, Any] = {
    "snapshots": (snapshot(set_id=None, answer=1, taken_from=None, taken_to=None),)
}
LOOSE = expecting(ScriptFinding("precheck", PERMISSION), FreezeDone(), SnapshotTaken())
NO_JSON = expecting(ConfigFinding("json"), FreezeDone(), SnapshotTaken())
NO_INI = expecting(PluginHostFinding("ini"), FreezeDone(), SnapshotTaken())
UNCONFIGURED = expecting(NotConfigured(), FreezeDone(), SnapshotTaken())
NARROW = refused(ConfigFinding("narrow"), "FILE-03.narrow")
NO_FREEZE = expecting(PreSucceeded(), FreezeFailed(), SnapshotTaken(), PostSucceeded())
PRE_LATE = expecting(
    ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED),
    FreezeDone(),
    SnapshotTaken(),
    PostSucceeded(),
)
NEITHER = expecting(
    PreSucceeded(),
    FreezeDone(),
    SnapshotFailed(),
    FreezeFailed("thaw"),
    PostSucceeded(),
    foreign=["data"],
)
PRE_FAILED = outcome("succeeded", "crash", ErrorName.PRE_EXECUTION_FAILED.value)

#: Name: what was observed, the policy, what the scenario expects, and where `strict` fails it.
READINGS: dict[str, tuple[History, Policy, Expectation, set[str]]] = {
    "FBK-02b: fails": (no_set(outcome("failed", "none", PERMISSION)), FAIL, LOOSE, set()),
    "FBK-02b: falls back, frozen": (
        frozen(outcome("succeeded", "file-system", PERMISSION)),
        FAIL,
        LOOSE,
        {"FBK-02b.status", "FBK-02b.level", "FBK-02b.no-snapshot"},
    ),
    "FBK-02b: falls back, unfrozen": (
        unfrozen(outcome("succeeded", "crash", PERMISSION)),
        FAIL,
        LOOSE,
        {"FBK-02b.status", "FBK-02b.level", "FBK-02b.no-snapshot"},
    ),
    "FBK-05: goes on": (
        frozen(outcome("succeeded", "file-system", CONFIG)),
        FAIL,
        NO_JSON,
        set(),
    ),
    "FBK-05: trusts the policy": (
        no_set(outcome("failed", "none", CONFIG)),
        FAIL,
        NO_JSON,
        {"FBK-05.status", "SNP-01.one", "CFG-03.policy"},
    ),
    "FBK-05: does not freeze": (
        unfrozen(outcome("succeeded", "crash", PLUGIN_HOST)),
        FAIL,
        NO_INI,
        {"FBK-05.level", "FRZ-01.freeze", "SNP-01.while-frozen"},
    ),
    "FILE-02: freezes": (
        frozen(outcome("succeeded", "file-system")),
        Policy(),
        UNCONFIGURED,
        set(),
    ),
    "FILE-02: does not freeze": (
        unfrozen(outcome("succeeded", "crash")),
        Policy(),
        UNCONFIGURED,
        {"FILE-02.level", "FRZ-01.freeze", "SNP-01.while-frozen"},
    ),
    "FILE-03: refuses 400": (
        frozen(outcome("succeeded", "file-system", CONFIG)),
        Policy(),
        NARROW,
        set(),
    ),
    "FILE-03: takes 400": (
        with_scripts(outcome()),
        Policy(),
        NARROW,
        {
            "FILE-03.narrow",
            "FBK-05.level",
            "FBK-05.never-application",
            "FBK-05.no-scripts",
        },
    ),
    "FBK-06: fails": (
        with_scripts(outcome("failed", "none", FREEZE), freezes=(), snapshots=(), images=()),
        FAIL,
        NO_FREEZE,
        set(),
    ),
    "FBK-06: goes on": (
        with_scripts(
            outcome("succeeded", "crash", FREEZE),
            freezes=(),
            snapshots=(snapshot(at=THAWED),),
            images=(image(disk(), frozen=False),),
        ),
        FAIL,
        NO_FREEZE,
        {"FBK-06.status", "FBK-06.level", "FBK-06.no-snapshot"},
    ),
    "FBK-08: crash of a set that was frozen": (with_scripts(PRE_FAILED), SINGLE, PRE_LATE, set()),
    "FBK-08: file-system": (
        with_scripts(replace(PRE_FAILED, consistency="file-system")),
        SINGLE,
        PRE_LATE,
        set(),
    ),
    **{
        f"FRZ-06: {' and '.join(names)}": (
            with_scripts(
                outcome("failed", "none", *names), **THAWED_EARLY, **NO_SNAPSHOT, images=()
            ),
            Policy(),
            NEITHER,
            set(),
        )
        for names in ((SNAPSHOT,), (SNAPSHOT, FREEZE), (FREEZE, SNAPSHOT))
    },
    "SNP-02: gives up a tenth early": (
        with_scripts(
            outcome("failed", "none", SNAPSHOT),
            freezes=(freeze(last=156.1, thawed_after=156.105),),
            snapshots=(snapshot(set_id=None, answered=None, answer=None, taken_to=None),),
            images=(),
            marks=tuple(
                replace(m, at=m.at + 54) if m.script == "post" else m for m in marks_of_a_run()
            ),
            script_runs=(),
            ended=159.0,
        ),
        Policy(),
        expecting(PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded()),
        set(),
    ),
}


@pytest.mark.parametrize("rules", OPEN)
@pytest.mark.parametrize("name", READINGS)
def test_each_reading_passes_where_none_is_named(name: str, rules: str) -> None:
    observed, policy, expectation, _ = READINGS[name]
    assert failed(observed, policy, expectation, rules) == set()


@pytest.mark.parametrize("name", READINGS)
def test_strict_wants_one_of_them(name: str) -> None:
    observed, policy, expectation, wrong = READINGS[name]
    assert failed(observed, policy, expectation, "strict") == wrong


#: What no reading allows, and the clause that says so under every rule set.
NEVER: dict[str, tuple[History, Policy, Expectation, str]] = {
    "FBK-02b: application": (
        with_scripts(outcome("succeeded", "application", PERMISSION)),
        FAIL,
        LOOSE,
        "FBK-02b.never-application",
    ),
    "FBK-02b: file-system, unfrozen": (
        unfrozen(outcome("succeeded", "file-system", PERMISSION)),
        FAIL,
        LOOSE,
        "FBK-07.level",
    ),
    "FBK-05: application": (
        with_scripts(outcome("succeeded", "application", CONFIG)),
        FAIL,
        NO_JSON,
        "FBK-05.never-application",
    ),
    "FBK-08: application": (
        with_scripts(replace(PRE_FAILED, consistency="application")),
        SINGLE,
        PRE_LATE,
        "FBK-08.either",
    ),
}


@pytest.mark.parametrize("rules", RULESETS)
@pytest.mark.parametrize("name", NEVER)
def test_what_no_reading_allows_fails_everywhere(name: str, rules: str) -> None:
    observed, policy, expectation, clause = NEVER[name]
    assert clause in failed(observed, policy, expectation, rules)
