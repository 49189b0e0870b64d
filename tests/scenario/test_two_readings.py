"""Where the contract can be read in two ways: both pass outside `strict`, which wants one.

Each reading is the history of an executor that is right by it, judged as a scenario judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.contract.errors import ErrorName
from harness.contract.rulesets import RULESETS
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
from harness.history import Fault, History, Outcome
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
from tests.scenario.kept import OPEN, Kept

PERMISSION = ErrorName.PRE_PERMISSION.value
CONFIG = ErrorName.INCORRECT_CONFIG.value
PLUGIN_HOST = ErrorName.INCORRECT_PLUGIN_HOST.value
FREEZE, SNAPSHOT = ErrorName.FREEZE_FAILED.value, ErrorName.SNAPSHOT_FAILED.value
FAIL = Policy(continue_on_failure=False)
SINGLE = Policy(single_disk=True)
SINGLE_FAIL = Policy(continue_on_failure=False, single_disk=True)


Expectation = Callable[[Run], object]


def failed(
    observed: History,
    policy: Policy,
    expectation: Expectation,
    rules: str,
    *,
    reference: bool = False,
) -> set[str]:
    judge = Kept(rules, reference=reference)
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
    return frozen(claim, **NO_SET)


def with_scripts(claim: Outcome, **changes: Any) -> History:
    """Both scripts ran as they should, and everything else did."""
    return history(end=end(claim), **changes)


THAWED_EARLY: dict[str, Any] = {
    "freezes": (freeze(last=102.21, thawed_after=102.215),),
    "faults": (Fault(102.2, "thaw /data"),),
}
NO_SET: dict[str, Any] = {"freezes": (), "snapshots": (), "images": ()}
NO_SNAPSHOT: dict[str, Any] = {
    "snapshots": (snapshot(set_id=None, answer=1, taken_from=None, taken_to=None),)
}
LOOSE = expecting(ScriptFinding("precheck", PERMISSION), FreezeDone(), SnapshotTaken())
NO_JSON = expecting(ConfigFinding("json"), FreezeDone(), SnapshotTaken())
NO_INI = expecting(PluginHostFinding("ini"), FreezeDone(), SnapshotTaken())
UNCONFIGURED = expecting(NotConfigured(), FreezeDone(), SnapshotTaken())
NARROW = refused(ConfigFinding("narrow"), "FILE-03.narrow")
NO_FREEZE = expecting(PreSucceeded(), FreezeFailed(), SnapshotTaken(), PostSucceeded())
NEITHER_GOES_WELL = expecting(
    ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED),
    FreezeFailed(),
    SnapshotTaken(),
    PostSucceeded(),
)
UNRECOVERED = ErrorName.POST_EXECUTION_FAILED.value
RECOVERED_BADLY = expecting(ScriptFinding("recover", UNRECOVERED), FreezeDone(), SnapshotTaken())
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
        with_scripts(outcome("failed", "none", FREEZE), **NO_SET),
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
    # FBK-06 and FBK-02b: no source says that such a backup goes on, whatever the setting.
    **{
        f"{name}: fails all the same": (
            with_scripts(outcome("failed", "none", *errors), **NO_SET),
            policy,
            expectation,
            {*rows, "SNP-01.one"},
        )
        for name, policy, expectation, errors, rows in (
            ("FBK-06", Policy(), NO_FREEZE, (FREEZE,), {"FBK-06.status"}),
            ("FBK-08", SINGLE_FAIL, NO_FREEZE, (FREEZE,), {"FBK-08.freeze-failure"}),
            (
                "FBK-06 after a script",
                Policy(),
                NEITHER_GOES_WELL,
                (ErrorName.PRE_EXECUTION_FAILED.value, FREEZE),
                {"FBK-03.status"},
            ),
        )
    },
    "FBK-02b: fails all the same": (
        no_set(outcome("failed", "none", PERMISSION)),
        Policy(),
        LOOSE,
        {"FBK-02b.status", "SNP-01.one"},
    ),
    "ROB-05: fails all the same": (
        no_set(outcome("failed", "none", UNRECOVERED)),
        Policy(),
        RECOVERED_BADLY,
        {"ROB-05.fallback", "SNP-01.one"},
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
    # What the executor makes of the other's finding is open; that there is a set for it is not.
    "FBK-02b: goes on without a set": (
        no_set(outcome("succeeded", "file-system", PERMISSION)),
        Policy(),
        LOOSE,
        "FBK-07.level",
    ),
    "FBK-02b: goes on unfrozen": (
        unfrozen(outcome("succeeded", "crash", PERMISSION)),
        Policy(),
        LOOSE,
        "FRZ-01.freeze",
    ),
    "FBK-06: takes two sets": (
        with_scripts(
            outcome("succeeded", "crash", FREEZE),
            freezes=(),
            snapshots=(
                snapshot(at=THAWED),
                snapshot(number=2, requested=102.4, taken_from=102.4, answered=102.5, set_id="s2"),
            ),
            images=(image(disk(), frozen=False),),
        ),
        Policy(),
        NO_FREEZE,
        "SNP-01.one",
    ),
    "FBK-03: fails where it was to go on": (
        with_scripts(outcome("failed", "none", PRE_FAILED.errors[0]), **NO_SET),
        Policy(),
        PRE_LATE,
        "SNP-01.one",
    ),
    "FBK-08: a single disk fails for a permission": (
        no_set(outcome("failed", "none", PERMISSION)),
        SINGLE,
        LOOSE,
        "SNP-01.one",
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


@pytest.mark.parametrize("rules", RULESETS)
def test_the_reference_tells_what_it_froze(rules: str) -> None:
    """FBK-08 leaves the two levels to others: of a set that was frozen it does not say crash."""
    crash = with_scripts(PRE_FAILED)
    assert failed(crash, SINGLE, PRE_LATE, rules, reference=True) == {"FBK-08.either"}
    frozen_set = with_scripts(replace(PRE_FAILED, consistency="file-system"))
    assert failed(frozen_set, SINGLE, PRE_LATE, rules, reference=True) == set()


@pytest.mark.parametrize("rules", RULESETS)
def test_the_reference_freezes_a_single_disk_whose_pre_script_failed(rules: str) -> None:
    torn = unfrozen(
        replace(PRE_FAILED, consistency="crash"),
        marks=marks_of_a_run(),
        script_runs=history().script_runs,
    )
    assert failed(torn, SINGLE, PRE_LATE, rules) == set()
    wrong = failed(torn, SINGLE, PRE_LATE, rules, reference=True)
    assert wrong == {"FBK-08.either", "FRZ-01.freeze", "SNP-01.while-frozen"}
