"""results.jsonl: what is written comes back, whatever happened to the file in between."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.history import BtrfsImage, Ext4Image, Finding, Harm, XfsImage
from harness.problem import EngineProblem, UsageProblem
from harness.results.reader import parse, read, verdict_of
from harness.results.record import (
    CheckLine,
    Header,
    Line,
    PlanLine,
    RunLine,
    ScenarioLine,
    check_of,
    decode,
    encode,
)
from harness.results.writer import Writer
from tests.results import sample, sample_kit

SAMPLES = {
    "conform": (sample.conform_header(), tuple(sample.conform_lines())),
    "certify": (sample_kit.certify_header(), tuple(sample_kit.certify_lines())),
}


@pytest.fixture(params=SAMPLES)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Header, list[Line]]:
    header, lines = SAMPLES[request.param]
    path = tmp_path / "out" / "results.jsonl"
    with Writer(path, header) as writer:
        for line in lines:
            writer.write(line)
    return path, header, list(lines)


def test_what_was_written_is_read(written: tuple[Path, Header, list[Line]]) -> None:
    path, header, lines = written
    record = read(path)
    assert record.header == header
    planned = PlanLine(tuple(sorted(i for line in lines for i in getattr(line, "scenarios", ()))))
    expected = [planned, *(line for line in lines if not isinstance(line, PlanLine))]
    assert sorted(map(repr, record.lines())) == sorted(map(repr, expected))
    assert record.footer is not None
    assert record.notes == ()


def test_every_line_is_ascii_json_with_its_type_first(
    written: tuple[Path, Header, list[Line]],
) -> None:
    raw = written[0].read_bytes()
    assert raw.isascii()
    lines = raw.decode().splitlines()
    assert all(line.startswith('{"type":"') for line in lines)
    assert json.loads(lines[0])["schema"] == 1
    assert json.loads(lines[-1])["type"] == "footer"


def test_bytes_that_are_no_utf8_survive() -> None:
    line = dataclasses.replace(
        next(r for r in sample.conform_lines() if isinstance(r, RunLine)), id="r\udcff\u2028é\x00"
    )
    assert decode(json.loads(encode(line))) == line


def test_images_of_every_filesystem_come_back() -> None:
    run = next(r for r in sample.conform_lines() if isinstance(r, RunLine))
    images = (
        Ext4Image("s", "data", True, 5, 0),
        XfsImage("s", "log", ("INODE",), 3, 1, "tail"),
        BtrfsImage("s", "root", 7, 0),
    )
    line = dataclasses.replace(run, history=dataclasses.replace(run.history, images=images))
    assert decode(json.loads(encode(line))) == line


def test_a_torn_last_line_is_left_out(written: tuple[Path, Header, list[Line]]) -> None:
    data = written[0].read_bytes()
    for cut in (len(data) - 1, len(data) - 40):
        record = parse(data[:cut])
        assert record.footer is None
        assert len(record.lines()) == len(written[2])
        assert any("torn" in note for note in record.notes)
        assert verdict_of(record).word in {"incomplete", "does-not-conform"}


def test_every_cut_is_readable_or_has_no_header() -> None:
    header, lines = SAMPLES["conform"]
    data = b"".join(encode(line) for line in (header, *lines[:4]))
    first = data.index(b"\n") + 1
    for cut in range(0, len(data), 97):
        if cut < first:
            with pytest.raises(UsageProblem, match="line 1 is no header"):
                parse(data[:cut])
        else:
            assert parse(data[:cut]).header == header


def test_a_changed_byte_is_found(written: tuple[Path, Header, list[Line]]) -> None:
    data = written[0].read_bytes().replace(b'"status":"passed"', b'"status":"warned"', 1)
    with pytest.raises(UsageProblem, match="changed after it was written"):
        parse(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1 is no header"),
        (b"hello\n", "line 1 is not JSON"),
        (b"[1]\n", "line 1 is no JSON object"),
        (b'{"type":"check"}\n', "line 1 is no header"),
        (b'{"type":"header","schema":99}\n', "format 99"),
        (b'{"type":"header"}\n', "required field missing"),
        (b"\xff\xfe\n", "line 1 is not JSON"),
        (b"[" * 100_000 + b"\n", "line 1 is not JSON"),
    ],
)
def test_nonsense_is_named(data: bytes, says: str) -> None:
    with pytest.raises(UsageProblem, match=says) as caught:
        parse(data, "x.jsonl")
    assert "x.jsonl" in caught.value.message
    assert caught.value.remedy


def test_nonsense_in_the_middle_names_its_line() -> None:
    header = encode(sample.conform_header())
    for bad, says in (
        (b"{}}\n", "line 2 is not JSON"),
        (b'{"type":"scenario","id":"x","status":"great","seconds":1}\n', "line 2 can't be underst"),
        (b'{"type":"scenario","id":"x"}\n', "line 2 can't be understood"),
    ):
        with pytest.raises(UsageProblem, match=says):
            parse(header + bad + header)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"type":[]}', "line 2 does not say of which type it is"),
        (b'{"id":"a","status":"passed","seconds":1}', "line 2 does not say of which type it is"),
        *(
            (b'{"type":"scenario","id":"a","status":"passed","seconds":%s}' % number, says)
            for number, says in (
                (b"NaN", "line 2 is not JSON"),
                (b"-Infinity", "line 2 is not JSON"),
                (b"1e999", "line 2 can't be understood: .*expected float"),
                (b'"nan"', "line 2 can't be understood: .*expected float"),
                (b"1" + b"0" * 400, "line 2 can't be understood"),
            )
        ),
    ],
)
def test_a_line_that_nothing_could_show_is_refused(line: bytes, says: str) -> None:
    with pytest.raises(UsageProblem, match=says) as caught:
        parse(encode(sample.conform_header()) + line + b"\n")
    assert "unchanged" in caught.value.remedy


def test_an_instant_of_a_run_is_a_number() -> None:
    run = next(r for r in sample.conform_lines() if isinstance(r, RunLine))
    whole = encode(sample.conform_header()) + encode(run)
    assert parse(whole).runs == (run,)
    with pytest.raises(UsageProblem, match="line 2 can't be understood"):
        parse(re.sub(rb'"began":[0-9.]+', b'"began":1e999', whole))


def test_a_line_of_a_later_version_is_noted() -> None:
    record = parse(encode(sample.conform_header()) + b'{"type":"weather","sun":true}\n')
    assert any("unknown type" in note for note in record.notes)


def test_lines_after_the_footer_are_refused(written: tuple[Path, Header, list[Line]]) -> None:
    data = written[0].read_bytes()
    with pytest.raises(UsageProblem, match="after the footer"):
        parse(data + data.splitlines(keepends=True)[1])


def test_a_missing_file_is_a_clear_problem(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="No such file"):
        read(tmp_path / "none.jsonl")


def test_an_older_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for seed in (1, 2):
        Writer(path, dataclasses.replace(sample.conform_header(), seed=seed)).close()
    assert read(path).header.seed == 2
    assert read(tmp_path / "results.jsonl.previous").header.seed == 1


def test_an_exception_leaves_a_judged_record(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"

    def interrupted() -> None:
        with Writer(path, sample.conform_header()) as writer:
            writer.write(ScenarioLine("a", "passed", 1.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    footer = read(path).footer
    assert footer is not None
    assert (footer.verdict, footer.interrupted) == ("incomplete", "by the user")


def test_a_killed_run_keeps_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    root = Path(sample.__file__).parents[2]
    program = (
        "import os, signal, sys, pathlib; from tests.results import sample as s\n"
        "from harness.results.writer import Writer\n"
        "w = Writer(pathlib.Path(sys.argv[1]), s.conform_header())\n"
        "[w.write(line) for line in s.conform_lines()]\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    record = read(path)
    assert len(record.lines()) == len(SAMPLES["conform"][1])
    assert record.footer is None


def test_a_full_disk_is_named_and_leaves_no_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.jsonl"
    writer = Writer(path, sample.conform_header())
    writer.write(ScenarioLine("a", "passed", 1.0))
    real = os.write
    calls = []

    def full(fd: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) == 1:
            return real(fd, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(EngineProblem, match="No space left"):
            writer.write(ScenarioLine("b", "passed", 1.0))
    writer.write(ScenarioLine("c", "passed", 1.0))
    writer.close()
    assert [s.id for s in read(path).scenarios] == ["a", "c"]


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineProblem, match="can't be written") as caught:
        Writer(tmp_path / "file" / "results.jsonl", sample.conform_header())
    assert "--out" in caught.value.remedy


@pytest.mark.parametrize("holds", [True, False])
def test_a_finding_becomes_a_line(holds: bool) -> None:
    finding = Finding("FBK-03.status", holds, "failed", "failed", Harm.LEFT_FROZEN, "writes block")
    line = check_of(
        finding, status="passed" if holds else "failed", basis="seed", scenario="s", run="r1"
    )
    assert isinstance(line, CheckLine)
    assert (line.clause, line.rule, line.run) == ("FBK-03.status", "FBK-03", "r1")
    assert (line.harm, line.consequence) == (("", "") if holds else ("left-frozen", "writes block"))
