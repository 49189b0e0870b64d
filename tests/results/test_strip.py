"""The timeline in characters: to scale, nothing hidden, no wider than asked."""

from __future__ import annotations

import pytest

from harness.history import Fault
from harness.results.strip import draw
from harness.results.timeline import build
from tests.results import sample

ONE = (sample.disk("data", "ext4", "/data", 3),)


def rows(width: int = 80, **changes: object) -> dict[str, str]:
    history = sample.history("r", "s", disks=ONE, **changes)  # type: ignore[arg-type]
    lines = draw(build(history), width)
    assert all(len(line) <= width for line in lines)
    whole = lines[: len(build(history).whole.lanes) + 1]
    return {line[:13].strip(): line[14:] for line in whole}


def test_each_lane_has_its_row_and_the_order_can_be_read() -> None:
    seen = rows()
    pre, freeze, taken, post = (
        seen[name] for name in ("pre-script", "freeze data", "snapshot", "post-script")
    )
    first = [row.index("#") for row in (pre, freeze, taken, post)]
    assert first == sorted(first)
    assert "S" in taken
    assert freeze.index("#") <= taken.index("S") <= freeze.rindex("#")


def test_what_the_samples_leave_open_is_drawn_lighter() -> None:
    bar = rows(200)["freeze data"]
    assert bar.index("-") < bar.index("#") < bar.rindex("-")


def test_faults_are_numbered_below() -> None:
    instant = sample.history("r", "s", disks=ONE).end.started + 0.5
    seen = draw(build(sample.history("r", "s", disks=ONE, faults=(Fault(instant, "kill"),))), 80)
    assert any(line.strip() == "1" for line in seen)
    assert any("1 kill at 500 ms" in line for line in seen)


@pytest.mark.parametrize("width", [44, 60, 80, 200])
def test_no_row_is_wider_than_asked(width: int) -> None:
    assert rows(width)


def test_a_lane_without_segments_is_empty_and_says_why() -> None:
    row = rows(post=())["post-script"]
    assert "#" not in row
    assert row.endswith("not run")
