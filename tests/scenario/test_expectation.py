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
from harness.oracles.terms import Refusal, ScriptTerms
from harness.scenario.expectation import (
    SPENT,
    Course,
    course_of,
    expected_of,
    refusal_of,
    row_of,
    scripts_of,
    unfrozen_of,
)

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


@pytest.mark.parametrize(
    ("happenings", "refusal"),
    [
        (WELL, Refusal()),
        (MISSING, Refusal()),
        (PRE_FAILS, Refusal()),
        (LOOSE, Refusal("FILE-04.no-scripts")),
        ((ScriptFinding("precheck", ErrorName.PRE_PERMISSION, "directory"),), Refusal()),
        ((ConfigFinding("permissions"),), Refusal()),
        ((ConfigFinding("bom"),), Refusal("CFG-03.no-scripts", goes_on="CFG-03.policy")),
        ((PluginHostFinding("empty"),), Refusal("FILE-06.no-scripts", "FILE-06.level")),
        ((ConfigFinding("bom"), SnapshotFailed()), Refusal("CFG-03.no-scripts")),
        ((ScriptFinding("recover", ErrorName.POST_TIMEOUT), ConfigFinding("bom")), Refusal()),
    ],
)
def test_what_a_refused_file_means(happenings: tuple[Happening, ...], refusal: Refusal) -> None:
    assert refusal_of(happenings) == refusal


def test_a_single_disk_has_clauses_of_its_own() -> None:
    assert row_of(SINGLE, PRE_FAILS).status == "FBK-08.script-finding"
    assert row_of(SINGLE, NO_FREEZE).level == "FBK-08.freeze-failure"
    tolerant = Policy(single_disk=True)
    assert row_of(tolerant, PRE_FAILS).level == "FBK-08.either"
    assert row_of(tolerant, PRE_FAILS).status == "FBK-03.status"
    assert row_of(tolerant, NO_FREEZE).level == "FBK-06.level"
    assert row_of(tolerant, (ConfigFinding("json"), *NO_FREEZE[1:])).level == "FBK-05.level"


def test_what_decides_where_several_things_go_wrong() -> None:
    unconfigured = (NotConfigured(), FreezeDone(), SnapshotTaken())
    assert row_of(GO_ON, unconfigured).rule == "FILE-02"
    assert row_of(GO_ON, (*unconfigured, FreezeFailed("thaw"))).rule == "FBK-06"
    assert row_of(GO_ON, (NotConfigured(), SnapshotFailed())).status == "SNP-02.verdict"
    both = row_of(GO_ON, (PRE_FAILS[0], FreezeDone(), SnapshotFailed(), PostSucceeded()))
    assert (both.rule, both.level, both.named) == (
        "FBK-03",
        "SNP-02.verdict",
        "RUN-02.exit-status",
    )


@pytest.mark.parametrize(
    ("policy", "happenings", "clause"),
    [
        (Policy(fsfreeze=False), PRE_FAILS, "FRZ-02.none"),
        (Policy(fsfreeze=False), (ConfigFinding("json"),), ""),
        (FAIL, PRE_FAILS, "FBK-03.no-snapshot"),
        (FAIL, MISSING, ""),
        (SINGLE, PRE_FAILS, "FBK-08.no-freeze"),
        (SINGLE, MISSING, "FBK-08.no-freeze"),
    ],
)
def test_the_clause_that_forbids_a_freeze(
    policy: Policy, happenings: tuple[Happening, ...], clause: str
) -> None:
    assert unfrozen_of(policy, happenings) == clause


def test_without_a_config_the_scripts_have_a_clause_of_their_own() -> None:
    happenings = (NotConfigured(), FreezeFailed("thaw"), SnapshotTaken())
    for terms in scripts_of(
        row_of(GO_ON, happenings),
        course_of(GO_ON, happenings, "strict"),
        happenings,
        attempts={},
        arguments={"pre": (), "post": ()},
        paths={"pre": ("/a",), "post": ("/b",)},
        retries={"pre": 0, "post": 0},
        budget=1.0,
    ):
        assert (terms.attempts, terms.most) == ("FILE-02.no-scripts", 0)


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
    assert expected.errors == (("Pre-ScriptExecutionFailed",),)


