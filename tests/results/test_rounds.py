"""Rounds in summary: percentiles, kinds of backups, and where they are shown."""

from __future__ import annotations

import io

import pytest

from harness.results.record import Footer, RoundLine
from harness.results.rounds import percentile, summaries
from harness.results.terminal import Terminal
from harness.results.wording import round_sentence
from tests.results.sample_kit import certify_header

FOOTER = Footer({}, "conforms", 0, "2026-11-26T10:00:00Z", "sha256:0")


def line(number: int, pause: float | None = None, **more: object) -> RoundLine:
    facts = {
        "number": number,
        "scenario": "s",
        "run": f"r{number}",
        "status": "passed",
        "claimed": "application",
        "reached": "application",
        "acknowledged": 100,
        "pause": pause,
    }
    return RoundLine(**{**facts, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.75, 3.0), (0.95, 4.0), (1.0, 4.0)]
)
def test_percentiles_are_values_that_were_seen(part: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], part) == expected


def test_one_value_is_all_of_them() -> None:
    (only,) = summaries([line(1, 0.2)])[0].spreads
    assert (only.median, only.p95, only.worst, only.count) == (0.2, 0.2, 0.2, 1)


def test_backups_are_told_apart_by_their_fault() -> None:
    rounds = [
        *(line(n, n / 10) for n in range(1, 21)),
        line(21, 9.0, fault="the executor was killed", claimed="none", reached="crash"),
        line(21, None, fault="the executor was killed", after_fault=True, lost=1),
    ]
    plain, under, after = summaries(rounds)
    assert (plain.name, plain.backups, plain.acknowledged) == ("without a fault", 20, 2000)
    (pause,) = plain.spreads
    assert (pause.median, pause.p95, pause.worst) == (1.0, 1.9, 2.0)
    assert under.spreads[0].worst == 9.0
    assert (after.lost, after.spreads) == (1, ())
    assert str(after) == (
        "1 backup after a fault: 100 writes acknowledged, 1 lost, 0 phantom, 0 torn"
    )


def test_no_rounds_no_summary() -> None:
    assert summaries([]) == ()


def test_a_sentence_says_which_backup_of_a_round() -> None:
    fault = "the executor was killed 4 ms after the first thaw was asked for"
    faulty = round_sentence(line(6, 0.2, fault=fault, quiesced=0.3))
    assert faulty.startswith("round 6: application as claimed, 100 acknowledged, 0 lost, ")
    assert faulty.endswith(f"quiesced 300 ms, pause 200 ms, {fault}")
    following = round_sentence(line(6, 0.2, fault=fault, after_fault=True))
    assert following.startswith("round 6, next backup: application as claimed")
    assert fault not in following


def test_the_terminal_shows_the_figures_at_the_end() -> None:
    out = io.StringIO()
    with Terminal(file=out, width=80, live=False) as terminal:
        terminal.begun(certify_header())
        for number in range(1, 4):
            terminal.recorded(line(number, number / 10, freeze=0.05))
        terminal.closed(FOOTER, ())
    text = out.getvalue()
    assert "3 backups without a fault: 300 writes acknowledged, 0 lost" in text
    assert "pause of writes  median 200 ms, p95 300 ms, worst 300 ms" in text
    assert "freeze           median 50 ms, p95 50 ms, worst 50 ms" in text
