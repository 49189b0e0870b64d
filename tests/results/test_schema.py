"""The published schema is the record's own, and what is written keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.results import schema
from harness.results.record import Footer, Header, Line, RunLine, encode
from harness.results.verdict import count
from tests.results import sample, sample_kit

PUBLISHED = Path(schema.__file__).with_name("schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))


def test_the_published_schema_is_the_records() -> None:
    assert PUBLISHED.read_text() == schema.published(), (
        "python -m harness.results.schema > harness/results/schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.build())


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        (sample.conform_header(), tuple(sample.conform_lines())),
        (sample_kit.certify_header(), tuple(sample_kit.certify_lines(bad=True))),
    ],
    ids=["conform", "certify"],
)
def test_every_written_line_is_valid(header: Header, lines: tuple[Line, ...]) -> None:
    footer = Footer(count(lines), "conforms", 0, "2026-11-23T12:00:00Z", "0" * 64)
    small = [line for line in lines if not isinstance(line, RunLine)]
    runs = [line for line in lines if isinstance(line, RunLine)][:2]
    for line in (header, *small, *runs, footer):
        VALIDATOR.validate(json.loads(encode(line)))


@pytest.mark.parametrize(
    "line",
    [
        {"type": "weather"},
        {"type": "scenario", "id": "x", "seconds": 1},
        {"type": "scenario", "id": "x", "seconds": 1, "status": "great"},
        {"type": "control", "name": "x", "kind": "oracle", "caught": "yes"},
        {"type": "plan", "scenarios": "x"},
    ],
    ids=["type", "missing", "status", "bool", "list"],
)
def test_what_is_none_is_refused(line: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line)
