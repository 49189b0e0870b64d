"""Correct executors of other hands are not blamed: neither one that keeps every rule in ways of
its own, nor one that keeps only the article's.

`perl` is written from the contract's rules alone; `minimal` is what a vendor writes who has only
read the article. `make conform-others` holds both to the whole suite; this is a small part of it.
"""

from __future__ import annotations

from pathlib import Path

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import DEFAULT_FOR_OTHERS, RULESETS, STRICT
from harness.results.record import Record
from tests.bad_input.conftest import Start

HERE = Path(__file__).parent

#: One or two scenarios of each area, and those that executors keep in the most different ways.
EVERY_RULE = (
    "test_application_consistent[root-and-data-ext4]",
    "test_arguments_arrive_as_they_were_written",
    "test_attempts_share_the_budget[data-ext4-pre]",
    "test_executor_killed_while_frozen[root-and-data-ext4]",
    "test_first_finding_is_the_primary_error[data-ext4-content-before-permission]",
    "test_killed_at_a_call[two-disks-ext4-thaw-1]",
    "test_links_to_good_scripts[data-ext4-a-users-links]",
    "test_no_retry_after_a_timeout[data-ext4-post]",
    "test_odd_caller",
    "test_one_filesystem_with_several_mounts",
    "test_recovery_fails_and_the_defaults_apply[data-ext4-bad-config]",
    "test_second_run_is_refused[data-ext4-pre]",
    "test_session_lives_until_the_post_script",
    "test_snapshot_hangs[root-and-data-ext4]",
    "test_start_right_after_a_kill",
    "test_thawed_by_somebody_else[two-disks-ext4-fail]",
)
#: What the article says, and where an executor that knows no more shows it.
THE_ARTICLE = (
    "test_application_consistent[data-ext4]",
    "test_content_that_can_not_be_used[data-ext4-timeout-0]",
    "test_post_fails[data-ext4-fail]",
    "test_post_script_is_changed[data-ext4-mode]",
    "test_pre_fails[single-disk-ext4-fail]",
    "test_script_in_a_folder_of_others[data-ext4-0777]",
    "test_second_run_is_refused[data-ext4-pre]",
    "test_snapshot_fails[two-disks-ext4]",
)
#: Of these, what starts a second run or looks into the guest: it can't be judged again.
ASKS_ITS_MACHINES = {"test_second_run_is_refused"}
#: What the minimal executor does not keep there: rules that this project decides.
BEYOND_THE_ARTICLE = {
    "CFG-03.timeout",
    "FILE-08.scripts",
    "FILE-09.permission",
    "ROB-01.refused",
    "RUN-06.after-snapshot",
    "RUN-09.environment",
    "SNP-02.error",
}


def _conform(
    start: Start, name: str, rules: str, selection: tuple[str, ...]
) -> tuple[int, Record, str]:
    command = start(
        *("conform", "--executor", f"command:{HERE / name}", "--rules", rules),
        *("--fs", "ext4", "-n", "2", "--seed", "1", "-k", " or ".join(selection), "--quiet"),
    )
    code, record = command.end(), command.record()
    assert len(record.scenarios) >= len(selection), "some are not called so any more"
    return code, record, command.text


def _clauses(record: Record, status: str) -> set[str]:
    return {check.clause for check in record.checks if check.status == status}


def test_every_rule_kept_in_other_ways(image: str, start: Start) -> None:
    code, record, shown = _conform(start, "perl", STRICT, EVERY_RULE)
    assert code == 0, shown
    assert {check.status for check in record.checks} == {"passed"}
    assert {scenario.status for scenario in record.scenarios} == {"passed"}


def test_the_article_alone_is_enough(image: str, start: Start, tmp_path: Path) -> None:
    """Under both rule sets: it is run under the later one, and judged again under the other."""
    code, record, shown = _conform(start, "minimal", DEFAULT_FOR_OTHERS, THE_ARTICLE)
    assert code == 0, shown
    warned = _clauses(record, "warned")
    assert warned >= BEYOND_THE_ARTICLE
    assert {CATALOGUE[clause].basis for clause in warned} == {"project"}

    (earlier,) = set(RULESETS) - {DEFAULT_FOR_OTHERS, STRICT}
    stored, folder = str(tmp_path / "out" / "results.jsonl"), tmp_path / "again"
    again = start("replay", stored, "--rules", earlier, "--out", str(folder), "--quiet", out=folder)
    assert again.end() == 2, again.text  # what asked its machines is skipped: not the whole record
    assert again.record().header.rules == earlier
    assert not _clauses(again.record(), "failed")
    skipped = [s.id for s in again.record().scenarios if s.status == "skipped"]
    assert {s.partition("::")[2].partition("[")[0] for s in skipped} == ASKS_ITS_MACHINES


def test_the_article_alone_is_not_every_rule(image: str, start: Start) -> None:
    code, record, shown = _conform(start, "minimal", STRICT, THE_ARTICLE)
    assert code == 1, shown
    failed = _clauses(record, "failed")
    assert failed >= BEYOND_THE_ARTICLE
    assert not _clauses(record, "warned")
