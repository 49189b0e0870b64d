"""Options: what is refused, and what a worker receives."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import UsageProblem
from harness.scenario.options import Options, parse_filesystems, parse_rules


def test_filesystems() -> None:
    assert parse_filesystems("xfs, ext4,xfs") == ("xfs", "ext4")


@pytest.mark.parametrize("text", ["zfs", "ext4,ntfs", "", ","])
def test_wrong_filesystems_are_named(text: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_filesystems(text)
    assert "ext4, xfs, btrfs" in caught.value.remedy


def test_rules_follow_the_executor() -> None:
    assert parse_rules(None, "reference") == "strict"
    assert parse_rules(None, "command:x") == "2025-04"
    assert parse_rules("2017-04", "reference") == "2017-04"
    with pytest.raises(UsageProblem, match="rule set"):
        parse_rules("2016", "reference")


def test_a_worker_receives_what_the_controller_had() -> None:
    options = Options(filesystems=("xfs",), out=Path("/x"), kit=Path("/k"), seed=7, quiet=True)
    assert Options.from_json(options.to_json()) == options
    assert Options.from_json(Options().to_json()) == Options()