def terms_of(
    happenings: tuple[Happening, ...], *, pre: int = 1, post: int = 1, retries: int = 0
) -> dict[str, ScriptTerms]:
    """What is due of both scripts where the backup goes on."""
    terms = scripts_of(
        row_of(GO_ON, happenings),
        course_of(GO_ON, happenings, "strict"),
        happenings,
        attempts={"pre": pre, "post": post},
        arguments={"pre": (), "post": ()},
        paths={"pre": ("/a",), "post": ("/b",)},
        retries={"pre": retries, "post": retries},
        budget=1.0,
    )
    return {one.script: one for one in terms}


def pre_finding(name: ErrorName, reason: str = "") -> tuple[Happening, ...]:
    return (ScriptFinding("pre", name, reason), *PRE_FAILS[1:])


@pytest.mark.parametrize(
    ("happenings", "pre", "retries", "attempts"),
    [
        (WELL, 1, 0, "RUN-03.zero"),
        (WELL, 1, 2, "RUN-03.until-success"),
        (WELL, 2, 2, "RUN-03.until-success"),
        (PRE_FAILS, 3, 2, "RUN-03.retries"),
        (pre_finding(ErrorName.PRE_TIMEOUT), 1, 2, "RUN-05.no-retry"),
        (pre_finding(ErrorName.PRE_TIMEOUT, SPENT), 1, 2, "RUN-04.spent"),
        (pre_finding(ErrorName.PRE_TIMEOUT, SPENT), 3, 9, "RUN-04.all-attempts"),
        (pre_finding(ErrorName.PRE_NOT_FOUND), 1, 2, "FILE-09.final"),
        (pre_finding(ErrorName.PRE_NOT_FOUND), 0, 0, "FILE-09.not-found"),
        (pre_finding(ErrorName.PRE_PERMISSION), 0, 0, "FILE-09.permission"),
    ],
)
def test_the_clause_of_a_count(
    happenings: tuple[Happening, ...], pre: int, retries: int, attempts: str
) -> None:
    terms = terms_of(happenings, pre=pre, retries=retries)["pre"]
    assert terms.attempts == attempts
    assert ("RUN-03.executed" in terms.run) == (pre > 1)
    assert terms.times_out == (attempts == "RUN-05.no-retry")


def test_a_success_is_judged_where_it_happened() -> None:
    assert terms_of(WELL)["pre"].succeeds == ("RUN-02.success",)
    assert terms_of(WELL, retries=1)["post"].succeeds == ("RUN-02.success", "RUN-03.until-success")
    assert terms_of(PRE_FAILS)["pre"].succeeds == ()
    assert terms_of(POST_LATE)["post"].succeeds == ()


@pytest.mark.parametrize(
    ("happenings", "clauses"),
    [
        (WELL, ()),
        (PRE_FAILS, ("RUN-06.after-pre",)),
        (pre_finding(ErrorName.PRE_PERMISSION), ("RUN-06.after-pre", "FILE-09.failure")),
        (NO_FREEZE, ("RUN-06.after-freeze",)),
        (NO_SNAPSHOT, ("RUN-06.after-snapshot",)),
    ],
)
def test_post_is_due_whatever_came_before(
    happenings: tuple[Happening, ...], clauses: tuple[str, ...]
) -> None:
    assert terms_of(happenings)["post"].run == clauses


def test_a_script_judged_again_counts_as_its_failure() -> None:
    assert row_of(GO_ON, pre_finding(ErrorName.PRE_NOT_FOUND)).counted == "FILE-09.failure"
    assert row_of(SINGLE, pre_finding(ErrorName.PRE_NOT_FOUND)).counted == "FILE-09.failure"
    assert row_of(GO_ON, PRE_FAILS).counted == ""
    assert row_of(GO_ON, MISSING).counted == ""
