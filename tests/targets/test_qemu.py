"""QEMU's guest agent as a target: the hook's entry, what a hypervisor believes, what applies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.contract.clauses import RULES
from harness.targets.inside.qemu import hook_of, outcome_of
from harness.targets.qemu import NOT_APPLICABLE, QemuTarget


def test_the_hook_runs_one_script_for_each_word(tmp_path: Path) -> None:
    for which in ("pre", "post"):
        script = tmp_path / f"{which} script"
        script.write_text(f'#!/bin/sh\nprintf "{which}:%s|" "$@"\n')
        script.chmod(0o700)
    kit = {
        "preScriptLocation": str(tmp_path / "pre script"),
        "preScriptParams": ["a b", "$(id)"],
        "postScriptLocation": str(tmp_path / "post script"),
    }
    hook = tmp_path / "hook"
    hook.write_text(hook_of(kit))
    hook.chmod(0o700)

    def said(word: str) -> str:
        return subprocess.run([hook, word], capture_output=True, text=True, check=True).stdout

    assert said("freeze") == "pre:a b|pre:$(id)|"
    assert said("thaw") == "post:|"
    assert said("other") == ""


def test_what_a_hypervisor_may_believe() -> None:
    assert outcome_of(None, configured=True)["consistency"] == "application"
    assert outcome_of(None, configured=False)["consistency"] == "file-system"


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("guest-fsfreeze-freeze: fsfreeze hook has failed", "Pre-ScriptExecutionFailed"),
        ("guest-fsfreeze-freeze: failed to freeze /data", "FsFreezeFailed"),
        ("the snapshot failed", "SnapshotFailed"),
    ],
)
def test_a_failure_has_a_name(error: str, name: str) -> None:
    outcome = outcome_of(error, configured=True)
    assert (outcome["status"], outcome["consistency"]) == ("failed", "none")
    assert outcome["errors"] == [name]


def test_what_does_not_apply_are_rules_each_with_its_reason() -> None:
    assert set(NOT_APPLICABLE) < set(RULES)
    assert all(NOT_APPLICABLE.values())
    assert "PLG-01" not in NOT_APPLICABLE
    assert QemuTarget("1").packages == ("qemu-guest-agent",)
