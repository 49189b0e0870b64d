"""The terminal view: readable without colour, in 80 columns, in a log."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import pytest

from harness.results.record import Header, Line, ScenarioLine
from harness.results.terminal import Terminal
from harness.results.writer import Writer
from tests.results import sample, sample_kit


def shown(
    tmp_path: Path, header: Header, lines: list[Line], *, quiet: bool = False, live: bool = False
) -> str:
    out = io.StringIO()
    ticks = itertools.count()
    view = Terminal(
        sample.CLAUSES, quiet=quiet, file=out, width=80, live=live, clock=lambda: next(ticks) * 0.5
    )
    with view, Writer(tmp_path / "results.jsonl", header, [view]) as writer:
        for line in lines:
            if isinstance(line, ScenarioLine):
                writer.started(line.id, "gw0")
            writer.write(line)
    writer.announce([Path("reports/x/report.html"), Path("reports/x/results.jsonl")])
    return out.getvalue()


@pytest.fixture
def conform(tmp_path: Path) -> str:
    return shown(tmp_path, sample.conform_header(), list(sample.conform_lines()))


def test_no_colour_and_80_columns(conform: str) -> None:
    assert "\x1b" not in conform
    for line in conform.splitlines():
        assert len(line) <= 80 or line.lstrip().startswith("replay"), line


def test_a_failure_reads_whole(conform: str) -> None:
    block = """\
  FAILED   26/32 1 min 19 s  robustness::killed_between_freeze_and_thaw [ext4]
           FRZ-03.thawed (ext4, data)
           rule     Whatever happens, no filesystem stays frozen.
           expected every disk thawed within 10 s of the kill
           observed disk data was frozen until the host's rescue thawed it after
                    75.0 s
           means    Every write to /data blocks until somebody thaws it by hand.
"""
    assert block in conform


def test_a_failure_shows_its_timeline(conform: str) -> None:
    start = conform.index("FAILED   26/32")
    block = conform[start : conform.index("replay", start)]
    assert "           timeline " in block
    assert any("freeze data" in line and "#" in line for line in block.splitlines())


def test_a_hang_says_what_to_do(conform: str) -> None:
    assert "remedy   bound the wait for the snapshot command (SNP-02)" in conform
    assert "HUNG     28/32" in conform


def test_the_verdict_closes_it(conform: str) -> None:
    tail = conform[conform.index("────") :]
    assert "Does not conform   (exit code 1)" in tail
    assert "FBK-07.claim" in tail
    assert "report    reports/x/report.html" in tail


def test_quiet_leaves_failures_and_the_verdict(tmp_path: Path) -> None:
    text = shown(tmp_path, sample.conform_header(), list(sample.conform_lines()), quiet=True)
    assert "passed " not in text.split("────")[0]
    assert "FAILED" in text
    assert "Does not conform" in text


def test_rounds_and_controls(tmp_path: Path) -> None:
    text = shown(tmp_path, sample_kit.certify_header(), list(sample_kit.certify_lines(bad=True)))
    assert "round 1: application as claimed" in text
    assert "round 4: claimed application, reached crash" in text
    assert "3 lost" in text
    assert "sabotaged evidence: 4 of 4 caught" in text
    assert "differs   script control: no scripts, no freeze" in text
    assert "Not certified at level 3   (exit code 1)" in text


def test_hostile_text_commands_nothing(conform: str) -> None:
    assert "\x07" not in conform
    assert "\\x07" in conform
    assert "<script>alert(1)</script>" in conform


def test_the_live_view_shows_what_runs(tmp_path: Path) -> None:
    out = io.StringIO()
    view = Terminal(file=out, width=80, live=True, clock=lambda: 10.0)
    with view:
        view.begun(sample.conform_header())
        view.recorded(next(sample.conform_lines()))
        view.started("scenarios/test_freeze.py::test_thawed[xfs]", "gw1")
        view.console.print(view._bottom())
    assert "0/32" in out.getvalue()
    assert "gw1   freeze::thawed [xfs]" in out.getvalue()


def test_a_terminal_without_unicode_is_no_accident(tmp_path: Path) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    view = Terminal(file=out, width=80, live=False)
    with view, Writer(tmp_path / "results.jsonl", sample.conform_header(), [view]) as writer:
        writer.close(interrupted="ended by café")
    writer.announce([])
    out.flush()
    assert b"caf\\xe9" in raw.getvalue()
