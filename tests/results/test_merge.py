"""Merging: any split of a record comes back as the record, and no merge hides anything."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.problem import UsageProblem
from harness.results.closing import close
from harness.results.merge import digest, merge, subjects, to_bytes
from harness.results.reader import assemble, parse, verdict_of
from harness.results.record import (
    ControlLine,
    Header,
    Line,
    PlanLine,
    Record,
    ScenarioLine,
    Status,
)
from tests.results import sample, sample_kit


def record_of(
    header: Header, lines: Sequence[Line], ended: str = "2026-11-23T12:59:00Z", broken: str = ""
) -> Record:
    """A complete record of these lines, as if it had been written and read."""
    body = assemble(header, lines, None)
    footer = close(header, body.lines(), ended=ended, digest=digest(body), interrupted=broken)
    return dataclasses.replace(body, footer=footer)


CONFORM = record_of(sample.conform_header(), list(sample.conform_lines()))
CERTIFY = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines(bad=True)))


def scenario_of(line: Line) -> str:
    return str(getattr(line, "scenario", "") or getattr(line, "id", ""))


def split(record: Record, parts: dict[str, int], number: int) -> list[Record]:
    """The records of a run that was cut so: each scenario with all its lines in one part."""
    found = []
    for part in range(number):
        plan = tuple(name for name in record.plan if parts[name] == part)
        own: list[Line] = [PlanLine(plan, record.left_out)]
        own += [
            line
            for line in record.lines()
            if not isinstance(line, PlanLine) and parts.get(scenario_of(line), 0) == part
        ]
        found.append(parse(to_bytes(record_of(record.header, own))))
    return found


@pytest.mark.parametrize("record", [CONFORM, CERTIFY], ids=["conform", "certify"])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), number=st.integers(1, 5))
def test_any_split_merges_back(record: Record, seed: int, number: int) -> None:
    chance = random.Random(seed)
    parts = split(record, {name: chance.randrange(number) for name in record.plan}, number)
    chance.shuffle(parts)
    assert merge(parts) == record


def test_a_single_record_is_not_touched() -> None:
    assert merge([CONFORM]) is CONFORM


def test_what_was_merged_can_be_written_and_read() -> None:
    parts = split(CERTIFY, {name: n % 2 for n, name in enumerate(CERTIFY.plan)}, 2)
    assert parse(to_bytes(merge(parts))) == CERTIFY


def one(
    status: Status,
    name: str = "a",
    *,
    left_out: tuple[str, ...] = (),
    broken: str = "",
    **about: object,
) -> Record:
    header = dataclasses.replace(sample.conform_header(), **about)  # type: ignore[arg-type]
    lines = [PlanLine((name,), left_out), ScenarioLine(name, status, 1.0)]
    return record_of(header, lines, broken=broken)


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ("passed", "failed", "does-not-conform"),
        ("hung", "passed", "does-not-conform"),
        ("skipped", "passed", "conforms"),
        ("passed", "harness-error", "harness-failed"),
        ("failed", "harness-error", "harness-failed"),
    ],
)
def test_the_worst_result_of_a_scenario_counts(first: Status, second: Status, word: str) -> None:
    records = [one(first), one(second)]
    for order in itertools.permutations(records):
        merged = merge(order)
        assert verdict_of(merged).word == word
        assert len(merged.scenarios) == 1
        assert any("in several parts" in note for note in merged.notes)


def test_a_part_that_did_not_end_makes_all_of_it_incomplete() -> None:
    torn = dataclasses.replace(one("passed", "b"), footer=None)
    assert verdict_of(merge([one("passed"), torn])).word == "incomplete"
    stopped = one("passed", "b", broken="by the user")
    merged = merge([one("passed"), stopped])
    assert verdict_of(merged).word == "incomplete"
    assert any("by the user" in why for why in verdict_of(merged).why)


def test_parts_that_complete_each_other_are_no_part_any_more() -> None:
    first = one("passed", "a", left_out=("b", "c"), selection="a")
    second = one("passed", "b", left_out=("a", "c"), selection="b")
    third = one("passed", "c", left_out=("a", "b"), selection="not a and not b")
    assert merge([first, second]).header.selection == "(a) or (b)"
    assert merge([first, second]).left_out == ("c",)
    assert merge([first, second, third]).header.selection == ""
    unknown = one("passed", "b", selection="b")
    assert merge([one("passed", "a", selection="a"), unknown]).header.selection == "(a) or (b)"


def test_where_parts_were_run_is_told() -> None:
    merged = merge(
        [one("passed"), one("passed", "b", kernel="6.1.0", seed=5, command="snapcert conform -k b")]
    )
    assert merged.header.kernel == "6.18.5, 6.1.0"
    assert merged.header.command.endswith("; snapcert conform -k b")
    assert any("different seeds: 20417, 5" in note for note in merged.notes)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"rules": "strict"}, "rule set"),
        ({"suite": "9"}, "version of the suite"),
        ({"executor": sample_kit.certify_header().executor}, "executor"),
        ({"kit": sample_kit.certify_header().kit}, "kit"),
    ],
)
def test_what_is_no_part_of_one_run_is_refused(about: dict[str, object], says: str) -> None:
    other = one("passed", "b", **about)  # type: ignore[arg-type]
    with pytest.raises(UsageProblem, match=says) as caught:
        merge([one("passed"), other], ["first.jsonl", "second.jsonl"])
    assert "second.jsonl and first.jsonl" in caught.value.message
    assert [len(group) for group in subjects([one("passed"), other, one("passed", "c")])] == [2, 1]


def test_controls_that_belong_to_no_scenario_count_once() -> None:
    control = ControlLine("dropped", "oracle", True)
    parts = [record_of(sample_kit.certify_header(), [control]) for _ in range(2)]
    assert merge(parts).controls == (control,)
