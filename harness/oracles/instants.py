"""When things happened, with what an observer can't know kept apart from what it proves.

Every stamp is made by an observer a moment after the fact: a mark while its script waits, the
start and end of a process when its event is read, a freeze between two samples. So an instant is
a pair: not before `early`, not after `late`. An oracle blames only what the pair proves; a correct
executor is never blamed for the sampling. Seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.history import Freeze, History, Instant, Mark, ScriptName

#: How late the event of a process's start or end may be read on a busy machine, in seconds.
EVENT_LATE = 0.25

#: How late that of a script's end may be read: nobody waits for it. 0.26 s were seen with a load of
#: 36 on two cores. A script that marks its end is known more closely.
END_LATE = 1.0

#: A freeze that lasts so long is seen by the watch even on a busy machine, in seconds.
ALWAYS_SAMPLED = 0.4


@dataclass(frozen=True)
class When:
    """An instant that lies between `early` and `late`, both included."""

    early: Instant
    late: Instant

    def surely_before(self, other: When) -> bool:
        """Proven to lie before the other."""
        return self.late < other.early


def freeze_began(freeze: Freeze) -> When:
    """When a disk was frozen: after the last sample that saw it thawed."""
    before = -math.inf if freeze.thawed_before is None else freeze.thawed_before
    return When(before, freeze.first)


def freeze_ended(freeze: Freeze) -> When:
    """When a disk was thawed; the end is open where it was not, within the record."""
    return When(freeze.last, math.inf if freeze.thawed_after is None else freeze.thawed_after)


def first_start(history: History, script: ScriptName) -> When | None:
    """When the first attempt of a script started; None where it never did."""
    return _first(history, script, -math.inf)


def post_start(history: History) -> When | None:
    """When this run's own post-script started first.

    A run that recovers an interrupted one starts that one's post-script before its own pre-script
    (ROB-05); that start is not meant here. What parts the two is the mark of a script that has
    marks, because it waits while its mark is read; the event of a start may be read late.
    """
    marks = history.starts("pre")
    pre = first_start(history, "pre")
    since = marks[0].at if marks else pre.late if pre else -math.inf
    later = [m.at for m in history.starts("post") if m.at >= since]
    if not later:
        return _first(history, "post", since)
    # The kernel's event of that very start may have come before its mark, and is the closer.
    starts = [r.started for r in history.script_runs if r.script == "post"]
    late = min([later[0], *(s for s in starts if since <= s and later[0] - EVENT_LATE <= s)])
    return When(late - EVENT_LATE, late)


def own_starts(history: History, script: str) -> tuple[Mark, ...]:
    """The start marks of this run's own script, without those of a recovery before its pre."""
    pre = history.starts("pre")
    return tuple(
        m for m in history.starts(script) if script == "pre" or not pre or m.at >= pre[0].at
    )


def last_end(history: History, script: ScriptName) -> When | None:
    """When the last attempt of a script ended; None where it never started or never ended.

    A script waits while its mark is read: so it ended after each of its marks, whatever the event
    of its end says.
    """
    runs = [r for r in history.script_runs if r.script == script]
    marks = [m.at for m in history.marks if m.script == script]
    if any(r.ended is None for r in runs):
        return None
    ends = [r.ended for r in runs if r.ended is not None]
    if ends:
        late = max(ends)
        early = max([late - END_LATE, *(m for m in marks if m <= late)])
        return When(min(early, late), late)
    ended = history.last(script, "end")
    return None if ended is None else When(ended.at, ended.at + EVENT_LATE)


def started_times(history: History, script: ScriptName) -> int:
    """How often a script was really executed.

    Its own marks count where it reports any; else what the kernel told. The larger number of both:
    an attempt that dies before its first mark was executed all the same.
    """
    runs = sum(1 for r in history.script_runs if r.script == script)
    return max(runs, len(history.starts(script)))


def _first(history: History, script: ScriptName, since: Instant) -> When | None:
    stamps = [r.started for r in history.script_runs if r.script == script]
    stamps += [m.at for m in history.starts(script)]
    later = [stamp for stamp in stamps if stamp >= since]
    return When(min(later) - EVENT_LATE, min(later)) if later else None
