"""What is read from SNAPCERT_STATUS, and what is said of nonsense there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.outcome import is_whole, read_outcome

GOOD: dict[str, Any] = {"status": "succeeded", "consistency": "application", "errors": []}


def read(**changes: Any) -> tuple[Any, str | None]:
    return read_outcome(json.dumps({**GOOD, **changes}).encode())


def test_a_whole_outcome() -> None:
    outcome, problem = read(errors=["SnapshotFailed"], warnings=["w"], reasons={"a": "b"})
    assert problem is None
    assert outcome.errors == ("SnapshotFailed",)
    assert outcome.warnings == ("w",)
    assert outcome.reasons == {"a": "b"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "ok"}, "status is 'ok'"),
        ({"consistency": "total"}, "consistency is 'total'"),
        ({"errors": "SnapshotFailed"}, "errors is not a list"),
        ({"errors": [1]}, "errors is not a list of names"),
        ({"status": ["succeeded"]}, "status is"),
    ],
)
def test_nonsense_is_named(changes: dict[str, Any], words: str) -> None:
    outcome, problem = read(**changes)
    assert outcome is None
    assert problem is not None
    assert words in problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"warnings": "w"}, 'warnings is "w", not a list'),
        ({"warnings": ["w", 1]}, "a warning is 1, no text"),
        ({"warnings": None}, "warnings is null"),
        ({"reasons": []}, "reasons is [], not an object"),
        ({"reasons": {"a": None}}, "the reason of a is null"),
    ],
)
def test_details_that_are_no_texts_leave_the_outcome_whole(
    changes: dict[str, Any], words: str
) -> None:
    outcome, problem = read(**changes)
    assert problem is None
    assert words in outcome.misshapen


@pytest.mark.parametrize(
    ("raw", "whole"),
    [(None, True), (b"{}", True), (b"", False), (b'{"status": "succ', False), (b"\xff", False)],
)
def test_a_part_of_a_status_is_told_from_a_whole_one(raw: bytes | None, whole: bool) -> None:
    assert is_whole(raw) == whole


@pytest.mark.parametrize("key", sorted(GOOD))
def test_a_missing_key_is_named(key: str) -> None:
    data = {name: value for name, value in GOOD.items() if name != key}
    outcome, problem = read_outcome(json.dumps(data).encode())
    assert outcome is None
    assert problem is not None
    assert key in problem


def test_nothing_was_written() -> None:
    assert read_outcome(None) == (None, "no status was written at SNAPCERT_STATUS")


@given(st.binary(max_size=200))
def test_any_bytes_give_an_outcome_or_a_reason(raw: bytes) -> None:
    outcome, problem = read_outcome(raw)
    assert (outcome is None) != (problem is None)
