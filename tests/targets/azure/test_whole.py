"""The extension itself in guests: what it does, what it does not, and that --speed is no cheat.

Skipped, and counted, where nobody gives it.
"""

from __future__ import annotations

from pathlib import Path

from harness.results.record import Record
from harness.results.versus import versus
from tests.bad_input.conftest import Start, start

__all__ = ("start",)

WELL = "test_application_consistent[root-and-data-ext4]"
FREEZE_OFF = "test_precheck_finding_with_freeze_off[data-ext4-not-found-continue]"
#: A good run; a failing script; a budget; a failing snapshot; what must follow a kill.
SCENARIOS = (
    WELL,
    FREEZE_OFF,
    "test_attempts_share_the_budget[data-ext4-pre]",
    "test_pre_fails[data-ext4-fail]",
    "test_snapshot_fails[two-disks-ext4]",
    "test_executor_killed_in_the_pre_script[data-ext4]",
)


def conform(start: Start, extension: Path, out: Path, *words: str, speed: int = 10) -> Record:
    command = start(
        *("conform", "--executor", f"azure-vmsnapshot:{extension}", "--rules", "2025-04"),
        *("--fs", "ext4", "-n", "2", "--seed", "1", "--quiet", "--speed", str(speed)),
        *("-k", " or ".join(words)),
        out=out,
    )
    command.end()
    record = command.record()
    assert len(record.scenarios) >= len(words), command.text
    return record


def failed(record: Record) -> set[str]:
    return {check.clause for check in record.checks if check.status == "failed"}


def test_a_good_backup_and_a_false_one(
    extension: Path, image: str, start: Start, tmp_path: Path
) -> None:
    good = conform(start, extension, tmp_path, WELL)
    assert failed(good) == set()
    outcome = good.runs[0].history.end.outcome
    assert outcome is not None
    assert (outcome.status, outcome.consistency) == ("succeeded", "application")
    # Nothing was frozen, and the set is called file-system consistent.
    false = conform(start, extension, tmp_path, FREEZE_OFF)
    assert "FBK-07.level" in failed(false)


def test_speed_changes_no_result(extension: Path, image: str, start: Start, tmp_path: Path) -> None:
    slow = conform(start, extension, tmp_path / "slow", *SCENARIOS, speed=1)
    fast = conform(start, extension, tmp_path / "fast", *SCENARIOS)
    # What a busy machine makes one of the two look at besides is no result of the other.
    differ = [d for d in versus(slow, fast).differences if d.first.status and d.second.status]
    assert differ == []
