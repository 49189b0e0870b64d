"""The oracle control: every sabotage of good evidence is caught; blind evidence is no proof."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import Filesystem, History
from harness.oracles.application import Enough
from harness.oracles.sabotage import SABOTAGES, prove_controls
from harness.oracles.terms import Terms
from tests.oracles.builders import application, disk, history, operations, restored, stopping

NAMES = {s.name for s in SABOTAGES}


def good(filesystem: Filesystem = "ext4") -> History:
    return history(disk(filesystem=filesystem), application=application())


@pytest.mark.parametrize("filesystem", ["ext4", "xfs", "btrfs"])
def test_every_sabotage_of_a_good_round_is_caught(filesystem: Filesystem) -> None:
    controls = prove_controls(good(filesystem))
    assert [c.detail for c in controls if not c.caught] == []
    assert {c.name for c in controls} == NAMES - {"a write while writes are stopped"}


def test_a_kit_that_stops_writes_has_one_more() -> None:
    controls = prove_controls(history(application=stopping()))
    assert all(c.caught for c in controls)
    assert {c.name for c in controls} == NAMES


def test_a_sabotage_changes_nothing_of_the_original() -> None:
    run = good()
    before = replace(run)
    prove_controls(run)
    assert run == before


def test_without_a_freeze_only_the_ledger_is_sabotaged() -> None:
    names = {c.name for c in prove_controls(good(), Terms(freezes=False))}
    assert "the disks copied at two instants" not in names
    assert "durability switched off" in names


def test_a_round_that_proves_nothing_has_no_caught_control() -> None:
    """A round with too few operations: a loss is still seen, a good verdict was never given."""
    controls = prove_controls(good(), enough=Enough(before=9999))
    of_ledger = [c for c in controls if "SNP-01" not in c.detail]
    assert of_ledger
    assert not any(c.caught for c in of_ledger)


def test_a_broken_round_is_no_proof_that_the_oracle_sees() -> None:
    ops = operations()
    run = history(application=application(restores=(restored(ops, verify_exit=1),)))
    control = next(c for c in prove_controls(run) if c.name == "a fault in the restored data")
    assert not control.caught
    assert "does not hold in the evidence itself" in control.detail


def test_without_an_application_the_set_is_still_sabotaged() -> None:
    controls = prove_controls(history())
    assert len(controls) == 3
    assert all(c.caught for c in controls)
