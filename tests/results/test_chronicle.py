"""Many records over time: what is told, and that the page is whole and harmless."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.results.chronicle import chapters, lines
from harness.results.chronicle_page import BARS, bars, points, render
from harness.results.record import Footer, Header, KitInfo, Record, RoundLine, ScenarioLine, Status
from tests.results.sample import conform_header

END = Footer({}, "conforms", 0, "2026-11-23T12:41:00Z", "")
BAD = replace(END, verdict="does-not-conform", exit_code=1)


def record(day: int, header: Header | None = None, **statuses: Status) -> Record:
    head = replace(header or conform_header(), started=f"2026-11-{day:02}T12:00:00Z")
    scenarios = tuple(ScenarioLine(name, status, 1.0) for name, status in statuses.items())
    end = BAD if "failed" in statuses.values() else END
    return Record(head, tuple(statuses), scenarios, footer=end)


def test_records_stand_in_the_order_of_time() -> None:
    [chapter] = chapters([record(3, a="passed"), record(1, a="failed"), record(2, a="passed")])
    assert [entry.day for entry in chapter.entries] == [f"2026-11-0{n} 12:00" for n in (1, 2, 3)]
    assert [entry.fails for entry in chapter.entries] == [1, 0, 0]
    assert [row.cells for row in chapter.rows] == [("fails", "holds", "holds")]


def test_only_what_did_not_always_hold_has_a_row() -> None:
    found = [
        record(1, a="passed", b="passed", c="passed", d="passed"),
        record(2, a="passed", b="skipped", c="warned"),
    ]
    [chapter] = chapters(found)
    assert {row.scenario: row.cells[1] for row in chapter.rows} == {
        "b": "not judged", "c": "warned",
    }  # fmt: skip
    known = replace(found[1], scenarios=(ScenarioLine("a", "warned", 1.0, deviation="x"),))
    assert chapters([known])[0].rows[0].cells == ("known",)


def test_what_never_ran_was_not_judged() -> None:
    torn = replace(record(1, a="passed"), plan=("a", "b"), footer=None)
    [chapter] = chapters([torn])
    assert chapter.entries[0].others == 1
    assert chapter.entries[0].verdict == "incomplete"


def test_each_thing_has_a_chapter_of_its_own() -> None:
    kit = replace(conform_header(), kit=KitInfo("ledger"))
    told = chapters([record(1, a="passed"), record(2, kit, a="passed"), record(3, a="passed")])
    assert [len(chapter.entries) for chapter in told] == [2, 1]
    assert "kit ledger" in told[1].subject


def rounds(day: int, pause: float) -> Record:
    line = RoundLine(1, "a", "r", "passed", "application", "application", pause=pause, freeze=0.05)
    return replace(record(day, a="passed"), rounds=(line,))


def test_the_table() -> None:
    [chapter] = chapters([rounds(1, 0.2), rounds(2, 0.3), record(3, a="failed")])
    shown = list(lines(chapter))
    assert shown[1].endswith(
        "conforms            1 hold   0 fail   0 other  pause 200 ms, freeze 50 ms"
    )
    assert "  |..F| a" in shown


def test_one_failure_among_hundreds_is_seen() -> None:
    statuses: dict[str, Status] = {f"s{n}": "passed" for n in range(400)}
    [chapter] = chapters([record(1, None, **{**statuses, "s7": "failed"})])
    drawn = bars(chapter.entries)
    assert [bar.kind for bar in drawn] == ["fails", "holds"]
    assert drawn[0].height >= 2
    assert drawn[1].height <= BARS


def test_points_are_to_scale() -> None:
    low, high = points([0.1, None, 0.2], 0.2, "pause")
    assert (low.x, high.x) == (13, 65)
    assert low.y > high.y == pytest.approx(4)
    assert low.told == "pause 100 ms"


def test_the_page_is_whole_and_fetches_nothing() -> None:
    hostile = {"<script>alert(1)</script>\x1b[31m": "failed", "a": "passed"}
    page = render(chapters([rounds(1, 0.2), rounds(2, 0.3), record(3, None, **hostile)]))  # type: ignore[arg-type]
    ET.fromstring(re.sub(r"<!doctype html>|<meta[^>]*>", "", page))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert not re.search(r"(src|href)=|url\(|https?:", page)
    assert page.count("<svg") == 3
    assert "<title>pause 300 ms</title>" in page
