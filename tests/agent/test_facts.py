"""What the examiners print, as recorded from real images."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machines.agent import facts

_SAMPLES = Path(__file__).parent / "samples"


def _sample(name: str) -> str:
    return (_SAMPLES / name).read_text(encoding="utf-8")


def test_a_journal_that_waits_for_its_replay() -> None:
    assert facts.ext_header(_sample("dumpe2fs_written.txt")) == {
        "needs_recovery": True,
        "journal_start": 1,
    }


def test_a_filesystem_without_a_journal() -> None:
    assert facts.ext_header(_sample("dumpe2fs_ext2.txt")) == {
        "needs_recovery": False,
        "journal_start": 0,
    }


def test_an_xfs_that_was_frozen_has_only_superblocks_in_its_log() -> None:
    assert facts.xfs_log(_sample("xfs_logprint_frozen.txt")) == {
        "log_items": ["SUPER Block Buffer"],
        "log_transactions": 2,
    }


def test_an_xfs_that_was_written_to_has_inodes_in_its_log() -> None:
    found = facts.xfs_log(_sample("xfs_logprint_written.txt"))
    assert found["log_transactions"] == 2
    assert found["log_items"] == [
        "AGF Buffer",
        "AGI Buffer",
        "BUF DATA",
        "ICR",
        "INODE",
        "SUPER Block Buffer",
    ]


def test_a_part_of_a_log_that_cant_be_read_is_an_item_of_its_own() -> None:
    text = _sample("xfs_logprint_frozen.txt") + "xfs_logprint: unknown log operation type (9)\n"
    assert "UNREADABLE" in facts.xfs_log(text)["log_items"]


def test_a_btrfs_with_a_log_tree() -> None:
    assert facts.btrfs_log_root(_sample("dump_super_written.txt")) == 31555584


@pytest.mark.parametrize("judge", [facts.ext_header, facts.xfs_log, facts.btrfs_log_root])
def test_an_error_of_a_tool_is_never_taken_for_a_clean_image(judge: object) -> None:
    """A log that could not be printed has no items either: it would look frozen."""
    assert callable(judge)
    with pytest.raises(ValueError, match=r"tool|output|printed"):
        judge("tool: cannot open x.img: Read-only file system\n")


RAW_REPAIR = """\
Phase 1 - find and verify superblock...
Phase 2 - using internal log
        - zero log...
ALERT: The filesystem has valuable metadata changes in a log which is being
ignored because the -n option was used.  Expect spurious inconsistencies
which may be resolved by first mounting the filesystem to replay the log.
        - scan filesystem freespace and inode maps...
sb_fdblocks 80000, counted 80100
        - agno = 0
No modify flag set, skipping phase 5
"""


def test_counters_of_a_mounted_xfs_are_no_fault() -> None:
    """A frozen xfs keeps its counters in memory; everything else that repair says is a fault."""
    assert facts.xfs_faults(RAW_REPAIR) == []
    damaged = RAW_REPAIR + "imap claims in-use inode 131 is free, would correct imap\n"
    assert facts.xfs_faults(damaged) == ["imap claims in-use inode 131 is free, would correct imap"]


def test_only_the_superblock_is_no_change() -> None:
    assert not facts.xfs_changes(["SUPER Block Buffer"])
    assert facts.xfs_changes(["INODE", "SUPER Block Buffer"])
