"""The terminal view: readable without colour, in 80 columns, in a log."""

from __future__ import annotations

import io
import itertools
import threading
from pathlib import Path

import pytest

from harness.contract.errors import DOCUMENTED, ERRORS
from harness.results.pulse import Pulse
from harness.results.record import CheckLine, Header, Line, PlanLine, RunLine, ScenarioLine
from harness.results.terminal import Terminal
from harness.results.writer import Writer
from tests.results import sample, sample_kit
from tests.results.test_formats import error_record

ABOUT = """\
snapcert 0.1.0
  kit ledger 1.0.0, executor reference 0.1.0, level 3, rules strict, seed 7, 2 workers
  docker 20.10.24, kernel 6.18.5, snapcert-guest:bookworm@sha256:41ab07c2
"""


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
    assert_narrow(conform)


@pytest.mark.parametrize("bad", [False, True])
def test_a_certification_too(tmp_path: Path, bad: bool) -> None:
    header = sample_kit.certify_header()
    text = shown(tmp_path, header, list(sample_kit.certify_lines(bad=bad)))
    assert_narrow(text)
    assert " ".join(ABOUT.split()) in " ".join(text.split())


def assert_narrow(text: str) -> None:
    """But for what is to be copied."""
    assert "\x1b" not in text
    for line in text.splitlines():
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


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_error_is_shown_with_its_message_and_action(tmp_path: Path, name: str) -> None:
    header, lines = sample.conform_header(), list(error_record(name).lines())
    order = [RunLine, CheckLine, ScenarioLine]
    told = sorted((x for x in lines if type(x) in order), key=lambda line: order.index(type(line)))
    text = " ".join(shown(tmp_path, header, told).split())
    assert f"{name} means {ERRORS[name].message} do {ERRORS[name].action}" in text


def test_a_log_tells_now_and_then_what_runs() -> None:
    out = io.StringIO()
    now = [0.0]
    view = Terminal(file=out, width=80, live=False, clock=lambda: now[0])
    lines = list(sample.conform_lines())
    names = [f"scenarios/test_freeze.py::test_{'long_' * n}thawed[xfs]" for n in range(1, 7)]
    with view:
        view.begun(sample.conform_header())
        for line in lines[:13]:
            view.recorded(line)
        now[0] = 90.0
        for name in names:
            view.started(name, "gw0")
        now[0] = 100.0
        before = out.getvalue()
        view.progress()
    told = out.getvalue()[len(before) :].splitlines()
    assert told[0] == "  running  3/32; 1 min 40 s, about 16 min 07 s left"
    assert told[1] == "           now freeze::long_thawed [xfs] for 10.0 s"
    assert told[-1] == "           and 2 more"
    assert "\x1b" not in out.getvalue()
    assert all(len(line) <= 80 for line in told)


def test_the_pulse_beats_until_it_is_left() -> None:
    beaten = threading.Event()
    with Pulse(beaten.set, 0.001) as pulse:
        assert beaten.wait(10)
    assert not pulse._thread.is_alive()


def test_quiet_and_live_views_have_no_pulse() -> None:
    out = io.StringIO()
    assert Terminal(file=out, width=80, live=False)._pulse is not None
    assert Terminal(file=out, width=80, live=False, quiet=True)._pulse is None
    assert Terminal(file=out, width=80, live=True)._pulse is None


def test_what_was_left_out_is_not_told_again(tmp_path: Path) -> None:
    lines: list[Line] = [PlanLine(("a",)), ScenarioLine("a", "passed", 1.0), PlanLine((), ("b",))]
    assert shown(tmp_path, sample.conform_header(), lines).count("1 scenario\n") == 1


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
