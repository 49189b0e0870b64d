"""The target: what it takes for the extension, and what it says of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import UsageProblem
from harness.targets.azure import AzureTarget
from harness.targets.select import default_rules, select_target


def checkout(folder: Path, below: str, version: str = "1.0.1.0") -> Path:
    main = folder / below
    main.mkdir(parents=True)
    (main / "handle.sh").write_text("#!/bin/sh\n")
    (main / "common.py").write_text(f'class X:\n    extension_version = "{version}"\n')
    return folder


@pytest.mark.parametrize("below", ["VMBackup/main", "main"])
def test_a_checkout_and_a_release(tmp_path: Path, below: str) -> None:
    target = AzureTarget(checkout(tmp_path, below))
    assert target.identity.version == "1.0.1.0"
    assert set(target.identity.files) == {"handle.sh", "common.py"}
    assert target.packages == ()


def test_two_versions_have_two_digests(tmp_path: Path) -> None:
    old = AzureTarget(checkout(tmp_path / "old", "main", "1.0"))
    new = AzureTarget(checkout(tmp_path / "new", "main", "2.0"))
    assert old.identity.digest != new.identity.digest


def test_a_folder_without_it(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no main/handle\.sh") as caught:
        select_target(f"azure-vmsnapshot:{tmp_path}", "1")
    assert "azure-linux-extensions" in caught.value.remedy


def test_a_third_partys_rules_judge_it(tmp_path: Path) -> None:
    assert default_rules(f"azure-vmsnapshot:{tmp_path}") == default_rules("command:x")


def test_only_what_has_fixed_waits_can_be_hurried(tmp_path: Path) -> None:
    target = select_target(f"azure-vmsnapshot:{checkout(tmp_path, 'main')}", "1", 10)
    assert "gcc" in target.packages
    with pytest.raises(UsageProblem, match="--speed"):
        select_target("reference", "1", 10)
