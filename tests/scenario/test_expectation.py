"""What is due of a run, from what happens in it; the fold itself is tested in tests/contract."""

from __future__ import annotations

import pytest

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ErrorName
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
    Refused,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.scenario.expectation import Course, course_of, expected_of, row_of, scripts_of

WELL: tuple[Happening, ...] = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
MISSING = (ScriptFinding("precheck", ErrorName.PRE_NOT_FOUND), FreezeDone(), SnapshotTaken())
LOOSE = (ScriptFinding("precheck", ErrorName.POST_PERMISSION), FreezeDone(), SnapshotTaken())
PRE_FAILS = (
    ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED),
    FreezeDone(),
    SnapshotTaken(),
    PostSucceeded(),
)
POST_LATE = (
    PreSucceeded(),
    FreezeDone(),
    SnapshotTaken(),
    ScriptFinding("post", ErrorName.POST_TIMEOUT),
)
NO_SNAPSHOT = (PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())
NO_FREEZE = (PreSucceeded(), FreezeFailed(), SnapshotTaken(), PostSucceeded())
GO_ON, FAIL = Policy(), Policy(continue_on_failure=False)
SINGLE = Policy(continue_on_failure=False, single_disk=True)


@pytest.mark.parametrize(
    ("policy", "happenings", "course"),
    [
        (GO_ON, WELL, Course(True, True, 1)),
        (Policy(fsfreeze=False), (PreSucceeded(), FreezeOff(), *WELL[2:]), Course(True, False, 1)),
        (GO_ON, MISSING, Course(False, True, 1)),
        (FAIL, MISSING, Course(False, False, 0)),
        (FAIL, LOOSE, Course(False, False, 0)),
        (SINGLE, MISSING, Course(False, False, 1)),
        (FAIL, PRE_FAILS, Course(True, False, 0)),
        (FAIL, POST_LATE, Course(True, True, 1)),
        (GO_ON, NO_SNAPSHOT, Course(True, True, 1)),
        (FAIL, NO_FREEZE, Course(True, None, 0)),
        (SINGLE, NO_FREEZE, Course(True, None, 1)),
        (GO_ON, (NotConfigured(), FreezeDone(), SnapshotTaken()), Course(False, True, 1)),
        (FAIL, (ConfigFinding("json"), FreezeDone(), SnapshotTaken()), Course(False, True, 1)),
        (GO_ON, (Refused(),), Course(False, False, 0)),
    ],
)
def test_course(policy: Policy, happenings: tuple[Happening, ...], course: Course) -> None:
    assert course_of(policy, happenings, "strict") == course


def test_two_readings_leave_the_course_open() -> None:
    assert course_of(FAIL, LOOSE, "2017-04").calls is None


@pytest.mark.parametrize(
    "finding", [NotConfigured(), ConfigFinding("json"), PluginHostFinding("ini")]
)
@pytest.mark.parametrize("rules", ["2017-04", "2025-04"])
def test_what_no_source_says_is_left_open(finding: Happening, rules: str) -> None:
    course = course_of(GO_ON, (finding, FreezeDone(), SnapshotTaken()), rules)
    assert course == Course(False, None, None)


@pytest.mark.parametrize(
    ("happenings", "rule", "named"),
    [
        (WELL, "FBK-01", "PLG-01.primary"),
        (MISSING, "FBK-02a", "FILE-05.pre"),
        (LOOSE, "FBK-02b", "FILE-04.error"),
        (PRE_FAILS, "FBK-03", "RUN-02.exit-status"),
        (POST_LATE, "FBK-04", "RUN-05.error"),
        (NO_SNAPSHOT, "SNP-02", "SNP-02.error"),
        (NO_FREEZE, "FBK-06", "FRZ-04.error"),
        ((PluginHostFinding("ini"),), "FBK-05", "FILE-06.error"),
        ((PluginHostFinding("missing-section"),), "FBK-05", "FILE-06.format"),
        ((ConfigFinding("missing-key"),), "FBK-05", "CFG-03.missing-key"),
        ((ConfigFinding("permissions"),), "FBK-05", "FILE-03.error"),
        ((ScriptFinding("recover", ErrorName.POST_TIMEOUT),), "ROB-05", "ROB-05.error"),
    ],
)
def test_row(happenings: tuple[Happening, ...], rule: str, named: str) -> None:
    row = row_of(GO_ON, happenings)
    assert (row.rule, row.named) == (rule, named)
    for clause in (row.status, row.level, row.named):
        assert not clause or clause in CATALOGUE


def test_a_single_disk_has_clauses_of_its_own() -> None:
    assert row_of(SINGLE, PRE_FAILS).status == "FBK-08.script-finding"
    assert row_of(SINGLE, NO_FREEZE).level == "FBK-08.freeze-failure"


@pytest.mark.parametrize(
    "happenings", [WELL, MISSING, LOOSE, PRE_FAILS, POST_LATE, NO_SNAPSHOT, NO_FREEZE]
)
def test_every_clause_of_the_scripts_is_in_the_catalogue(happenings: tuple[Happening, ...]) -> None:
    for policy in (GO_ON, FAIL, SINGLE):
        row = row_of(policy, happenings)
        course = course_of(policy, happenings, "strict")
        for terms in scripts_of(
            row,
            course,
            happenings,
            attempts={},
            arguments={"pre": (), "post": ()},
            paths={"pre": ("/a",), "post": ("/b",)},
            retries={"pre": 0, "post": 1},
            budget=1.0,
        ):
            for clause in (terms.attempts, *terms.run, *terms.succeeds):
                assert clause in CATALOGUE


def test_the_verdict_is_the_folds() -> None:
    expected = expected_of(FAIL, PRE_FAILS, "strict")
    assert (expected.status, expected.consistency) == (("failed",), ("none",))
    assert expected.primary == ("Pre-ScriptExecutionFailed",)
