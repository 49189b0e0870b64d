"""`snapcert report`: renders and merges what is stored, and names what it can't."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from harness.cli import main
from harness.results.merge import to_bytes
from harness.results.reader import read
from harness.results.record import ExecutorInfo
from tests.cli.conftest import Snapcert
from tests.results.test_merge import CERTIFY, CONFORM, split


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["report", *map(str, arguments)])
    output = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, output.out, output.err


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """The sample of a conformance run, split into three folders."""
    paths = []
    places = {name: number % 3 for number, name in enumerate(CONFORM.plan)}
    for number, record in enumerate(split(CONFORM, places, 3)):
        folder = tmp_path / f"part{number}"
        folder.mkdir()
        (folder / "results.jsonl").write_bytes(to_bytes(record))
        paths.append(folder)
    return paths


@pytest.mark.parametrize("form", ["junit", "markdown", "sarif", "annotations", "json", "html"])
def test_parts_are_rendered_as_the_whole(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: list[Path], form: str
) -> None:
    whole = tmp_path / "whole.jsonl"
    whole.write_bytes(to_bytes(CONFORM))
    code, merged, _ = run(capsys, *parts, "--format", form)
    assert code == 0
    assert run(capsys, whole, "--format", form)[1] == merged != ""


def test_a_merged_record_is_a_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: list[Path]
) -> None:
    out = tmp_path / "merged" / "results.jsonl"
    code, shown, err = run(capsys, *parts, "--format", "jsonl", "--out", out, "--exit-code")
    assert (code, shown, err.strip()) == (1, "", str(out))
    assert out.read_bytes() == to_bytes(CONFORM)


def test_records_of_two_executors_stand_side_by_side(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: list[Path]
) -> None:
    other = tmp_path / "other.jsonl"
    header = dataclasses.replace(CONFORM.header, executor=ExecutorInfo("other", "1.0"))
    other.write_bytes(to_bytes(dataclasses.replace(CONFORM, header=header)))
    code, page, _ = run(capsys, *parts, other)
    assert code == 0
    assert page.count("<h1>Does not conform</h1>") == 2
    code, _, err = run(capsys, *parts, other, "--format", "junit")
    assert code == 4
    assert "differ in the executor" in err


@pytest.mark.parametrize("damage", ["missing", "foreign", "changed", "empty"])
def test_what_is_no_record_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: list[Path], damage: str
) -> None:
    path = parts[1] / "results.jsonl"
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "foreign": b"<html></html>\n",
                "changed": whole.replace(b'"failed"', b'"passed"', 1),
                "empty": b"",
            }[damage]
        )
    code, out, err = run(capsys, *parts, "--format", "markdown")
    assert (code, out) == (4, "")
    assert str(path.parent) in err
    assert "remedy: " in err


def test_a_part_that_was_cut_off_is_never_a_whole(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for number, record in enumerate(split(CERTIFY, dict.fromkeys(CERTIFY.plan, 0), 2)):
        (tmp_path / f"{number}.jsonl").write_bytes(to_bytes(record)[: None if number else -30])
    arguments = (*sorted(tmp_path.glob("*.jsonl")), "--format", "json")
    found = json.loads(run(capsys, *arguments)[1])
    assert any("has no footer" in why for why in found["why"])
    assert any("torn" in note for note in found["notes"])


def test_a_run_tells_what_its_selection_left_out(snapcert: Snapcert, tmp_path: Path) -> None:
    """As pytest deselected it; level 1 needs no engine."""
    done = snapcert("certify", "ledger", "--level", 1, "-k", "nowhere", "--out", "out")
    assert done.code == 2
    record = read(tmp_path / "out" / "results.jsonl")
    assert record.plan == ()
    assert record.left_out == ("scenarios/certification/test_level1_static.py::test_static",)


def test_the_schema_is_printed_and_every_line_keeps_to_it(
    capsys: pytest.CaptureFixture[str], parts: list[Path]
) -> None:
    code, out, _ = run(capsys, "--schema")
    assert code == 0
    validator = jsonschema.Draft202012Validator(json.loads(out))
    for line in (parts[0] / "results.jsonl").read_text().splitlines():
        validator.validate(json.loads(line))


def test_where_it_can_not_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, parts: list[Path]
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, parts[0], "--out", tmp_path / "file" / "report.html")
    assert code == 4
    assert "can't be written" in err
