"""The verdict table, written out a second time, against the fold: over every run that can be.

`Facts` are the answers that a person would give about a run; `_told` reads the contract's table
with them, row by row, where the fold knows only happenings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields

import pytest

from harness.contract.errors import ErrorName
from harness.contract.readings import accepted
from harness.contract.rulesets import RULESETS
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

#: What keeps the scripts from running, with the error's name; "" where nothing does.
_REFUSALS: dict[str, tuple[Happening, str | None]] = {
    "not configured": (NotConfigured(), None),
    "config": (ConfigFinding("json"), "IncorrectJSONConfigFile"),
    "plugin host": (PluginHostFinding("ini"), "IncorrectPluginhostFile"),
    "not found": (ScriptFinding("precheck", "Post-ScriptNotFound"), "Post-ScriptNotFound"),
    "permission": (
        ScriptFinding("precheck", "InsufficientPermissionforPre-Script"),
        "InsufficientPermissionforPre-Script",
    ),
    "recovery": (ScriptFinding("recover", "Post-ScriptTimeout"), "Post-ScriptTimeout"),
}
_UNTRUSTED = ("not configured", "config", "plugin host")


@dataclass(frozen=True)
class Facts:
    """One run: its policy, and how each of its parts would go where it comes to it."""

    go_on: bool
    fsfreeze: bool
    single_disk: bool
    refusal: str
    pre_fails: bool
    freeze_fails: bool
    thawed_early: bool
    snapshot_fails: bool
    post_fails: bool

    @property
    def policy(self) -> Policy:
        return Policy(self.go_on, self.fsfreeze, self.single_disk)


def _all() -> Iterator[Facts]:
    refusals = ("", *_REFUSALS)
    choices = [refusals if f.name == "refusal" else (False, True) for f in fields(Facts)]
    for values in itertools.product(*choices):
        facts = Facts(*values)
        possible = not (facts.refusal and (facts.pre_fails or facts.post_fails))
        if possible and not (facts.freeze_fails and facts.thawed_early):
            yield facts


def _told(facts: Facts) -> tuple[str, str, str | None]:
    """Status, consistency and primary error, as the table has them."""
    trusted = facts.refusal not in _UNTRUSTED
    go_on = facts.go_on or not trusted
    wanted = facts.fsfreeze or not trusted
    script = facts.pre_fails or (facts.refusal != "" and trusted)
    mercy = facts.single_disk and not go_on
    # FBK-08: after a script finding before the freeze, none is attempted.
    freezes = wanted and not (mercy and script)
    freeze_trouble = freezes and (facts.freeze_fails or facts.thawed_early)
    any_script = script or facts.post_fails
    primary = _primary(facts, go_on, freezes)
    lost = not go_on and not facts.single_disk and (any_script or freeze_trouble)
    if lost or facts.snapshot_fails:
        return "failed", "none", primary
    if facts.refusal == "" and not any_script and not freeze_trouble:
        return "succeeded", "application", None
    if freeze_trouble or not freezes or (mercy and any_script):
        return "succeeded", "crash", primary
    return "succeeded", "file-system", primary


def _primary(facts: Facts, go_on: bool, freezes: bool) -> str | None:
    """The name of what went wrong first."""
    if facts.refusal:
        name = _REFUSALS[facts.refusal][1]
        if name is not None:
            return name
    if facts.pre_fails:
        return "Pre-ScriptExecutionFailed"
    if freezes and facts.freeze_fails:
        return "FsFreezeFailed"
    if facts.snapshot_fails:
        return "SnapshotFailed"
    if freezes and facts.thawed_early:
        return "FsFreezeFailed"
    return "Post-ScriptExecutionFailed" if facts.post_fails else None


def _run(facts: Facts) -> list[Happening]:
    """What happens, where each step is taken if the fold says that it is due."""
    happened: list[Happening] = []
    if facts.refusal:
        happened.append(_REFUSALS[facts.refusal][0])
    if proceeds(facts.policy, happened).pre:
        failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED.value)
        happened.append(failed if facts.pre_fails else PreSucceeded())
    due = proceeds(facts.policy, happened)
    if due.freeze:
        happened.append(FreezeFailed("freeze") if facts.freeze_fails else FreezeDone())
    elif due.snapshot:
        happened.append(FreezeOff())
    frozen = FreezeDone() in happened
    if proceeds(facts.policy, happened).snapshot:
        happened.append(SnapshotFailed() if facts.snapshot_fails else SnapshotTaken())
        if frozen and facts.thawed_early:
            happened.append(FreezeFailed("thaw"))
    if proceeds(facts.policy, happened).post:
        failed = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED.value)
        happened.append(failed if facts.post_fails else PostSucceeded())
    return happened


EVERY = tuple(_all())


def test_the_fold_and_the_table_say_the_same_of_every_run() -> None:
    assert len(EVERY) == 480
    for facts in EVERY:
        verdict = judge(facts.policy, _run(facts))
        primary = verdict.errors[0] if verdict.errors else None
        status, consistency, name = _told(facts)
        assert (verdict.status, verdict.consistency) == (status, consistency), facts
        # A run that is lost takes no snapshot, so it never learns that this one would have failed.
        if not (facts.snapshot_fails and SnapshotFailed() not in _run(facts)):
            assert primary == name, facts


def test_no_duty_is_left_when_the_steps_are_done() -> None:
    for facts in EVERY:
        due = proceeds(facts.policy, _run(facts))
        assert not any((due.pre, due.freeze, due.snapshot, due.post)), facts


def test_what_a_run_does_besides() -> None:
    for facts in EVERY:
        happened = _run(facts)
        ran = any(isinstance(h, PreSucceeded) or getattr(h, "phase", "") == "pre" for h in happened)
        post = any(
            isinstance(h, PostSucceeded) or getattr(h, "phase", "") == "post" for h in happened
        )
        assert ran == (facts.refusal == ""), facts  # FILE-07
        assert post == ran, facts  # RUN-06
        if not facts.fsfreeze and facts.refusal not in _UNTRUSTED:
            assert FreezeDone() not in happened, facts  # FRZ-02
        found = facts.pre_fails or facts.refusal in ("not found", "permission", "recovery")
        if facts.single_disk and not facts.go_on and found:
            assert FreezeOff() in happened, facts  # FBK-08
        due = proceeds(facts.policy, happened)
        lost = judge(facts.policy, happened).status == "failed"
        assert due.discard == (lost and SnapshotTaken() in happened), facts  # FBK-04


@pytest.mark.parametrize("rules", RULESETS)
def test_the_readings_are_few_and_never_false(rules: str) -> None:
    """No rule set accepts a level above the one that the run's own course can have reached."""
    for facts in EVERY:
        happened = _run(facts)
        verdicts = accepted(facts.policy, happened, rules)
        levels = {verdict.consistency for verdict in verdicts}
        if facts.snapshot_fails and SnapshotFailed() in happened:
            assert levels == {"none"}, facts
        if facts.pre_fails or facts.post_fails:
            assert "application" not in levels, facts
        if FreezeDone() not in happened and not facts.refusal:
            assert "file-system" not in levels, facts
        if rules == "strict":
            more = facts.single_disk and levels == {"file-system", "crash"}
            assert len(levels) == 1 or more, facts
