"""Kits to start from: whole, named as the user says, and never over what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.certify.kit import load_kit
from harness.certify.lint import lint
from harness.certify.starter import begin, offered, usual_name
from harness.problem import UsageProblem

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
STARTERS = offered(FIXTURES)


def test_what_is_offered_is_what_is_there(tmp_path: Path) -> None:
    assert {"custom", "sqlite", "postgresql"} <= STARTERS.keys()
    shutil.copytree(FIXTURES / "starters", tmp_path / "starters")
    assert list(offered(tmp_path)) == ["custom"]
    (tmp_path / "kits").mkdir()
    shutil.copytree(FIXTURES / "kits" / "ledger", tmp_path / "kits" / "redis")
    assert list(offered(tmp_path)) == ["custom", "redis"]


@pytest.mark.parametrize("app", STARTERS)
def test_a_kit_is_a_copy_with_the_users_name(tmp_path: Path, app: str) -> None:
    starter = STARTERS[app]
    kit = begin(starter, tmp_path / "mine", "orders", 'Orders "and" Ltd')
    source = load_kit(starter.folder)
    assert (kit.name, kit.manifest.vendor, kit.manifest.version) == (
        "orders", 'Orders "and" Ltd', "0.1.0",
    )  # fmt: skip
    assert kit.files.keys() == source.files.keys()
    assert {p: f for p, f in kit.files.items() if p != "kit.toml"} == {
        p: f for p, f in source.files.items() if p != "kit.toml"
    }
    assert kit.manifest.layout == source.manifest.layout
    assert kit.manifest.commands == source.manifest.commands


@pytest.mark.parametrize("app", STARTERS)
def test_level_1_finds_nothing(app: str) -> None:
    errors = [f for f in lint(load_kit(STARTERS[app].folder)) if f.severity == "error"]
    assert errors == []


@pytest.mark.parametrize("what", ["a file", "a full folder", "below a file"])
def test_nothing_is_overwritten(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "mine"
    if what == "a full folder":
        folder.mkdir()
        (folder / ".git").mkdir()
    else:
        folder.write_text("mine")
    target = folder / "kit" if what == "below a file" else folder
    with pytest.raises(UsageProblem):
        begin(STARTERS["custom"], target, "orders", "x")
    assert not (target / "kit.toml").exists()
    if what != "a full folder":
        assert folder.read_text() == "mine"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert begin(STARTERS["custom"], tmp_path, "orders", "x").name == "orders"


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="name"):
        begin(STARTERS["custom"], tmp_path / "mine", "Orders!", "x")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("folder", "name"), [("Orders 2.0", "orders-2-0"), ("ok", "ok"), ("..", None), ("Ä", "kit")]
)
def test_the_usual_name(tmp_path: Path, folder: str, name: str | None) -> None:
    assert usual_name(tmp_path / folder) == (name or usual_name(tmp_path.parent))
