"""What the executor claims, against what the contract expects and what the set shows.

The outcome file and the exit status (PLG-01), the row of the verdict table (status, level, primary
error), and FBK-07: a level claimed above the one that was reached, the worst that an executor can
do. What its scripts met is judged in `harness.oracles.scripts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import DOCUMENTED
from harness.history import (
    LEVELS,
    Consistency,
    ExecutorEnd,
    Expected,
    Finding,
    Harm,
    History,
    Outcome,
)
from harness.oracles.application import Enough, Proof, ledger
from harness.oracles.consequences import found
from harness.oracles.filesystem import Reached, above, reached
from harness.oracles.instants import first_start, post_start
from harness.oracles.terms import Terms

#: SPEC: 0 when the status is succeeded, 1 when it is failed.
EXITS = {"succeeded": 0, "failed": 1}

#: How alike a name must be to a documented one to count as its misspelling, from 0 to 1.
_MISSPELT = 0.9
#: How much of an executor's log a finding shows, in characters; the record has more of it.
_LOG_SHOWN = 400


def findings(
    history: History, expected: Expected | None, terms: Terms, enough: Enough | None = None
) -> tuple[Finding, ...]:
    """PLG-01, the verdict's row and FBK-07; nothing of an executor that the scenario killed."""
    if history.end.killed is not None:
        return ()
    result = list(_plugged_in(history))
    outcome = history.end.outcome
    if outcome is not None:
        if expected is not None:
            result += _verdict(outcome, expected, terms)
        result.append(_false_consistency(history, outcome, terms, enough))
    if terms.ends_within is not None:
        result.append(_ends(history, terms, terms.ends_within))
    return tuple(result)


def _plugged_in(history: History) -> Iterator[Finding]:
    end = history.end
    yield found(
        "PLG-01.deadline",
        not end.hung,
        "the executor ends within its deadline",
        f"still running after {end.ended - end.started:.1f} s, and killed then{_said(end)}"
        if end.hung
        else "it ended",
    )
    if end.hung:
        return
    outcome = end.outcome
    if end.exit_status is not None or end.signal is not None:  # it was started at all
        yield _exit(end)
    # A failed outcome, and only that, has no level.
    level_fits = outcome is not None and (
        (outcome.status == "failed") == (outcome.consistency == "none")
    )
    claim = f"status {outcome.status}, consistency {outcome.consistency}" if outcome else ""
    yield found(
        "PLG-01.status",
        level_fits,
        "the outcome at SNAPCERT_STATUS, with consistency none where it is failed, and only there",
        claim or (end.problem or "nothing was written") + _said(end),
    )
    misspelt = (
        [f"{n} (is it {near}?)" for n in outcome.errors if (near := _near(n))] if outcome else []
    )
    yield found(
        "PLG-01.names",
        not misspelt,
        "the documented error names, spelt exactly so",
        ", ".join(misspelt) or "no name is misspelt",
    )


def _exit(end: ExecutorEnd) -> Finding:
    outcome = end.outcome
    due = EXITS[outcome.status] if outcome else None
    right = end.exit_status == due if outcome else end.exit_status in EXITS.values()
    how = f"ended by signal {end.signal}" if end.signal else f"exit status {end.exit_status}"
    return found(
        "PLG-01.exit",
        right,
        f"exit status {due}, because status is {outcome.status}"
        if outcome
        else "exit status 0 or 1",
        how if right else how + _said(end),
    )


def _said(end: ExecutorEnd) -> str:
    """The end of the executor's log, which its author needs to see why it ended so."""
    text = end.log_tail.strip()
    if not text:
        return ""
    return f"; its log ends: {'…' if len(text) > _LOG_SHOWN else ''}{text[-_LOG_SHOWN:]}"


def _near(name: str) -> str:
    """The documented name that this one misspells; "" for those and for quite other names."""
    if name in DOCUMENTED:
        return ""
    plain = {_plain(documented): documented for documented in DOCUMENTED}
    close = get_close_matches(_plain(name), plain, n=1, cutoff=_MISSPELT)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


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
