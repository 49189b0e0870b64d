"""The chronicle as one self-contained page: inline SVG, no script, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.results.chronicle import Chapter, Entry
from harness.results.plain import one_line, seconds

#: Pixels of a column, of a row, of the bars' and of the times' heights, and beside the picture.
COLUMN, ROW, BARS, TIMES, MARGIN = 26, 18, 70, 90, 8


@dataclass(frozen=True)
class Bar:
    """A part of a run's column; `kind` is its colour's name, `y` grows downward."""

    x: int
    y: float
    height: float
    kind: str


@dataclass(frozen=True)
class Point:
    """A median in the picture of times, with its words."""

    x: float
    y: float
    told: str


def render(chapters: Sequence[Chapter]) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("harness.results", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = one_line
    template = environment.get_template("history.html.j2")
    return template.render(chapters=[_picture(chapter) for chapter in chapters], column=COLUMN)


def bars(entries: Sequence[Entry]) -> list[Bar]:
    """Of each run what holds, what fails and the rest, from the top, to one scale."""
    most = max((e.holds + e.fails + e.others for e in entries), default=0) or 1
    found = []
    for number, entry in enumerate(entries):
        y = 0.0
        for kind, count in (
            ("fails", entry.fails), ("others", entry.others), ("holds", entry.holds),
        ):  # fmt: skip
            height = BARS * count / most
            if count:
                # One failure among hundreds must be seen.
                height = max(height, 2.0)
                found.append(Bar(number * COLUMN, y, height, kind))
            y += height
    return found


def points(values: Sequence[float | None], longest: float, what: str) -> list[Point]:
    """One series of medians; runs without one are left out."""
    return [
        Point(
            number * COLUMN + COLUMN / 2,
            TIMES - (TIMES - 4) * value / longest,
            f"{what} {seconds(value)}",
        )
        for number, value in enumerate(values)
        if value is not None
    ]


def _picture(chapter: Chapter) -> dict[str, Any]:
    entries = chapter.entries
    pauses, freezes = [e.pause for e in entries], [e.freeze for e in entries]
    known = [value for value in (*pauses, *freezes) if value is not None]
    longest = max(known, default=0.0) or 1.0
    return {
        "subject": chapter.subject,
        "entries": entries,
        "rows": chapter.rows,
        "width": len(entries) * COLUMN,
        "bars": bars(entries),
        "bars_height": BARS + 2 * MARGIN,
        "times_height": TIMES + MARGIN,
        "longest": seconds(longest) if known else "",
        "series": [
            ("pause", points(pauses, longest, "pause")),
            ("freeze", points(freezes, longest, "freeze")),
        ],
        "row_height": ROW,
    }
