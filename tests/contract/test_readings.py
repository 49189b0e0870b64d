"""The readings that the sources leave open, and where they end."""

from __future__ import annotations

import pytest

from harness.contract.clauses import CATALOGUE
from harness.contract.config import ConfigProblem, parse_config
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
    Refused,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)

_TRUE = Policy()
_FALSE = Policy(continue_on_failure=False)
_SINGLE_FALSE = Policy(continue_on_failure=False, single_disk=True)
_PRE_PERMISSION = "InsufficientPermissionforPre-Script"
_REST: tuple[Happening, ...] = (FreezeDone(), SnapshotTaken())


def _readings(policy: Policy, rules: str, *happenings: Happening) -> set[tuple[str, str]]:
    return {(v.status, v.consistency) for v in accepted(policy, happenings, rules)}


@pytest.mark.parametrize("rules", ["2017-04", "2025-04"])
def test_a_permission_finding_with_false_may_fall_back_outside_strict(rules: str) -> None:
    finding = ScriptFinding("precheck", _PRE_PERMISSION, "permissions")
    assert _readings(_FALSE, "strict", finding) == {("failed", "none")}
    assert _readings(_FALSE, rules, finding) == {
        ("failed", "none"),
        ("succeeded", "file-system"),
        ("succeeded", "crash"),
    }
    off = Policy(continue_on_failure=False, fsfreeze=False)
    assert _readings(off, rules, finding) == {("failed", "none"), ("succeeded", "crash")}


def test_a_script_that_is_not_found_has_one_reading() -> None:
    finding = ScriptFinding("precheck", "Pre-ScriptNotFound", "absent")
    for rules in ("2017-04", "2025-04", "strict"):
        assert _readings(_FALSE, rules, finding) == {("failed", "none")}
        assert _readings(_TRUE, rules, finding, *_REST) == {("succeeded", "file-system")}


def test_a_script_that_fails_has_one_reading() -> None:
    finding = ScriptFinding("pre", "Pre-ScriptTimeout")
    for rules in ("2017-04", "2025-04", "strict"):
        assert _readings(_FALSE, rules, finding, PostSucceeded()) == {("failed", "none")}


@pytest.mark.parametrize(
    "finding",
    [
        ScriptFinding("pre", _PRE_PERMISSION, "permissions"),
        ScriptFinding("post", "InsufficientPermissionforPost-Script", "permissions"),
        ScriptFinding("recover", "InsufficientPermissionforPost-Script", "permissions"),
    ],
    ids=lambda finding: finding.phase,
)
def test_only_a_precheck_may_fall_back_after_a_permission_finding(finding: ScriptFinding) -> None:
    assert _readings(_FALSE, "2025-04", finding, *_REST) == {
        ("failed", "none"),
        ("succeeded", "application"),
    }


def test_a_run_that_never_took_a_snapshot_has_failed_in_every_reading() -> None:
    run = (PreSucceeded(), FreezeDone(), PostSucceeded())
    for rules in ("2017-04", "2025-04", "strict"):
        assert _readings(_TRUE, rules, *run) == {("failed", "none")}


def test_not_found_beside_a_permission_has_one_reading() -> None:
    findings = (
        ScriptFinding("precheck", _PRE_PERMISSION, "permissions"),
        ScriptFinding("precheck", "Post-ScriptNotFound", "absent"),
    )
    assert _readings(_FALSE, "2025-04", *findings) == {("failed", "none")}


@pytest.mark.parametrize("rules", ["2017-04", "2025-04", "strict"])
def test_a_single_disk_with_true_may_be_called_crash(rules: str) -> None:
    finding = ScriptFinding("pre", "Pre-ScriptTimeout")
    single = Policy(single_disk=True)
    assert _readings(single, rules, finding, *_REST, PostSucceeded()) == {
        ("succeeded", "file-system"),
        ("succeeded", "crash"),
    }
    unfrozen = (finding, FreezeOff(), SnapshotTaken(), PostSucceeded())
    assert _readings(single, rules, *unfrozen) == {("succeeded", "crash")}
    good = (PreSucceeded(), *_REST, PostSucceeded())
    assert _readings(single, rules, *good) == {("succeeded", "application")}


def test_a_config_that_is_no_json_binds_the_level_but_not_the_status() -> None:
    finding = ConfigFinding("json")
    assert _readings(_TRUE, "2025-04", finding, *_REST) == {
        ("succeeded", "file-system"),
        ("succeeded", "crash"),
    }
    assert _readings(_FALSE, "2025-04", finding, *_REST) == {
        ("succeeded", "file-system"),
        ("succeeded", "crash"),
        ("failed", "none"),
    }
    assert _readings(_FALSE, "strict", finding, *_REST) == {("succeeded", "file-system")}


