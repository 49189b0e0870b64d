"""The figures of a round: how long the application was held, paused and frozen, and its line."""

from __future__ import annotations

import itertools
import math

from harness.history import Consistency, History, Operation
from harness.oracles.application import Enough, Proof, ledger
from harness.oracles.contract import reached_level
from harness.oracles.instants import first_start, post_start
from harness.oracles.terms import Terms
from harness.results.durations import freeze_of
from harness.results.record import RoundLine, Status


def quiesced_of(history: History) -> float | None:
    """Seconds from the start of the first pre-script to the end of the last post-script for it.

    None where there was no pre-script, or no post-script that ended after it.
    """
    pre, post = first_start(history, "pre"), post_start(history)
    ends = [
        run.ended
        for run in history.script_runs
        if run.script == "post" and run.ended is not None and pre and run.started > pre.late
    ]
    return max(ends) - pre.late if pre and post and ends else None


def pause_of(history: History) -> float | None:
    """Seconds in which no client got an answer because of the backup.

    From the last acknowledgement before the set to the first after it; without a set, the longest
    silence that overlaps the executor's run. None without both sides.
    """
    pause = _pause(history)
    return pause[1] - pause[0] if pause else None


def gap_of(history: History, begin: float = -math.inf, end: float = math.inf) -> float | None:
    """The longest silence between two acknowledgements at any other time: what is usual here.

    `begin` and `end` are the instants between which it is looked for.
    """
    pause = _pause(history)
    gaps = [
        late - early
        for early, late in itertools.pairwise(_acknowledged(history))
        if (early, late) != pause and begin <= early and late < end
    ]
    return max(gaps, default=None)


def round_line(
    history: History,
    terms: Terms,
    enough: Enough | None = None,
    *,
    number: int,
    scenario: str,
    status: Status,
) -> RoundLine:
    """The numbers of one backup; `reached` is None where it proves nothing."""
    proof = ledger(history, enough)
    level: Consistency | None = reached_level(history, terms, enough).level
    if proof.proof is Proof.NOT_PROVEN:
        level = None
    return RoundLine(
        number=number,
        scenario=scenario,
        run=history.id,
        status=status,
        claimed=claimed(history),
        reached=level,
        acknowledged=len(_acknowledged(history)),
        lost=len(proof.lost),
        phantom=len(proof.phantom),
        torn=len(proof.halved) + len(proof.doubled),
        quiesced=quiesced_of(history),
        pause=pause_of(history),
        gap=gap_of(history),
        freeze=freeze_of(history),
        filesystem=history.disks[0].filesystem if history.disks else "",
        detail="; ".join(proof.doubts) or proof.counts,
    )


def acknowledged_within(history: History, begin: float, end: float) -> int:
    """How many operations were acknowledged from an instant on, and before another."""
    return sum(begin <= at < end for at in _acknowledged(history))


def claimed(history: History) -> Consistency:
    """What an executor claims for its set; "none" where it told no outcome."""
    outcome = history.end.outcome
    return outcome.consistency if outcome is not None else "none"


def _pause(history: History) -> tuple[float, float] | None:
    """The two acknowledgements between which the backup held everybody up."""
    taken = [s.taken_to for s in history.sets() if s.taken_to is not None]
    silences = itertools.pairwise(_acknowledged(history))
    if taken:
        return next((s for s in silences if s[0] <= taken[-1] < s[1]), None)
    begin, end = history.end.started, history.end.ended
    overlapping = [s for s in silences if s[1] >= begin and s[0] <= end]
    return max(overlapping, key=lambda s: s[1] - s[0], default=None)


def _acknowledged(history: History) -> list[float]:
    operations: tuple[Operation, ...] = (
        history.application.operations if history.application else ()
    )
    return sorted(o.acknowledged for o in operations if o.acknowledged is not None)
