"""From the words after --executor to a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.executor.package import build_zipapp, pack, sources
from harness.problem import UsageProblem
from harness.targets.select import default_rules, select_target


def test_a_packed_reference_is_held_to_the_references_clauses(tmp_path: Path) -> None:
    other = {**sources(), "harness/executor/more.py": b""}
    path = tmp_path / "other.pyz"
    path.write_bytes(pack(other))
    packed, own = select_target(f"reference:{path}", "1"), select_target("reference", "1")
    assert packed.identity.kind == own.identity.kind == "reference"
    assert packed.identity.digest != own.identity.digest
    assert default_rules(f"reference:{path}") == default_rules("reference") == "strict"
    path.write_bytes(build_zipapp())
    assert select_target(f"reference:{path}", "1").identity.digest == own.identity.digest


def test_what_is_no_packed_reference_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no archive")
    other = tmp_path / "other.pyz"
    other.write_bytes(pack({"__main__.py": b""}))
    for path in (text, other, tmp_path / "absent"):
        with pytest.raises(UsageProblem, match="no packed reference executor"):
            select_target(f"reference:{path}", "1")


def test_an_unknown_word_is_named() -> None:
    for words in ("agent", "command:", "reference:"):
        with pytest.raises(UsageProblem, match="names no executor"):
            select_target(words, "1")
