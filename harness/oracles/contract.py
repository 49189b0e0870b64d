"""What the executor claims, against what the contract expects and what the set shows.

The row of the verdict table (status, level, primary error), and FBK-07: a level claimed above the
one that was reached, the worst that an executor can do. The form of the claim is judged in
`harness.oracles.plugged`, what its scripts met in `harness.oracles.scripts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.contract.clauses import CATALOGUE
from harness.history import (
    LEVELS,
    Consistency,
    Expected,
    Finding,
    Harm,
    History,
    Outcome,
)
from harness.oracles.application import Enough, Proof, ledger
from harness.oracles.consequences import found
from harness.oracles.filesystem import Reached, above, reached, the_set
from harness.oracles.instants import first_start, post_start
from harness.oracles.terms import Terms


def findings(
    history: History, expected: Expected | None, terms: Terms, enough: Enough | None = None
) -> tuple[Finding, ...]:
    """The verdict's row and FBK-07; nothing of an executor that the scenario killed."""
    if history.end.killed is not None:
        return ()
    result: list[Finding] = []
    outcome = history.end.outcome
    if outcome is not None:
        if expected is not None:
            result += _verdict(outcome, expected, terms)
        result.append(_false_consistency(history, outcome, terms, enough))
    if terms.ends_within is not None:
        result.append(_ends(history, terms, terms.ends_within))
    return tuple(result)


def _verdict(outcome: Outcome, expected: Expected, terms: Terms) -> Iterator[Finding]:
    yield found(
        terms.status or f"{terms.row}.status",
        outcome.status in expected.status,
        f"status {' or '.join(expected.status)}",
        f"status {outcome.status}",
    )
    # A failed backup has no level, also where the row accepts a level with another status.
    levels: tuple[Consistency, ...] = expected.consistency
    if outcome.status == "failed":
        levels = ("none",)
    elif len(expected.status) > 1:
        levels = tuple(level for level in levels if level != "none") or levels
    yield found(
        terms.level or f"{terms.row}.level",
        outcome.consistency in levels,
        f"consistency {' or '.join(levels)}",
        f"consistency {outcome.consistency}",
        harm=_harm_of_level(outcome, levels),
    )
    if terms.counted:
        yield found(
            terms.counted,
            outcome.status in expected.status and outcome.consistency in levels,
            f"it counts as {terms.row}: status {' or '.join(expected.status)}, "
            f"consistency {' or '.join(levels)}",
            f"status {outcome.status}, consistency {outcome.consistency}",
        )
    never = f"{terms.row}.never-application"
    if never in CATALOGUE:
        false = outcome.consistency == "application"
        yield found(
            never,
            not false,
            "never application consistent",
            f"consistency {outcome.consistency}",
            harm=Harm.FALSE_CONSISTENCY,
        )
    if terms.named:
        primary = outcome.errors[0] if outcome.errors else None
        yield found(
            terms.named,
            primary in expected.primary,
            f"primary error {' or '.join(str(name) for name in expected.primary)}",
            f"errors: {', '.join(outcome.errors) or 'none'}",
        )
    several = [names for names in expected.errors if len(names) > 1]
    if several and outcome.errors:
        yield found(
            "PLG-01.primary",
            any(in_order(outcome.errors, names) for names in expected.errors),
            f"errors in the order {' or '.join(', '.join(names) for names in several)}",
            f"errors: {', '.join(outcome.errors)}",
        )


def in_order(claimed: Sequence[str], arose: Sequence[str]) -> bool:
    """Whether the first claimed name is the first that arose, and no later ones are swapped.

    Further names are information: some may be missing, others may stand between them.
    """
    places = [arose.index(name) for name in claimed if name in arose]
    return tuple(claimed[:1]) == tuple(arose[:1]) and places == sorted(places)


def _harm_of_level(outcome: Outcome, levels: tuple[Consistency, ...]) -> Harm:
    """Above all that is accepted: false. Below all, and no error says why: a silent downgrade."""
    claimed = LEVELS.index(outcome.consistency)
    accepted = [LEVELS.index(level) for level in levels]
    if claimed > max(accepted):
        return Harm.FALSE_CONSISTENCY
    if claimed < min(accepted) and not outcome.errors:
        return Harm.SILENT_DOWNGRADE
    return Harm.CONTRACT


def reached_level(
    history: History, terms: Terms | None = None, enough: Enough | None = None
) -> Reached:
    """The level that this run's set shows, the application's included.

    "application" is reached where APP-01 is held by the ledger, or, where no application was
    observed, where both scripts were really run around the set; and where what was to be frozen
    was (FRZ-06: else it is crash at most).
    """
    terms = terms or Terms()
    base = reached(history, terms)
    if base.level == "none" or (terms.freezes and base.level == "crash"):
        return base
    why_not = _below_application(history, enough)
    if why_not:
        return Reached(base.level, (*base.reasons, why_not), base.examined)
    return Reached("application", (), base.examined)


def _below_application(history: History, enough: Enough | None) -> str:
    if first_start(history, "pre") is None:
        return "no pre-script was run"
    if post_start(history) is None:
        return "no post-script was run"
    if history.application is None or not history.application.restores:
        return ""
    result = ledger(history, enough)
    if result.proof is Proof.BROKEN:
        return "the restored application does not hold what it acknowledged"
    return ""


def _false_consistency(
    history: History, outcome: Outcome, terms: Terms, enough: Enough | None
) -> Finding:
    # That both scripts ran lifts a set to "application", never to "file-system".
    application = outcome.consistency == "application"
    shown = reached_level(history, terms, enough) if application else reached(history, terms)
    taken = the_set(history)
    if taken is not None and taken.discarded is not None:
        shown = Reached("none", ("the executor told the host to discard it",))
    false = above(outcome.consistency, shown.level)
    why = f" ({'; '.join(shown.reasons)})" if shown.reasons else ""
    return found(
        "FBK-07.level",
        not false,
        "the claimed level is not above the one that the snapshot set shows",
        f"claimed {outcome.consistency}, the set shows {shown.level}{why}",
    )


def _ends(history: History, terms: Terms, within: float) -> Finding:
    seconds = history.end.ended - history.end.started
    return found(
        terms.ends_clause,
        seconds <= within,
        f"the run ends within {within:g} s",
        f"it took {seconds:.3f} s",
    )
