"""How the executor is plugged in (PLG-01): its end, its exit status, and what it left as outcome.

Only the form: whether the outcome is the right one is judged in `harness.oracles.contract`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from harness.contract.errors import DOCUMENTED
from harness.history import ExecutorEnd, Finding, History, Outcome
from harness.oracles.consequences import found
from harness.oracles.terms import Terms

#: SPEC: 0 when the status is succeeded, 1 when it is failed.
EXITS = {"succeeded": 0, "failed": 1}

#: How alike a name must be to a documented one to count as its misspelling, from 0 to 1.
_MISSPELT = 0.9
#: How much of an executor's log a finding shows, in characters; the record has more of it.
_LOG_SHOWN = 400


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """PLG-01; of an executor that the scenario killed, what it did until then."""
    end = history.end
    result = [_whole(end)]
    if history.snapshots:
        result.append(_asked(history))
    if end.killed is None:
        result += _ended(end, terms)
    return tuple(result)


def _whole(end: ExecutorEnd) -> Finding:
    return found(
        "PLG-01.whole",
        not end.partial,
        "at SNAPCERT_STATUS a whole JSON text, or nothing",
        (end.problem or "a part of one") if end.partial else "it is whole, or not there",
    )


def _asked(history: History) -> Finding:
    """Also an outcome that speaks of a set which the command did not tell of."""
    words = [" ".join(call.arguments) for call in history.snapshots if call.arguments]
    outcome = history.end.outcome
    untold = outcome is not None and outcome.status == "succeeded"
    untold = untold and all(call.answer != 0 for call in history.snapshots)
    problem = f"it was run with {', '.join(words)}" if words else ""
    if untold:
        problem = "the run has succeeded, but no call ended with 0"
    return found(
        "PLG-01.snapshot",
        not problem,
        "SNAPCERT_SNAPSHOT is run without arguments, and only exit status 0 counts as a set",
        problem or "so it was at each call",
    )


def _ended(end: ExecutorEnd, terms: Terms) -> Iterator[Finding]:
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
    if outcome is None and not terms.told:
        return
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
    if outcome is not None:
        yield _details(outcome)


def _details(outcome: Outcome) -> Finding:
    return found(
        "PLG-01.details",
        not outcome.misshapen,
        "warnings, where given, are a list of texts, reasons an object of texts by error name",
        outcome.misshapen or "they are, or there are none",
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
