"""The snapshot command: how often it is called, and what becomes of a call that does not succeed.

SNP-01 of the calls, and SNP-02: a command that fails, or does not return within the bound. That the
set itself lies within the freeze is judged in `harness.oracles.filesystem`.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.contract.clauses import CATALOGUE
from harness.history import Finding, History, Snapshot
from harness.oracles.consequences import found
from harness.oracles.freezing import own_calls, own_freezes
from harness.oracles.instants import post_start
from harness.oracles.residue import left_processes, named
from harness.oracles.terms import COMMANDS, Terms
from harness.oracles.thawing import TIMER_LATE

#: SNP-02: seconds in which the tree of the snapshot command is ended before post starts.
TREE_END = 5.0

#: Seconds by which an executor's clock for the bound may start before its first freeze.
_CLOCK_EARLY = 0.25

#: A command that takes so long, in seconds, shows that an executor waits for it.
_LONG = 0.5


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """All rules of the snapshot command that apply to this run."""
    return tuple(
        finding
        for oracle in (_calls, _bound, _patience, _thaw_first, _tree)
        for finding in oracle(history, terms)
    )


def _calls(history: History, terms: Terms) -> Iterator[Finding]:
    calls, sets = len(history.snapshots), len(history.sets())
    if terms.calls is None:
        if sets:
            yield found("SNP-01.one", sets == 1, "no second set is taken", f"it took {sets} sets")
        return
    clause = terms.calls_clause or _clause_of_calls(terms)
    if clause != "SNP-01.one":
        yield found(
            clause,
            calls == terms.calls,
            f"the snapshot command is called {_times(terms.calls)}",
            f"it was called {_times(calls)}",
        )
        return
    # One *set* a run: to ask again for one that could not be taken breaks SNP-02, not this.
    right = calls == 0 if terms.calls == 0 else calls >= 1 and sets <= terms.calls
    yield found(
        clause,
        right,
        f"the snapshot command is called {_times(terms.calls)}",
        f"it was called {_times(calls)}, and took {sets} sets",
    )
    refused = [s for s in history.snapshots if s.answer != 0]
    if refused:
        again = calls - refused[0].number
        yield found(
            "SNP-02.thaw",
            again == 0,
            "a failed snapshot makes the executor thaw",
            f"it asked {again} times more first" if again else "it did not ask again",
        )


def _clause_of_calls(terms: Terms) -> str:
    """A run that must take no set has a clause of its own in its row."""
    own = (f"{terms.row}.no-snapshot", f"{terms.row}.refused")
    return next((c for c in own if terms.calls == 0 and c in CATALOGUE), "SNP-01.one")


def _bound(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    hanging = [s for s in history.snapshots if s.answered is None]
    post = post_start(history)
    if not hanging or post is None or history.end.killed is not None:
        return
    since = min([f.first for f in freezes] or [hanging[0].requested])
    waited = post.early - since
    yield found(
        "SNP-02.bound",
        waited <= terms.bound + TREE_END + TIMER_LATE,
        f"a hanging snapshot is given up after {terms.bound:g} s",
        f"the post-script started {waited:.3f} s after "
        f"{'the first freeze' if freezes else 'the request'}",
    )


def _patience(history: History, terms: Terms) -> Iterator[Finding]:
    """A command that returns within the bound is waited for, and one that hangs until then.

    The executor may heed a shorter bound that it was given, and count from a moment before the
    first freeze.
    """
    outcome = history.end.outcome
    if not history.snapshots or outcome is None or _hurt(history):
        return
    call = history.snapshots[0]
    froze = [c.at for c in own_calls(history, "freeze")]
    since, what = min(froze or [call.requested]), "the first freeze" if froze else "the request"
    earliest = terms.shortest_bound - max(1.0, terms.shortest_bound / 10)
    thaws = [c.at for c in own_calls(history, "thaw") if c.at >= call.requested]
    if call.answer == 0 and call.answered is not None:
        took = call.answered - since
        if call.answered - call.requested < _LONG or took >= earliest:
            return
        given_up = "SnapshotFailed" in outcome.errors
        seen = "it was given up" if given_up else "it was waited for"
    elif call.answered is None and (thaws or not (froze or own_freezes(history, terms))):
        # Where nothing is to be thawed it was given up before the post-script started.
        post = post_start(history)
        took = (thaws[0] if thaws else post.late if post else history.end.ended) - since
        given_up = took < earliest - _CLOCK_EARLY
        seen = f"it was given up at the latest {took:.3f} s after {what}"
    else:
        return
    yield found(
        "SNP-02.bound",
        not given_up,
        f"a snapshot is waited for until {earliest:g} s after {what} at least",
        seen,
    )


def _thaw_first(history: History, _: Terms) -> Iterator[Finding]:
    """Whether the command still lived is looked at while each thaw waits to be done."""
    hanging = [s for s in history.snapshots if s.answered is None]
    if not hanging or _hurt(history):
        return
    first = {c.disk: c for c in reversed(own_calls(history, "thaw")) if _after(c.at, hanging[0])}
    late = [disk for disk, call in first.items() if call.command_alive is False]
    if first:
        yield found(
            "SNP-02.thaw-first",
            not late,
            "the thaw comes before the end of the command",
            f"the command was ended before {', '.join(late)} was thawed"
            if late
            else "the command still lived when the thaw was asked for",
        )


def _hurt(history: History) -> bool:
    """The scenario killed a process of the executor's: it need not wait for the command any more,
    and what survives of it has no order."""
    return history.end.killed is not None or any(
        fault.what.startswith("kill ") for fault in history.faults
    )


def _after(instant: float, call: Snapshot) -> bool:
    return instant >= call.requested


def _tree(history: History, terms: Terms) -> Iterator[Finding]:
    refused = [s for s in history.snapshots if s.answer != 0]
    if not refused or history.end.killed is not None:
        return
    if history.before is None or history.after is None:
        return
    left = [
        process
        for process in left_processes(history.before, history.after, terms.background)
        if any(word.startswith(COMMANDS) for word in process.argv)
    ]
    yield found(
        "SNP-02.tree",
        not left,
        "nothing is left of a snapshot command that failed or hung",
        named(left) or "no process of the command is left",
    )


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if count == 0 else f"{count} times"
