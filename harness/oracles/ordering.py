"""The order of a run, by the observed clock: pre, freeze, snapshot, thaw, post.

Each instant is a pair of bounds (`harness.oracles.instants`), and a finding fails only where the
bounds prove the wrong order. What can hide in the sampling (a few milliseconds) is caught by what
is exact: the calls on record (`harness.oracles.freezing`), the set's own probes and write counters
(`harness.oracles.filesystem`).
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.history import Finding, History
from harness.oracles.consequences import found
from harness.oracles.freezing import own_freezes
from harness.oracles.instants import freeze_began, freeze_ended, last_end, post_start
from harness.oracles.terms import Terms


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """RUN-01: where the scripts stand between freeze, snapshot and thaw."""
    return (*_pre(history, terms), *_post(history, terms))


def _pre(history: History, terms: Terms) -> Iterator[Finding]:
    ended = last_end(history, "pre")
    if ended is None:
        return
    if history.snapshots:
        asked = history.snapshots[0].requested
        yield found(
            "RUN-01.pre-before-snapshot",
            ended.early <= asked,
            "the pre-script ended before the snapshot was asked for",
            _apart("pre ended", ended.early, "the snapshot was asked for", asked),
        )
    freezes = own_freezes(history, terms)
    if freezes:
        first = min(freezes, key=lambda f: f.first)
        yield found(
            "RUN-01.pre-before-freeze",
            not freeze_began(first).surely_before(ended),
            "the pre-script ended before the first freeze",
            _apart("pre ended", ended.early, f"{first.disk} was seen frozen", first.first),
        )


def _post(history: History, terms: Terms) -> Iterator[Finding]:
    post = post_start(history)
    if post is None or not terms.scripts_may_run:
        return  # the only post-script is that of an interrupted run, which this one recovers
    taken = [s.taken_to for s in history.sets() if s.taken_to is not None]
    # What survives of a killed executor gives its set up: post does not wait for it (ROB-02).
    if taken and history.end.killed is None:
        # The answer's own stamp may lie after what the executor does next; the set's may not.
        yield found(
            "RUN-01.post-after-snapshot",
            post.late >= max(taken),
            "the post-script starts after the snapshot was taken",
            _apart("the set was complete", max(taken), "post started", post.late),
        )
    freezes = own_freezes(history, terms)
    if not freezes:
        return
    last = max(freezes, key=lambda f: f.last)
    yield found(
        "RUN-01.post-after-thaw",
        not post.surely_before(freeze_ended(last)),
        "everything is thawed before the post-script starts",
        _apart(f"{last.disk} was last seen frozen", last.last, "post started", post.late),
    )


def _apart(first: str, one: float, second: str, other: float) -> str:
    return f"{second} {abs(other - one):.3f} s {'after' if other >= one else 'before'} {first}"
