"""The picture's model: to scale, nothing on top of another, nothing invented."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Fault, Freeze, History, Mark, Snapshot
from harness.results.axis import nice_ticks
from harness.results.record import RunLine
from harness.results.timeline import Lane, Panel, Timeline, build, pause_of
from tests.results import sample, sample_kit

ONE = (sample.disk("data", "ext4", "/data", 3),)
TWO = (*ONE, sample.disk("log", "xfs", "/log", 4))


def lane(panel: Panel, name: str) -> Lane:
    return next(lane for lane in panel.lanes if lane.name == name)


def drawn(history: History) -> Timeline:
    return build(history)


def test_lengths_are_to_scale() -> None:
    panel = drawn(sample.history("r", "s", disks=ONE)).whole
    pre = lane(panel, "pre-script").segments[0]
    post = lane(panel, "post-script").segments[0]
    assert panel.width(pre) / panel.width(post) == pytest.approx(0.43 / 0.21, rel=0.01)
    whole = panel.end - panel.start
    assert panel.width(pre) == pytest.approx(0.43 / whole * 100, abs=0.01)


def test_zero_is_the_executors_start() -> None:
    panel = drawn(sample.history("r", "s", disks=ONE)).whole
    assert lane(panel, "executor").segments[0].start == 0.0
    assert lane(panel, "pre-script").segments[0].start == pytest.approx(0.01)
    assert panel.start < 0 < panel.end


def test_the_lanes_follow_the_phases() -> None:
    panel = drawn(sample.history("r", "s", disks=TWO)).whole
    assert [lane.name for lane in panel.lanes] == [
        "executor",
        "pre-script",
        "freeze data",
        "freeze log",
        "snapshot",
        "post-script",
    ]


def test_a_freeze_shows_what_the_samples_leave_open() -> None:
    segments = lane(drawn(sample.history("r", "s", disks=ONE)).whole, "freeze data").segments
    assert [s.kind for s in segments] == ["edge", "freeze", "edge"]
    for left, right in pairwise(segments):
        assert left.end == right.start


def test_the_set_lies_within_its_request() -> None:
    call, taken = lane(drawn(sample.history("r", "s", disks=ONE)).whole, "snapshot").segments
    assert (call.kind, taken.kind) == ("call", "set")
    assert call.start <= taken.start < taken.end <= call.end


def test_what_did_not_happen_is_said_and_not_drawn() -> None:
    made = sample.history("r", "s", disks=ONE, pre=(), post=(), freeze=None, snapshot=None)
    panel = drawn(made).whole
    for name, value in (
        ("pre-script", "not run"),
        ("freeze data", "not frozen"),
        ("snapshot", "not asked for"),
        ("post-script", "not run"),
    ):
        assert (lane(panel, name).segments, lane(panel, name).value) == ((), value)


def test_attempts_are_numbered() -> None:
    made = sample.history("r", "s", disks=ONE, pre=((0.02, 0.1), (0.12, 0.2), (0.22, 0.4)))
    shown = lane(drawn(made).whole, "pre-script")
    assert [s.text for s in shown.segments] == ["1", "2", "3"]
    assert shown.value == "3 attempts, 340 ms"


def test_marks_stand_in_where_the_kernel_told_nothing() -> None:
    made = sample.history("r", "s", disks=ONE)
    marks = (
        Mark(sample.BOOT + 0.1, "pre", "start", 1, 5),
        Mark(sample.BOOT + 0.3, "pre", "end", 1, 5),
        Mark(sample.BOOT + 0.7, "post", "start", 1, 6),
    )
    panel = drawn(dataclasses.replace(made, script_runs=(), marks=marks)).whole
    assert lane(panel, "pre-script").value == "200 ms"
    post = lane(panel, "post-script").segments[0]
    assert "no end was seen" in post.title
    assert post.end == pytest.approx(made.ended - made.end.started)


def test_a_disk_left_frozen_is_red_and_flagged() -> None:
    made = sample.history("r", "s", disks=ONE, rescued=True)
    panel = drawn(made).whole
    assert "rescued" in [s.kind for s in lane(panel, "freeze data").segments]
    assert [f.text for f in panel.flags] == ["rescue thaw of data"]
    never = dataclasses.replace(
        made,
        freezes=(Freeze("data", None, sample.BOOT + 0.4, sample.BOOT + 0.8, None),),
    )
    assert "still frozen at the end" in lane(drawn(never).whole, "freeze data").segments[0].title


def test_an_unanswered_request_stays_open() -> None:
    made = sample.history("r", "s", disks=ONE, snapshot=None, unanswered=0.5)
    segment = lane(drawn(made).whole, "snapshot").segments[0]
    assert segment.kind == "open"
    assert "never answered" in segment.title


def test_a_kill_is_flagged_once() -> None:
    made = sample.history("r", "s", disks=ONE, killed=0.5)
    assert [f.text for f in drawn(made).whole.flags] == ["executor killed"]
    told = dataclasses.replace(made, faults=(Fault(sample.BOOT + 0.5, "kill executor"),))
    assert [f.text for f in drawn(told).whole.flags] == ["kill executor"]
    assert lane(drawn(made).whole, "executor").value == "killed"


def test_flags_never_cover_each_other() -> None:
    faults = tuple(Fault(sample.BOOT + 0.5 + i * 0.004, f"fault {i}") for i in range(12))
    panel = drawn(sample.history("r", "s", disks=ONE, faults=faults)).whole
    assert panel.flag_rows > 1
    for a, b in ((a, b) for a in panel.flags for b in panel.flags if a.number < b.number):
        assert a.row != b.row or abs(panel.share(a.at) - panel.share(b.at)) >= 6.0


def test_the_lens_shows_the_decisive_moments_and_all_of_them() -> None:
    made = sample.history(
        "r",
        "s",
        disks=ONE,
        pre=((1.0, 2.0),),
        freeze=(2.1, 2.2),
        snapshot=(2.12, 2.18),
        post=((2.3, 3.0),),
        length=6.0,
    )
    timeline = drawn(made)
    lens = timeline.lens
    assert lens is not None
    assert timeline.magnified >= 3
    for name in ("freeze data", "snapshot"):
        for segment in lane(lens, name).segments:
            assert lens.start < segment.start < segment.end < lens.end
    assert "executor" not in [lane.name for lane in lens.lanes]


def test_no_lens_where_it_would_show_nothing_new() -> None:
    made = sample.history("r", "s", disks=ONE, freeze=(0.1, 0.8), snapshot=(0.2, 0.7))
    assert drawn(made).lens is None


def test_a_long_silence_gives_the_lens_to_the_busy_side() -> None:
    made = sample.history(
        "r", "s", disks=ONE, freeze=(0.5, 75.0), snapshot=None, post=(), length=78, killed=0.6
    )
    lens = drawn(made).lens
    assert lens is not None
    assert lens.end < 1.5


def test_the_applications_silence_is_measured_around_the_set() -> None:
    run = next(line for line in sample_kit.certify_lines() if isinstance(line, RunLine)).history
    pause = pause_of(run)
    assert pause is not None
    taken = run.snapshots[0].taken_from
    assert taken is not None
    assert run.application is not None
    acknowledged = [o.acknowledged for o in run.application.operations if o.acknowledged]
    assert not [a for a in acknowledged if pause[0] < a < pause[1]]
    assert pause[0] < taken < pause[1]
    panel = drawn(run).whole
    shown = lane(panel, "application")
    assert shown.bars
    first, last = (int(panel.share(p - run.end.started) / 100 * len(shown.bars)) for p in pause)
    assert not any(shown.bars[first + 1 : last])
    assert any(shown.bars[:first])
    assert any(shown.bars[last + 1 :])


def test_no_pause_without_a_set_or_acknowledgements() -> None:
    run = next(line for line in sample_kit.certify_lines() if isinstance(line, RunLine)).history
    assert pause_of(dataclasses.replace(run, snapshots=())) is None
    assert run.application is not None
    idle = dataclasses.replace(run.application, operations=())
    assert pause_of(dataclasses.replace(run, application=idle)) is None
    assert drawn(dataclasses.replace(run, application=idle)).whole.lanes[-1].value == "0 writes"


def test_a_run_without_any_length_is_still_drawn() -> None:
    made = sample.history(
        "r", "s", disks=(), pre=(), post=(), freeze=None, snapshot=None, length=0.03
    )
    at = made.end.started
    made = dataclasses.replace(made, end=dataclasses.replace(made.end, ended=at), ended=at)
    made = dataclasses.replace(made, snapshots=(Snapshot(1, at, at, 0),))
    panel = drawn(made).whole
    assert panel.end > panel.start
    assert 0 <= panel.share(0.0) <= 100


@given(st.floats(-50, 500), st.floats(0.0005, 5000))
def test_ticks_are_round_few_and_distinct(start: float, span: float) -> None:
    ticks = nice_ticks(start, start + span)
    assert 2 <= len(ticks) <= 11
    assert 1 <= sum(t.major for t in ticks) <= 5
    labels = [t.label for t in ticks]
    assert len(set(labels)) == len(labels)
    margin = span * 1e-6
    assert all(start - margin <= t.at <= start + span + margin for t in ticks)


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ((0.0, 0.9), "0", "900 ms"),
        ((0.0, 2.6), "0", "2.5 s"),
        ((0.93, 1.34), "0.95 s", "1.30 s"),
        ((0.0, 0.004), "0", "4.0 ms"),
        ((-3.0, 78.0), "0", "70 s"),
    ],
)
def test_tick_labels(window: tuple[float, float], first: str, last: str) -> None:
    labels = [tick.label for tick in nice_ticks(*window)]
    assert (labels[0], labels[-1]) == (first, last)