@pytest.mark.parametrize(
    "finding",
    [
        ConfigFinding("narrow"),
        ConfigFinding("duplicate-key"),
        ConfigFinding("directory"),
        PluginHostFinding("permissions"),
        ScriptFinding("precheck", _PRE_PERMISSION, "special-bits"),
        ScriptFinding("precheck", _PRE_PERMISSION, "directory"),
        ScriptFinding("pre", _PRE_PERMISSION, "permissions"),
        ScriptFinding("recover", "Post-ScriptExecutionFailed"),
    ],
    ids=str,
)
def test_a_finding_of_this_project_alone_need_not_be_made_by_others(finding: Happening) -> None:
    assert ("succeeded", "application") in _readings(_TRUE, "2025-04", finding, *_REST)
    assert ("succeeded", "application") not in _readings(_TRUE, "strict", finding, *_REST)


@pytest.mark.parametrize(
    "finding",
    [
        ConfigFinding("json"),
        ConfigFinding("missing-key"),
        ConfigFinding("permissions"),
        ConfigFinding("empty-path"),
        PluginHostFinding("ini"),
        ScriptFinding("precheck", _PRE_PERMISSION, "permissions"),
        ScriptFinding("precheck", "Post-ScriptNotFound", "absent"),
        ScriptFinding("pre", "Pre-ScriptExecutionFailed"),
        ScriptFinding("post", "Post-ScriptTimeout"),
    ],
    ids=str,
)
def test_a_documented_finding_is_never_application(finding: Happening) -> None:
    for rules in ("2017-04", "2025-04", "strict"):
        assert ("succeeded", "application") not in _readings(_TRUE, rules, finding, *_REST)


def test_one_documented_finding_is_enough() -> None:
    both = (ConfigFinding("directory"), ConfigFinding("permissions"))
    assert ("succeeded", "application") not in _readings(_TRUE, "2025-04", *both, *_REST)


def test_a_freeze_failure_with_false_may_go_on_outside_strict() -> None:
    run = (PreSucceeded(), FreezeFailed(), PostSucceeded())
    assert _readings(_FALSE, "strict", *run) == {("failed", "none")}
    assert _readings(_FALSE, "2025-04", *run) == {("failed", "none"), ("succeeded", "crash")}


@pytest.mark.parametrize(
    ("policy", "happenings"),
    [
        (_TRUE, (PreSucceeded(), FreezeFailed(), SnapshotTaken(), PostSucceeded())),
        (_TRUE, (NotConfigured(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))),
        (_TRUE, (ConfigFinding("json"), FreezeFailed(), SnapshotTaken())),
        (_TRUE, (ScriptFinding("pre", "Pre-ScriptTimeout"), FreezeFailed(), SnapshotTaken())),
        (_SINGLE_FALSE, (PreSucceeded(), FreezeFailed(), SnapshotTaken(), PostSucceeded())),
        (_TRUE, (ScriptFinding("precheck", _PRE_PERMISSION, "permissions"), *_REST)),
        (_TRUE, (ScriptFinding("pre", _PRE_PERMISSION, "permissions"), *_REST)),
        (_TRUE, (ScriptFinding("recover", "Post-ScriptTimeout"), *_REST)),
        (_SINGLE_FALSE, (ScriptFinding("recover", "Post-ScriptTimeout"), *_REST)),
    ],
)
def test_only_this_project_says_that_it_goes_on(
    policy: Policy, happenings: tuple[Happening, ...]
) -> None:
    for rules in ("2017-04", "2025-04"):
        assert ("failed", "none") in _readings(policy, rules, *happenings)
    assert ("failed", "none") not in _readings(policy, "strict", *happenings)


@pytest.mark.parametrize(
    ("policy", "happenings"),
    [
        (_TRUE, (PreSucceeded(), *_REST, PostSucceeded())),
        (_TRUE, (PreSucceeded(), *_REST, ScriptFinding("post", "Post-ScriptTimeout"))),
        (_TRUE, (ScriptFinding("pre", "Pre-ScriptTimeout"), *_REST)),
        (_TRUE, (ScriptFinding("precheck", "Pre-ScriptNotFound"), *_REST)),
        (
            _TRUE,
            (
                ScriptFinding("precheck", _PRE_PERMISSION),
                ScriptFinding("precheck", "Post-ScriptNotFound"),
                *_REST,
            ),
        ),
        (_SINGLE_FALSE, (ScriptFinding("precheck", _PRE_PERMISSION, "permissions"), *_REST)),
        (_SINGLE_FALSE, (ScriptFinding("post", "Post-ScriptTimeout"), *_REST)),
    ],
)
def test_a_run_that_goes_on_by_the_sources_may_not_fail(
    policy: Policy, happenings: tuple[Happening, ...]
) -> None:
    for rules in ("2017-04", "2025-04", "strict"):
        assert {status for status, _ in _readings(policy, rules, *happenings)} == {"succeeded"}


