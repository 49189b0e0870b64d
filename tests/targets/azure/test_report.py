"""From a status file to an outcome: each code, the levels, and files that tell nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.contract.errors import DOCUMENTED
from harness.targets.inside.azure.report import NAMES, Unreadable, name_of, outcome_of


def status_file(
    code: int = 0,
    status: str = "success",
    *,
    consistency: int | None = 0,
    health: tuple[int, int] | None = None,
    message: str = "Enable Succeeded",
    **more: Any,
) -> str:
    """A status file as the extension writes it: the report in the name of a sub-status."""
    text = json.dumps({"messageStr": message, "snapshotConsistency": consistency})
    state, told = health or (0, code)
    report = {
        "name": "VMSnapshotLinux",
        "operation": "Enable",
        "status": status,
        "code": str(code),
        "formattedMessage": {"lang": "en-US", "message": text},
        "vmHealthInfo": {"vmHealthState": state, "vmHealthStatusCode": told},
        **more,
    }
    inner = json.dumps([{"version": "1", "timestampUTC": "DATE", "status": report}])
    inner = inner.replace("DATE", r"\/Date(1700000000000)\/")
    sub = {"code": "0", "name": inner, "status": "success", "formattedMessage": None}
    outer = {"name": "x", "status": "success", "code": str(code), "substatus": [sub]}
    return json.dumps([{"version": "1", "timestampUTC": "x", "status": outer}])


def test_application_consistent() -> None:
    outcome = outcome_of(status_file(0))
    assert (outcome["status"], outcome["consistency"]) == ("succeeded", "application")
    assert outcome["errors"] == []


def test_the_code_tells_the_level_whatever_the_consistency_field_says() -> None:
    assert outcome_of(status_file(1, consistency=0))["consistency"] == "file-system"
    assert outcome_of(status_file(1, consistency=None))["consistency"] == "file-system"
    assert outcome_of(status_file(1, consistency=3))["consistency"] == "crash"
    assert "report: snapshotConsistency 0" in outcome_of(status_file(1))["warnings"]


def test_a_failed_run_has_no_level() -> None:
    outcome = outcome_of(status_file(300, "error", health=(128, 300), message="PreScript failed"))
    assert (outcome["status"], outcome["consistency"]) == ("failed", "none")
    assert outcome["errors"] == ["Pre-ScriptExecutionFailed"]
    assert outcome["reasons"] == {"Pre-ScriptExecutionFailed": "PreScript failed"}


def test_the_outer_status_says_success_of_a_failed_run() -> None:
    outcome = outcome_of(status_file(76, "error"))
    assert outcome["status"] == "failed"
    assert "status file: success, code 76" in outcome["warnings"]


def test_a_fallback_is_told_by_the_health_alone() -> None:
    outcome = outcome_of(status_file(1, health=(128, 302)))
    assert (outcome["status"], outcome["consistency"]) == ("succeeded", "file-system")
    assert outcome["errors"] == ["Pre-ScriptNotFound"]
    assert "health: yellow, code 302" in outcome["warnings"]


@pytest.mark.parametrize(
    ("code", "health", "errors"),
    [
        (76, 308, ["Pre-ScriptTimeout", "SnapshotFailed"]),
        (301, 121, ["FsFreezeFailed", "Post-ScriptExecutionFailed"]),
        (2, 300, ["Pre-ScriptExecutionFailed", "Extension-2"]),
    ],
)
def test_errors_stand_in_the_order_of_their_phases(
    code: int, health: int, errors: list[str]
) -> None:
    outcome = outcome_of(status_file(code, "error", health=(128, health)))
    assert outcome["errors"] == errors


def test_nothing_configured_is_no_error() -> None:
    outcome = outcome_of(status_file(1, health=(128, 316)))
    assert (outcome["consistency"], outcome["errors"]) == ("file-system", [])


def test_a_failure_always_has_a_name() -> None:
    assert outcome_of(status_file(316, "error"))["errors"] == ["Extension-316"]
    assert outcome_of(status_file(2, "error", health=(0, 1)))["errors"] == ["Extension-2"]


def test_every_documented_name_has_its_code() -> None:
    assert {name_of(code) for code in range(300, 310)} == set(DOCUMENTED)
    assert set(NAMES.values()) - set(DOCUMENTED) == {"FsFreezeFailed", "SnapshotFailed"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("[]", "has no status"),
        ("[{}]", "has no status"),
        ('[{"status": {}}]', "no sub-status"),
        ('[{"status": {"substatus": [{"name": "x"}]}}]', "report .* is not JSON"),
        (status_file(4, message="Transitioning state in extension"), "last word is 'Transitioning"),
        (status_file(3), "success with code 3"),
        (status_file().replace('\\"code\\": \\"0\\"', '\\"code\\": null'), "has no code"),
    ],
    ids=["empty", "list", "entry", "sub-status", "report", "under-way", "other-success", "code"],
)
def test_no_outcome(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        outcome_of(text)
