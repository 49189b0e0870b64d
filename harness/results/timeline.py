"""The picture of one backup run as a model: lanes, segments, flags and ticks, all to one scale.

Pure: a `History` in, positions out. Instants of the model are seconds since the executor was
started; `Panel.share` turns them into percent of the panel's width, so that a rendering needs no
arithmetic. A run whose decisive moments are a small part of it gets a second panel, a lens on
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from harness.history import Freeze, History, Snapshot
from harness.results.axis import Tick, nice_ticks
from harness.results.plain import one_line, seconds

SegmentKind = Literal[
    "executor", "pre", "post", "freeze", "edge", "rescued", "call", "set", "open", "pause"
]

_BINS = 120
_APPLICATION = "application"
_EXECUTOR = "executor"
#: Nearer than this, in percent of the width, two flags stand in rows of their own.
_FLAG_ROOM = 6.0
#: A lens is drawn where the decisive moments take less than this share of the run.
_LENS_BELOW = 0.3
_LENS_GAP = 0.5


@dataclass(frozen=True)
class Segment:
    """An interval of a lane. `text` fits into a wide one, `title` says all of it."""

    start: float
    end: float
    kind: SegmentKind
    title: str
    text: str = ""


@dataclass(frozen=True)
class Lane:
    """One row. `value` sums it up for a reader; `bars` are heights from 0 to 1 over the panel."""

    name: str
    detail: str
    value: str
    segments: tuple[Segment, ...] = ()
    bars: tuple[float, ...] = ()


@dataclass(frozen=True)
class Flag:
    """A fault or a kill: an instant with a number; `row` keeps neighbours from overlapping."""

    at: float
    number: int
    text: str
    row: int = 0


@dataclass(frozen=True)
class Panel:
    """Lanes over one window of time."""

    start: float
    end: float
    lanes: tuple[Lane, ...]
    flags: tuple[Flag, ...]
    ticks: tuple[Tick, ...]

    def share(self, at: float) -> float:
        """Where an instant stands, in percent of the width, clipped to the panel."""
        whole = self.end - self.start
        return round(min(max((at - self.start) / whole, 0.0), 1.0) * 100, 3)

    def width(self, segment: Segment) -> float:
        """How wide a segment is, in percent."""
        return round(self.share(segment.end) - self.share(segment.start), 3)

    @property
    def flag_rows(self) -> int:
        return max((flag.row + 1 for flag in self.flags), default=0)


@dataclass(frozen=True)
class Timeline:
    """The whole run, and the lens on its decisive moments where that helps."""

    whole: Panel
    lens: Panel | None
    summary: str

    @property
    def magnified(self) -> int:
        """How many times larger the lens shows things."""
        if self.lens is None:
            return 1
        return round((self.whole.end - self.whole.start) / (self.lens.end - self.lens.start))


def build(history: History) -> Timeline:
    """The timeline of a run."""
    zero = history.end.started
    lanes = tuple(_lanes(history, zero))
    flags = _flags(history, zero)
    moments = sorted(
        {m for lane in lanes for s in lane.segments for m in (s.start, s.end)}
        | {flag.at for flag in flags}
    )
    window = _window(moments, 0.12 if history.application is not None else 0.03)
    acknowledged = _acknowledged(history, zero)
    whole = _panel(window, lanes, flags, acknowledged)
    near = _decisive(history, zero, moments)
    lens = _panel(near, lanes, flags, acknowledged, clip=True) if near else None
    return Timeline(whole, lens, _summary(history, lanes))


def pause_of(history: History) -> tuple[float, float] | None:
    """The silence of the application around the first set: two instants of its own clock.

    From the last acknowledgement before the set to the first after it; None where there is no
    set, or no acknowledgement on either side.
    """
    taken = next((s.taken_from for s in history.snapshots if s.taken_from is not None), None)
    if taken is None or history.application is None:
        return None
    instants = [o.acknowledged for o in history.application.operations if o.acknowledged]
    before = max((i for i in instants if i <= taken), default=None)
    after = min((i for i in instants if i > taken), default=None)
    if before is None or after is None:
        return None
    return before, after


def _lanes(history: History, zero: float) -> Iterable[Lane]:
    end = history.end
    yield Lane(
        _EXECUTOR,
        history.executor,
        _ended(history),
        (
            Segment(
                0.0,
                end.ended - zero,
                "executor",
                f"executor, {seconds(end.ended - zero)}: {_ended(history)}",
            ),
        ),
    )
    yield _script_lane(history, "pre", zero)
    for disk in history.disks:
        freezes = [f for f in history.freezes if f.disk == disk.name]
        yield Lane(
            f"freeze {disk.name}",
            disk.filesystem,
            _total(f.last - f.first for f in freezes) or "not frozen",
            tuple(s for f in freezes for s in _freeze(f, history, zero)),
        )
    yield Lane(
        "snapshot",
        "",
        _total((s.answered or history.ended) - s.requested for s in history.snapshots)
        or "not asked for",
        tuple(s for call in history.snapshots for s in _snapshot(call, history, zero)),
    )
    yield _script_lane(history, "post", zero)
    if history.application is not None:
        yield _application(history, zero)


def _script_lane(history: History, script: Literal["pre", "post"], zero: float) -> Lane:
    spans = [(r.started, r.ended) for r in history.script_runs if r.script == script]
    if not spans:
        ends = [m.at for m in history.marks if m.script == script and m.point == "end"]
        spans = [(m.at, next((e for e in ends if e >= m.at), None)) for m in history.starts(script)]
    segments = []
    for number, (started, ended) in enumerate(spans, 1):
        until = history.ended if ended is None else ended
        took = f"{seconds(until - started)}" + ("" if ended is not None else ", no end was seen")
        title = f"{script}-script, attempt {number} of {len(spans)}: {took}"
        segments.append(
            Segment(
                started - zero,
                until - zero,
                script,
                title,
                str(number) if len(spans) > 1 else "",
            )
        )
    if not segments:
        return Lane(f"{script}-script", "", "not run")
    whole = sum(s.end - s.start for s in segments)
    times = f"{len(segments)} attempts, " if len(segments) > 1 else ""
    return Lane(f"{script}-script", "", times + seconds(whole), tuple(segments))


def _freeze(freeze: Freeze, history: History, zero: float) -> Iterable[Segment]:
    known_from = freeze.thawed_before if freeze.thawed_before is not None else freeze.first
    known_to = freeze.thawed_after if freeze.thawed_after is not None else history.ended
    edge = "between two samples: frozen or not"
    if known_from < freeze.first:
        yield Segment(known_from - zero, freeze.first - zero, "edge", edge)
    by = ", thawed by the host's rescue" if freeze.rescued else ""
    never = ", still frozen at the end" if freeze.thawed_after is None else ""
    took = seconds(freeze.last - freeze.first)
    yield Segment(
        freeze.first - zero,
        freeze.last - zero,
        "rescued" if freeze.rescued or never else "freeze",
        f"{freeze.disk} frozen for {took}{by}{never}",
    )
    if known_to > freeze.last:
        yield Segment(freeze.last - zero, known_to - zero, "edge", edge)


def _snapshot(call: Snapshot, history: History, zero: float) -> Iterable[Segment]:
    until = call.answered if call.answered is not None else history.ended
    said = "never answered" if call.answer is None else f"exit status {call.answer}"
    yield Segment(
        call.requested - zero,
        until - zero,
        "open" if call.answered is None else "call",
        f"snapshot request {call.number}: {seconds(until - call.requested)}, {said}",
    )
    if call.taken_from is not None and call.taken_to is not None:
        yield Segment(
            call.taken_from - zero,
            call.taken_to - zero,
            "set",
            f"snapshot set taken within {seconds(call.taken_to - call.taken_from)}",
        )


def _application(history: History, zero: float) -> Lane:
    assert history.application is not None
    number = sum(o.acknowledged is not None for o in history.application.operations)
    pause = pause_of(history)
    if pause is None:
        return Lane(_APPLICATION, "writes", f"{number:,} writes")
    took = seconds(pause[1] - pause[0])
    segment = Segment(
        pause[0] - zero, pause[1] - zero, "pause", f"no write acknowledged for {took}"
    )
    return Lane(_APPLICATION, "writes", f"{took} pause", (segment,))


def _flags(history: History, zero: float) -> tuple[Flag, ...]:
    found = [(f.at - zero, one_line(f.what)) for f in history.faults]
    killed = history.end.killed
    if killed is not None and not any("kill" in text for _, text in found):
        found.append((killed - zero, "executor killed"))
    found += [(f.last - zero, f"rescue thaw of {f.disk}") for f in history.freezes if f.rescued]
    return tuple(Flag(at, number, text) for number, (at, text) in enumerate(sorted(found), start=1))


def _panel(
    window: tuple[float, float],
    lanes: Sequence[Lane],
    flags: Sequence[Flag],
    acknowledged: Sequence[float],
    *,
    clip: bool = False,
) -> Panel:
    start, end = window
    shown = []
    for lane in lanes:
        inside = tuple(s for s in lane.segments if s.end >= start and s.start <= end)
        if clip and (not inside or lane.name == _EXECUTOR):
            continue
        bars = _bars(acknowledged, start, end) if lane.name == _APPLICATION else ()
        shown.append(replace(lane, segments=inside, bars=bars))
    seen = [f for f in flags if start <= f.at <= end]
    panel = Panel(start, end, tuple(shown), (), nice_ticks(start, end))
    return replace(panel, flags=_stacked(seen, panel))


def _stacked(flags: Sequence[Flag], panel: Panel) -> tuple[Flag, ...]:
    rows: list[float] = []
    placed = []
    for flag in flags:
        at = panel.share(flag.at)
        row = next((i for i, last in enumerate(rows) if at - last >= _FLAG_ROOM), len(rows))
        rows[row : row + 1] = [at]
        placed.append(replace(flag, row=row))
    return tuple(placed)


def _bars(instants: Sequence[float], start: float, end: float) -> tuple[float, ...]:
    counts = [0] * _BINS
    for instant in instants:
        if start <= instant < end:
            counts[int((instant - start) / (end - start) * _BINS)] += 1
    highest = max(counts) or 1
    return tuple(round(number / highest, 3) for number in counts)


def _window(moments: Sequence[float], margin: float) -> tuple[float, float]:
    low, high = moments[0], moments[-1]
    pad = max(high - low, 0.001) * margin
    return low - pad, high + pad


def _decisive(
    history: History, zero: float, moments: Sequence[float]
) -> tuple[float, float] | None:
    """The window of the lens: what lies on the fuller side of a long silence, else the freeze."""
    whole = moments[-1] - moments[0]
    gaps = [(b - a, i) for i, (a, b) in enumerate(pairwise(moments), 1)]
    longest, cut = max(gaps, default=(0.0, 0))
    if longest > _LENS_GAP * whole:
        side = max(moments[:cut], moments[cut:], key=len)
        if len(side) > 2 and side[-1] - side[0] < _LENS_BELOW * whole:
            return _window(side, 0.06)
    core = [i for f in history.freezes for i in (f.first, f.last)]
    core += [i for s in history.snapshots for i in (s.requested, s.answered) if i is not None]
    if not core:
        return None
    core += pause_of(history) or ()
    pre = [r for r in history.script_runs if r.script == "pre" and r.ended is not None]
    post = [r for r in history.script_runs if r.script == "post" and r.ended is not None]
    scripts = [i for r in (*pre, *post) for i in (r.started, r.ended) if i is not None]
    between = [r.ended for r in pre[-1:] if r.ended is not None] + [r.started for r in post[:1]]
    for more in (scripts, between, []):  # as much of the scripts as the lens can hold
        first, last = min(core + more) - zero, max(core + more) - zero
        if first < last < first + _LENS_BELOW * whole:
            return _window((first, last), 0.1)
    return None


def _acknowledged(history: History, zero: float) -> tuple[float, ...]:
    if history.application is None:
        return ()
    operations = history.application.operations
    return tuple(o.acknowledged - zero for o in operations if o.acknowledged is not None)


def _ended(history: History) -> str:
    end = history.end
    if end.hung:
        return "hung"
    if end.killed is not None:
        return "killed"
    if end.outcome is not None:
        claimed = end.outcome.status == "succeeded"
        return f"claims {end.outcome.consistency}" if claimed else end.outcome.status
    return "no status"


def _total(lengths: Iterable[float]) -> str:
    found = list(lengths)
    return seconds(sum(found)) if found else ""


def _summary(history: History, lanes: Sequence[Lane]) -> str:
    parts = [f"{lane.name}: {lane.value}" for lane in lanes]
    return f"Timeline of run {history.id}. " + "; ".join(parts)