@pytest.mark.parametrize("rules", ["2017-04", "2025-04", "strict"])
def test_the_reference_tells_what_it_froze(rules: str) -> None:
    """FBK-08 leaves the level to the others."""
    run = (ScriptFinding("pre", "Pre-ScriptTimeout"), *_REST, PostSucceeded())
    (verdict,) = accepted(Policy(single_disk=True), run, rules, reference=True)
    assert (verdict.status, verdict.consistency) == ("succeeded", "file-system")


def test_thawed_too_early_and_no_snapshot_needs_one_error() -> None:
    run = (PreSucceeded(), FreezeDone(), FreezeFailed("thaw"), SnapshotFailed(), PostSucceeded())
    errors = {v.errors for v in accepted(_TRUE, run, "strict")}
    assert errors == {
        ("SnapshotFailed",),
        ("SnapshotFailed", "FsFreezeFailed"),
        ("FsFreezeFailed", "SnapshotFailed"),
    }


def test_a_freeze_that_failed_before_a_failed_snapshot_is_told() -> None:
    run = (PreSucceeded(), FreezeFailed(), SnapshotFailed(), PostSucceeded())
    (verdict,) = accepted(_TRUE, run, "strict")
    assert verdict.errors == ("FsFreezeFailed", "SnapshotFailed")
    both = (*run[:2], FreezeFailed("thaw"), *run[2:])
    assert accepted(_TRUE, both, "strict") == (verdict,)


def test_other_errors_keep_their_place_beside_the_two() -> None:
    run = (
        ScriptFinding("pre", "Pre-ScriptTimeout"),
        FreezeDone(),
        FreezeFailed("snapshot"),
        SnapshotFailed(),
        ScriptFinding("post", "Post-ScriptTimeout"),
    )
    errors = [v.errors for v in accepted(_TRUE, run, "strict")]
    assert ("Pre-ScriptTimeout", "SnapshotFailed", "Post-ScriptTimeout") in errors
    assert all(e[0] == "Pre-ScriptTimeout" and e[-1] == "Post-ScriptTimeout" for e in errors)


@pytest.mark.parametrize(
    ("happening", "clause"),
    [
        (NotConfigured(), "FILE-02.errors"),
        (ConfigFinding("dangling"), "FILE-02.dangling"),
        (ConfigFinding("permissions"), "FILE-03.error"),
        (ConfigFinding("narrow"), "FILE-03.narrow"),
        (ConfigFinding("directory"), "FILE-08.config"),
        (ConfigFinding("bom"), "CFG-03.bom"),
        (ConfigFinding("unreadable"), "CFG-03.json"),
        (PluginHostFinding("ini"), "FILE-06.error"),
        (PluginHostFinding("no-plugin"), "FILE-06.format"),
        (PluginHostFinding("permissions"), "FILE-06.permissions"),
        (ScriptFinding("precheck", "Pre-ScriptNotFound", "absent"), "FILE-05.pre"),
        (ScriptFinding("precheck", "Post-ScriptNotFound", "not-regular"), "FILE-05.not-regular"),
        (ScriptFinding("precheck", "Post-ScriptNotFound", "vanished"), "FILE-05.post"),
        (ScriptFinding("precheck", _PRE_PERMISSION), "FILE-04.error"),
        (ScriptFinding("precheck", _PRE_PERMISSION, "directory"), "FILE-08.scripts"),
        (ScriptFinding("precheck", _PRE_PERMISSION, "special-bits"), "FILE-04.special-bits"),
        (ScriptFinding("pre", _PRE_PERMISSION), "FILE-09.permission"),
        (ScriptFinding("post", "Post-ScriptNotFound"), "FILE-09.not-found"),
        (ScriptFinding("pre", "Pre-ScriptTimeout"), "RUN-05.error"),
        (ScriptFinding("pre", "Pre-ScriptTimeout", "spent"), "RUN-04.spent"),
        (ScriptFinding("pre", "Pre-ScriptTimeout", "timeout"), "RUN-05.error"),
        (ScriptFinding("pre", "Pre-ScriptExecutionFailed"), "RUN-02.exit-status"),
        (ScriptFinding("pre", "Pre-ScriptExecutionFailed", "signal"), "RUN-02.signal"),
        (ScriptFinding("recover", "Post-ScriptTimeout"), "ROB-05.error"),
        (FreezeFailed(), "FRZ-04.error"),
        (FreezeFailed("thaw"), "FRZ-06.error"),
        (SnapshotFailed(), "SNP-02.error"),
        (Refused(), "ROB-01.refused"),
        (FreezeDone(), ""),
    ],
    ids=str,
)
def test_the_clause_of_an_error(happening: Happening, clause: str) -> None:
    assert error_clause(happening) == clause
    assert not clause or clause in CATALOGUE


def test_every_reason_of_a_config_is_the_word_of_a_clause() -> None:
    problem, _ = parse_config(b'{"a": 1, "a": 2}')
    assert isinstance(problem, ConfigProblem)
    assert error_clause(ConfigFinding(problem.reason)) == "CFG-03.duplicate-key"
