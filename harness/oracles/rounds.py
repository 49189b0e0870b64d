"""One certification round in numbers: what was claimed, what was proven, what it cost the users."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from harness.history import Consistency, History, Instant
from harness.oracles.application import Enough, Ledger, Proof, cut_of, ledger
from harness.oracles.contract import reached_level
from harness.oracles.terms import Terms


@dataclass(frozen=True)
class Round:
    """A round as a certificate states it.

    `reached` is None where the round proves nothing. Seconds, None where there is nothing to
    measure: `pause` from the last acknowledgement before the set to the first after it, `gap` the
    longest silence between two acknowledgements at any other time, `freeze` from the first freeze
    to the last thaw, as far as it was seen.
    """

    claimed: Consistency
    reached: Consistency | None
    ledger: Ledger
    acknowledged: int
    pause: float | None
    gap: float | None
    freeze: float | None


def round_of(history: History, terms: Terms | None = None, enough: Enough | None = None) -> Round:
    """The numbers of one round, from its history alone."""
    held = ledger(history, enough)
    outcome = history.end.outcome
    reached = None
    if held.proof is not Proof.NOT_PROVEN:
        reached = reached_level(history, terms, enough).level
    stamps = _acknowledgements(history)
    cut = cut_of(history)
    pause, gap = _silences(stamps, cut.set_ended if cut else None)
    return Round(
        claimed=outcome.consistency if outcome else "none",
        reached=reached,
        ledger=held,
        acknowledged=len(stamps),
        pause=pause,
        gap=gap,
        freeze=_frozen_for(history),
    )


def _acknowledgements(history: History) -> list[Instant]:
    """When anything was acknowledged during this run's record, in order."""
    app = history.application
    operations = app.operations if app else ()
    return sorted(
        o.acknowledged
        for o in operations
        if o.acknowledged is not None and history.began <= o.acknowledged <= history.ended
    )


def _silences(stamps: list[Instant], cut: Instant | None) -> tuple[float | None, float | None]:
    """The silence over the set, and the longest of all others."""
    pause, gap = None, None
    for before, after in pairwise(stamps):
        if cut is not None and before <= cut < after:
            pause = after - before
        else:
            gap = max(gap or 0.0, after - before)
    return pause, gap


def _frozen_for(history: History) -> float | None:
    if not history.freezes:
        return None
    return max(f.last for f in history.freezes) - min(f.first for f in history.freezes)
