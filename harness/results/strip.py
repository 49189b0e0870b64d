"""The timeline of a run in plain characters, for a terminal and for a CI system's log.

One row a lane, to scale; what the observers leave open (the edges of a freeze) is drawn lighter,
and whatever is too short for its place still gets one character. Faults stand below with numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.results.plain import one_line, seconds
from harness.results.timeline import Lane, Panel, SegmentKind, Timeline

#: Characters that never mean anything else: for a segment, an edge of it, and a lane's background.
_SOLID, _EDGE, _SET, _EMPTY = "#", "-", "S", "."
_CHARACTERS: dict[SegmentKind, str] = {"edge": _EDGE, "set": _SET}
_NAME = 14
_VALUE = 18


def draw(timeline: Timeline, width: int) -> tuple[str, ...]:
    """The whole run, then the lens where there is one; no row is wider than `width`, 44 or more."""
    room = max(width - _NAME - _VALUE - 2, 10)
    panels = [("timeline", timeline.whole)]
    if timeline.lens is not None:
        panels.append((f"{timeline.magnified} x larger", timeline.lens))
    return tuple(line.rstrip() for name, panel in panels for line in _rows(name, panel, room))


def _rows(name: str, panel: Panel, room: int) -> Iterator[str]:
    ends = seconds(panel.start), seconds(panel.end)
    yield f"{name:<{_NAME}}" + ends[0] + ends[1].rjust(room - len(ends[0]))
    for lane in panel.lanes:
        head = f"{one_line(lane.name)[: _NAME - 1]:<{_NAME}}"
        yield f"{head}{_bar(panel, lane, room)}  {lane.value[:_VALUE]}"
    if panel.flags:
        marks = [" "] * room
        for flag in panel.flags:
            marks[_place(panel, flag.at, room)] = str(flag.number % 10)
        yield " " * _NAME + "".join(marks)
        for flag in panel.flags:
            yield f"{' ' * _NAME}{flag.number} {flag.text} at {seconds(flag.at)}"


def _bar(panel: Panel, lane: Lane, room: int) -> str:
    cells = [_EMPTY] * room
    # The lighter ones first: what is known is drawn over what is not.
    for segment in sorted(lane.segments, key=lambda s: s.kind != "edge"):
        character = _CHARACTERS.get(segment.kind, _SOLID)
        first, last = (_place(panel, at, room) for at in (segment.start, segment.end))
        cells[first : last + 1] = character * (last + 1 - first)
    return "".join(cells)


def _place(panel: Panel, at: float, room: int) -> int:
    return min(int(panel.share(at) / 100 * room), room - 1)
