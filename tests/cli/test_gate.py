"""snapcert gate from the files to the exit code, as far as no engine is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.results.reader import read
from tests.cli.conftest import Snapcert


@pytest.fixture
def baseline(snapcert: Snapcert, kit: Path) -> str:
    """The record of the kit's level 1, under the reference's rule set."""
    assert snapcert("certify", kit, "--level", 1, "--out", "base").code == 0
    return "base/results.jsonl"


def test_an_unchanged_kit_and_one_that_got_worse(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    done = snapcert("gate", kit, "--baseline", baseline, "--out", "gate")
    assert done.code == 0
    assert done.shown.endswith("gate open (0): ledger: holds at level 1, nothing changed")
    post = kit / "post.sh"
    post.write_bytes(post.read_bytes().replace(b"\n", b"\r\n"))
    done = snapcert("gate", kit, "--baseline", baseline, "--out", "gate")
    assert done.code == 1
    assert "gate closed (1): ledger: clauses that do not hold: KIT-1.scripts" in done.shown
    assert "(level 1, because changed: post.sh)" in done.shown
    assert "newly failing (1)" in done.shown
    assert read(kit.parent / "gate" / "ledger" / "results.jsonl").header.kit is not None


def test_as_json(
    kit: Path, baseline: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["gate", str(kit), "--baseline", str(tmp_path / baseline), "--json"]
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path / "gate")])
    assert ended.value.code == 0
    told = json.loads(capfd.readouterr().out)
    assert told["exit_code"] == 0
    assert told["why"].startswith("gate open (0): ledger")
    assert [entry["kit"] for entry in told["kits"]] == ["ledger"]


def test_without_an_engine_a_changed_kit_cannot_pass(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    done = snapcert("gate", kit, "--baseline", baseline, "--level", 2, "--out", "gate")
    assert done.code == 3
    assert "gate closed (3): ledger: " in done.shown


def test_wrong_usage(snapcert: Snapcert, kit: Path) -> None:
    done = snapcert("gate", kit, "--baseline", "nothing.jsonl")
    assert done.code == 4
    assert "nothing.jsonl can't be read" in done.shown
    assert snapcert("gate", kit).code == 4
    assert snapcert("gate", "--baseline", "x").code == 4
