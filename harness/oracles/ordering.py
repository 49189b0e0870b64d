"""The order of a run, by the observed clock: pre, freeze, snapshot, thaw, post.

Each instant is a pair of bounds (`harness.oracles.instants`), and a finding fails only where the
bounds prove the wrong order. What can hide in the sampling (a few milliseconds) is caught by what
is exact: the set's own probes and write counters (`harness.oracles.filesystem`).

`findings` is the whole oracle; each rule below is a function of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from harness.contract.clauses import CATALOGUE
from harness.history import Disk, Finding, Freeze, Harm, History, Snapshot
from harness.oracles.consequences import found
from harness.oracles.instants import (
    ALWAYS_SAMPLED,
    When,
    freeze_began,
    freeze_ended,
    last_end,
    post_start,
)
from harness.oracles.terms import Terms

#: An executor's own timer may fire this many seconds late on a busy machine.
TIMER_LATE = 1.0

#: SNP-02: seconds in which the tree of the snapshot command is ended before post starts.
TREE_END = 5.0

#: ROB-02: seconds in which what a killed executor left frozen must be thawed.
AFTER_KILL = 10.0


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """All rules of order that apply to this run."""
    return tuple(
        finding
        for oracle in (_pre, _calls, _freeze, _nesting, _bound, _left, _post, _killed, _foreign)
        for finding in oracle(history, terms)
    )


def own_freezes(history: History, terms: Terms) -> tuple[Freeze, ...]:
    """The freezes that began in this run, of disks that the scenario itself did not touch."""
    return tuple(
        f for f in history.freezes if f.disk not in terms.foreign and f.thawed_before is not None
    )


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


def _freeze(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    if terms.freezes is False:
        seen = sorted({f.disk for f in freezes})
        yield found(
            "FRZ-02.none",
            not seen,
            "nothing is frozen",
            f"{', '.join(seen)} was frozen" if seen else "no disk was seen frozen",
        )
        return
    ext2 = {d.name for d in history.disks if d.filesystem == "ext2"}
    if ext2:
        seen = sorted(ext2 & {f.disk for f in freezes})
        yield found(
            "FRZ-01.ext2",
            not seen,
            "ext2 is never frozen",
            f"{', '.join(seen)} was frozen" if seen else "no ext2 was seen frozen",
        )
    twice = sorted(disk for disk, n in Counter(f.disk for f in freezes).items() if n > 1)
    yield found(
        "FRZ-01.once",
        not twice,
        "each filesystem is frozen once",
        f"{', '.join(twice)} was frozen more than once" if twice else "none was frozen twice",
    )
    if terms.freezes and history.snapshots:
        yield from _asked_while_frozen(history, terms, history.snapshots[0])


def _asked_while_frozen(history: History, terms: Terms, call: Snapshot) -> Iterator[Finding]:
    named = [d.name for d in terms.named_disks(history) if d.name not in terms.foreign]
    named = [name for name in named if not _frozen_since_before(history, name, call)]
    if not named:
        return
    own = {f.disk: f for f in reversed(own_freezes(history, terms))}
    killed = history.end.killed
    late = {
        name: why
        for name in named
        if (why := _thawed_when_asked(name, own.get(name), call, killed))
    }
    observed = "; ".join(late.values())
    yield found(
        "FRZ-01.freeze",
        len(late) < len(named),
        "the filesystems are frozen before the snapshot is asked for",
        observed if len(late) == len(named) else f"{len(named) - len(late)} were frozen by then",
    )
    if len(named) > 1:
        yield found(
            "FRZ-01.which",
            not late,
            f"each of {', '.join(named)} is frozen before the snapshot is asked for",
            observed or "each was frozen by then",
        )
    early = [name for name in named if name in own and _thawed_before(own[name], call)]
    if history.end.killed is None:
        yield found(
            "FRZ-01.thaw",
            not early,
            "the thaw comes after the snapshot",
            f"{', '.join(early)} was thawed before" if early else "no disk was thawed before",
        )


def _frozen_since_before(history: History, disk: str, call: Snapshot) -> bool:
    """A freeze that is older than this run may still have held the disk at the call."""
    return any(
        f.disk == disk
        and f.thawed_before is None
        and (f.thawed_after is None or f.thawed_after >= call.requested)
        for f in history.freezes
    )


def _thawed_when_asked(
    name: str, freeze: Freeze | None, call: Snapshot, killed: float | None
) -> str:
    """Why a disk was surely not frozen when the snapshot was asked for; "" where it may have been.

    A freeze shorter than the sampling may have been missed: then the host's probe at the call
    decides. Where the executor was killed in the call the probe comes after the kill: what survives
    of it may have thawed by then, and the time from the call to the kill decides.
    """
    if freeze is not None:
        asked = When(call.requested, call.requested)
        late = asked.surely_before(freeze_began(freeze))
        return f"{name} was still thawed then" if late else ""
    if killed is not None and (call.answered is None or call.answered > killed):
        unseen = killed - call.requested >= ALWAYS_SAMPLED
    else:
        seen = call.disks.get(name)
        unseen = seen is not None and not seen.frozen_before
    return f"{name} was not frozen at all" if unseen else ""


def _nesting(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = {f.disk: f for f in own_freezes(history, terms)}
    disks = [d for d in history.disks if d.name in freezes]
    pairs = [(outer, inner) for outer in disks for inner in disks if _within(inner, outer)]
    if not pairs:
        return
    frozen = [
        f"{outer.mountpoint} was frozen before {inner.mountpoint}"
        for outer, inner in pairs
        if freeze_began(freezes[outer.name]).surely_before(freeze_began(freezes[inner.name]))
    ]
    yield found(
        "FRZ-01.order",
        not frozen,
        "nested mounts are frozen first, the root last",
        "; ".join(frozen) or "no outer filesystem was frozen before one within it",
    )
    yield from _thaw_order(freezes, pairs)


def _thaw_order(
    freezes: Mapping[str, Freeze], pairs: Sequence[tuple[Disk, Disk]]
) -> Iterator[Finding]:
    """Of (outer, inner) pairs; nothing is said where the samples prove no order of any pair.

    Thaws follow each other within less than the sampling. One by the host's rescue is no thaw of
    the executor's.
    """
    proven = False
    wrong = []
    for outer, inner in pairs:
        one, other = freezes[outer.name], freezes[inner.name]
        if one.rescued or other.rescued:
            continue
        first, last = freeze_ended(one), freeze_ended(other)
        proven = proven or first.surely_before(last)
        if last.surely_before(first):
            wrong.append(f"{inner.mountpoint} was thawed before {outer.mountpoint}")
    if proven or wrong:
        yield found(
            "FRZ-01.thaw-order",
            not wrong,
            "the thaw goes in reverse, the root first",
            "; ".join(wrong) or "an outer filesystem was thawed before one within it",
        )


def _bound(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    if freezes:
        held = max(f.last for f in freezes) - min(f.first for f in freezes)
        yield found(
            "FRZ-03.bound",
            held <= terms.bound + TIMER_LATE,
            f"from the first freeze to the last thaw at most {terms.bound:g} s",
            f"frozen for {held:.3f} s at least",
        )
    hanging = [s for s in history.snapshots if s.answered is None]
    post = post_start(history)
    if hanging and post is not None:
        since = min([f.first for f in freezes] or [hanging[0].requested])
        waited = post.early - since
        yield found(
            "SNP-02.bound",
            waited <= terms.bound + TREE_END + TIMER_LATE,
            f"a hanging snapshot is given up after {terms.bound:g} s",
            f"the post-script started {waited:.3f} s after "
            f"{'the first freeze' if freezes else 'the request'}",
        )


def _left(history: History, terms: Terms) -> Iterator[Finding]:
    own = own_freezes(history, terms)
    frozen = history.after.frozen if history.after else ()
    left = [f"{f.disk} had to be thawed by the host" for f in own if f.rescued]
    left += [f"{f.disk} was never seen thawed again" for f in own if f.thawed_after is None]
    # Of a disk with a freeze on record the freeze speaks: the state may be older than its thaw.
    told = {f.disk for f in history.freezes} | set(terms.foreign)
    left += [f"{disk} is still frozen" for disk in frozen if disk not in told]
    yield found(
        _clause_of_left(history, terms),
        not left,
        "no filesystem stays frozen",
        "; ".join(left) or "nothing is frozen",
        harm=Harm.LEFT_FROZEN,
    )


def _clause_of_left(history: History, terms: Terms) -> str:
    """What came in the way of the thaw decides which clause speaks of it."""
    if history.end.killed is not None:
        return "FRZ-03.killed"
    if any(s.answered is None for s in history.snapshots):
        return "FRZ-03.snapshot-hangs"
    if any(s.answer != 0 for s in history.snapshots):
        return "FRZ-03.snapshot-failed"
    return "FRZ-03.freeze-failed" if terms.row == "FBK-06" else "FRZ-01.thaw"


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


def _killed(history: History, terms: Terms) -> Iterator[Finding]:
    killed = history.end.killed
    if killed is None:
        return
    late = [
        f"{f.disk} was seen frozen {f.last - killed:.3f} s after the kill"
        for f in own_freezes(history, terms)
        if f.last > killed + AFTER_KILL
    ]
    yield found(
        "ROB-02.thawed",
        not late,
        f"everything is thawed within {AFTER_KILL:g} s of the executor's death",
        "; ".join(late) or "nothing was seen frozen later than that",
    )
    running = [
        f"{run.script} (pid {run.pid})"
        for run in history.script_runs
        if run.started < killed and (run.ended is None or run.ended > killed + AFTER_KILL)
    ]
    yield found(
        "ROB-02.processes",
        not running,
        f"a script that was still running is ended within {AFTER_KILL:g} s of the death",
        f"still running: {', '.join(running)}" if running else "no such script was left",
    )


def _foreign(history: History, terms: Terms) -> Iterator[Finding]:
    for freeze in history.freezes:
        if freeze.disk not in terms.foreign:
            continue
        thaws = [f.at for f in history.faults if f.what.startswith("thaw")]
        over = freeze.thawed_after
        touched = (
            over is not None and over < history.end.ended and not any(t <= over for t in thaws)
        )
        yield found(
            "FRZ-07.not-thawed",
            not touched,
            f"{freeze.disk}, which somebody else froze, is not thawed",
            "it was thawed during the run" if touched else "it stayed frozen",
        )


def _thawed_before(freeze: Freeze, call: Snapshot) -> bool:
    """Thawed before the set was complete: when the command returned is known too roughly."""
    if call.taken_to is None or freeze.thawed_after is None:
        return False
    return freeze.thawed_after < call.taken_to


def _within(inner: Disk, outer: Disk) -> bool:
    root = outer.mountpoint.rstrip("/") + "/"
    return inner.name != outer.name and inner.mountpoint.startswith(root)


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if count == 0 else f"{count} times"


def _apart(first: str, one: float, second: str, other: float) -> str:
    return f"{second} {abs(other - one):.3f} s {'after' if other >= one else 'before'} {first}"
