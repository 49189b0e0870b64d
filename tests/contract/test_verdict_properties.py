"""What holds for every verdict, whatever happened in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ERRORS, ErrorName
from harness.contract.readings import accepted, error_clause
from harness.contract.rulesets import RULESETS
from harness.contract.verdict import (
    PHASES,
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
    Verdict,
    judge,
    proceeds,
)

_LEVELS = ("none", "crash", "file-system", "application")
_FINDINGS = (ConfigFinding, PluginHostFinding, ScriptFinding, FreezeFailed, NotConfigured)
_SCRIPT_ERRORS = [name.value for name in ErrorName if "Script" in name.value]

_policies = st.builds(Policy, st.booleans(), st.booleans(), st.booleans())
_reasons = st.sampled_from(["", "json", "bom", "narrow", "directory", "permissions", "empty"])
_happenings: st.SearchStrategy[Happening] = st.one_of(
    _reasons.map(ConfigFinding),
    _reasons.map(PluginHostFinding),
    st.builds(
        ScriptFinding,
        st.sampled_from(["recover", "precheck", "pre", "post"]),
        st.sampled_from(_SCRIPT_ERRORS),
        _reasons,
    ),
    st.sampled_from(["freeze", "snapshot", "thaw"]).map(FreezeFailed),
    st.sampled_from(
        [
            NotConfigured(),
            PreSucceeded(),
            PostSucceeded(),
            FreezeDone(),
            FreezeOff(),
            SnapshotTaken(),
            SnapshotFailed(),
            Refused(),
        ]
    ),
)
_runs = st.lists(_happenings, max_size=8)


@given(_policies, _runs)
def test_a_failed_run_has_no_level_and_every_other_has_one(
    policy: Policy, run: list[Happening]
) -> None:
    verdict = judge(policy, run)
    assert verdict.status in ("succeeded", "failed")
    assert verdict.consistency in _LEVELS
    assert (verdict.status == "failed") == (verdict.consistency == "none")


@given(_policies, _runs)
def test_application_only_without_any_finding(policy: Policy, run: list[Happening]) -> None:
    if judge(policy, run).consistency == "application":
        assert not any(isinstance(h, _FINDINGS) for h in run)
        assert PreSucceeded() in run
        assert PostSucceeded() in run


@given(_policies, _runs)
def test_file_system_only_where_all_was_frozen(policy: Policy, run: list[Happening]) -> None:
    if judge(policy, run).consistency == "file-system":
        assert FreezeDone() in run
        assert not any(isinstance(h, FreezeFailed) for h in run)


@given(_policies, _runs, st.sampled_from([ConfigFinding("json"), PluginHostFinding("ini")]))
def test_a_config_finding_never_fails_the_backup(
    policy: Policy, run: list[Happening], finding: Happening
) -> None:
    unfailing = [h for h in run if not isinstance(h, SnapshotFailed | Refused)]
    assert judge(policy, [finding, *unfailing, SnapshotTaken()]).status == "succeeded"


@given(_policies, _runs)
def test_with_continue_true_only_the_snapshot_fails_a_run(
    policy: Policy, run: list[Happening]
) -> None:
    if policy.continue_on_failure and judge(policy, [*run, SnapshotTaken()]).status == "failed":
        assert any(isinstance(h, SnapshotFailed | Refused) for h in run)


@given(st.booleans(), _runs)
def test_on_a_single_disk_only_the_snapshot_fails_a_run(go_on: bool, run: list[Happening]) -> None:
    policy = Policy(continue_on_failure=go_on, single_disk=True)
    if judge(policy, [*run, SnapshotTaken()]).status == "failed":
        assert any(isinstance(h, SnapshotFailed | Refused) for h in run)


@given(_policies, _runs, _happenings)
def test_nothing_bad_that_happens_raises_the_level(
    policy: Policy, run: list[Happening], more: Happening
) -> None:
    # A config finding takes the word of continueBackupOnFailure away, so it may save the run.
    if isinstance(more, ScriptFinding | FreezeFailed | SnapshotFailed | Refused):
        before, after = judge(policy, run), judge(policy, [*run, more])
        assert _LEVELS.index(after.consistency) <= _LEVELS.index(before.consistency)


@given(_policies, _runs)
def test_errors_are_known_names_and_each_stands_once(policy: Policy, run: list[Happening]) -> None:
    errors = judge(policy, run).errors
    assert len(set(errors)) == len(errors)
    assert set(errors) <= set(ERRORS)


@given(_policies, _runs)
def test_the_phase_of_the_primary_error_is_never_late(policy: Policy, run: list[Happening]) -> None:
    def phase(happening: Happening) -> int | None:
        if isinstance(happening, ConfigFinding | PluginHostFinding):
            return PHASES.index("precheck")
        if isinstance(happening, ScriptFinding | FreezeFailed):
            return PHASES.index(happening.phase)
        return PHASES.index("snapshot") if isinstance(happening, SnapshotFailed) else None

    told = [h for h in run if not isinstance(h, Refused)]
    phases = [p for p in map(phase, told) if p is not None]
    errors = judge(policy, told).errors
    assert bool(errors) == bool(phases)
    if errors:
        earliest = [judge(policy, [h]).errors[0] for h in told if phase(h) == min(phases)]
        assert errors[0] in earliest


@given(_policies, _runs)
def test_what_is_due_follows_the_verdict(policy: Policy, run: list[Happening]) -> None:
    due = proceeds(policy, run)
    doomed = judge(policy, [*run, SnapshotTaken()]).status == "failed"
    assert not (due.snapshot and doomed)
    assert not (due.freeze and not due.snapshot)
    if due.discard:
        assert SnapshotTaken() in run
        assert judge(policy, run).status == "failed"
    if any(isinstance(h, ScriptFinding) for h in run):
        assert not due.pre
    if PreSucceeded() in run and not any(isinstance(h, Refused) for h in run):
        ended = PostSucceeded() in run or any(
            isinstance(h, ScriptFinding) and h.phase == "post" for h in run
        )
        assert due.post != ended


@given(_policies, _runs, st.sampled_from(RULESETS))
def test_the_readings_begin_with_the_verdict_and_are_sound(
    policy: Policy, run: list[Happening], rules: str
) -> None:
    readings = accepted(policy, run, rules)
    assert readings[0] == judge(policy, run)
    assert len(set(readings)) == len(readings)
    for verdict in readings:
        assert (verdict.status == "failed") == (verdict.consistency == "none")
    if any(isinstance(h, SnapshotFailed | Refused) for h in run):
        assert {verdict.status for verdict in readings} == {"failed"}


@given(_policies, _runs)
def test_strict_accepts_nothing_that_the_others_do_not(
    policy: Policy, run: list[Happening]
) -> None:
    strict: set[Verdict] = set(accepted(policy, run, "strict"))
    for rules in ("2017-04", "2025-04"):
        assert strict <= set(accepted(policy, run, rules))


@given(_happenings)
def test_every_error_has_a_clause(happening: Happening) -> None:
    clause = error_clause(happening)
    if judge(Policy(), [happening]).errors:
        assert clause in CATALOGUE
