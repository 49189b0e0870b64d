"""APP-01: what a restored set must hold, judged by the ledger of the application's clients.

The ledger is kept outside the guest: each client says `try` before it asks for an operation and
`ok` once it was acknowledged. A restored set then tells which operations it holds. The result has
three values: held, broken, and not proven; a round with too few operations before, around and
after the set proves nothing, and neither does a restore that turns out to be the original.

How the stamps err, and what follows: an `ok` is stamped after the acknowledgement, so "before the
pre-script started" is proven by a stamp that lies before the earliest possible start. A `try` is
stamped before the operation, so "issued after the set ended" is proven by a stamp after it. With a
kit that stops writes only an operation that lies wholly within the gap is blamed, or one whose
acknowledgement came much later than any client is delayed.
"""

from __future__ import annotations

import enum
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from harness.history import Application, Finding, History, Instant, Operation, Restore
from harness.oracles.consequences import found
from harness.oracles.filesystem import the_set
from harness.oracles.instants import first_start, last_end, post_start

#: An acknowledgement of an operation asked for before pre's end may be stamped this much late, in
#: seconds, before a kit that stops writes is blamed for it.
CLIENT_LATE = 0.5

#: How many ids a sentence names before it only counts.
_SHOWN = 5


class Proof(enum.Enum):
    """What a round shows."""

    HELD = "held"
    BROKEN = "broken"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True)
class Enough:
    """How many operations a round needs to prove something.

    `before`: acknowledged before pre started; `around`: under way or acknowledged between pre's
    start and the end of the set; `after`: tried after the set.
    """

    before: int = 20
    around: int = 1
    after: int = 5


@dataclass(frozen=True)
class Cut:
    """The instants of one run that split its operations.

    `pre_started` is the earliest possible start of the first pre-script, `pre_ended` the latest
    possible end of the last, `set_ended` when the set was complete, `post_started` the earliest
    possible start of the post-script (infinite where there was none).
    """

    pre_started: Instant
    pre_ended: Instant
    set_ended: Instant
    post_started: Instant


@dataclass(frozen=True)
class Ledger:
    """What a round proves of the ledger: the evidence, and the verdict that follows from it.

    `lost`, `phantom`, `halved`, `gaps` and `doubled` are operation ids, `leaked` those that were
    acknowledged while the kit says that writes are stopped, `faults` what the application's own
    verification found. `doubts` say why a round is not proven.
    """

    before: int = 0
    around: int = 0
    after: int = 0
    held: int = 0
    lost: tuple[str, ...] = ()
    phantom: tuple[str, ...] = ()
    halved: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    not_started: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def proof(self) -> Proof:
        """Broken by any evidence against it; not proven where there is a doubt; else held."""
        against = (
            self.lost,
            self.phantom,
            self.halved,
            self.doubled,
            self.gaps,
            self.leaked,
            self.faults,
            self.not_started,
        )
        if any(against):
            return Proof.BROKEN
        return Proof.NOT_PROVEN if self.doubts else Proof.HELD

    @property
    def counts(self) -> str:
        """The numbers that a verdict rests on, as a phrase."""
        return (
            f"{self.before} acknowledged before, {self.around} around, {self.after} tried after "
            f"the set; {self.held} restored"
        )


def cut_of(history: History) -> Cut | None:
    """The instants of a run; None where there was no set or no pre-script."""
    snapshot = the_set(history)
    pre = first_start(history, "pre")
    ended = last_end(history, "pre")
    if snapshot is None or snapshot.taken_to is None or pre is None or ended is None:
        return None
    post = post_start(history)
    return Cut(
        pre_started=pre.early,
        pre_ended=ended.late,
        set_ended=snapshot.taken_to,
        post_started=max(post.early, min(snapshot.taken_to, post.late)) if post else math.inf,
    )


def ledger(history: History, enough: Enough | None = None) -> Ledger:
    """Hold the restores of this run's set against its ledger; the worst restore speaks."""
    enough = enough or Enough()
    application = history.application
    snapshot = the_set(history)
    if application is None:
        return Ledger(doubts=("no application was observed",))
    cut = cut_of(history)
    if cut is None or snapshot is None:
        return Ledger(doubts=("no set, or no pre-script that ended",))
    restores = [r for r in application.restores if r.set_id == snapshot.set_id]
    if not restores:
        return Ledger(doubts=("the set was not restored",))
    results = [judge_restore(application, restore, cut, enough) for restore in restores]
    order = (Proof.BROKEN, Proof.NOT_PROVEN, Proof.HELD)
    return min(results, key=lambda result: order.index(result.proof))


def judge_restore(application: Application, restore: Restore, cut: Cut, enough: Enough) -> Ledger:
    """One restore against the whole ledger.

    `application.operations` are all operations since the data was made, those of earlier runs too:
    an operation that is held but was never tried is a phantom.
    """
    operations = application.operations
    before = tuple(o for o in operations if acknowledged_before(o, cut.pre_started))
    base = Ledger(
        before=len(before),
        around=sum(1 for o in operations if _around(o, cut)),
        after=sum(1 for o in operations if o.tried > cut.set_ended),
        leaked=_leaked(operations, cut) if application.stops_writes else (),
    )
    if restore.original:
        doubt = "the restore shows what was written after the set was taken: it is the original"
        return replace(base, doubts=(doubt,))
    if not restore.mounted or not restore.started:
        what = "did not mount" if not restore.mounted else "did not start without help"
        detail = f": {restore.problem}" if restore.problem else ""
        return replace(base, not_started=f"the restored set {what}{detail}")
    has, halved = frozenset(restore.has), frozenset(restore.half)
    unclean = restore.verify_exit != 0 and not restore.faults
    verified = (f"its own verification ended with {restore.verify_exit}",) if unclean else ()
    return replace(
        base,
        held=len(has),
        lost=tuple(o.id for o in before if o.id not in has | halved),
        phantom=_phantoms(operations, has | halved, cut),
        halved=restore.half,
        doubled=tuple(i for i, n in Counter(restore.has).items() if n > 1),
        gaps=prefix_gaps(operations, has - halved),
        faults=restore.faults or verified,
        doubts=tuple(_doubts(base, enough)),
    )


def acknowledged_before(operation: Operation, instant: Instant) -> bool:
    """Whether an operation was acknowledged before an instant."""
    return operation.acknowledged is not None and operation.acknowledged < instant


def prefix_gaps(operations: Iterable[Operation], has: frozenset[str]) -> tuple[str, ...]:
    """Operations that are missing although a later one of the same client is there.

    Only those that had been acknowledged when the later one was tried: what was never acknowledged
    may be missing, and so may what overlaps.
    """
    clients: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        clients[operation.client].append(operation)
    gaps: list[str] = []
    for own in clients.values():
        last = max((o.tried for o in own if o.id in has), default=-math.inf)
        gaps += [
            o.id
            for o in own
            if o.id not in has and o.acknowledged is not None and o.acknowledged <= last
        ]
    return tuple(gaps)


#: APP-01's clauses: what is expected, and what of a ledger speaks against it.
_CLAUSES: tuple[tuple[str, str, Callable[[Ledger], tuple[str, ...]]], ...] = (
    (
        "APP-01.starts",
        "the application starts from the restored set",
        lambda seen: (seen.not_started,) if seen.not_started else (),
    ),
    (
        # A restored guest is given the kit's own start command and nothing else.
        "APP-01.no-repair",
        "nothing but its own start command is needed",
        lambda seen: (seen.not_started,) if seen.not_started else (),
    ),
    (
        "APP-01.verification",
        "its own verification of the restored data is clean",
        lambda seen: seen.faults,
    ),
    (
        "APP-01.acknowledged",
        "every operation acknowledged before pre started is there",
        lambda seen: seen.lost,
    ),
    (
        "APP-01.none-after",
        "no operation that was issued after the set, or never",
        lambda seen: seen.phantom,
    ),
    ("APP-01.whole", "no operation by half or twice", lambda seen: seen.halved + seen.doubled),
    (
        "APP-01.prefix",
        "with an operation, every earlier acknowledged one of its client",
        lambda seen: seen.gaps,
    ),
    (
        "APP-01.stopped",
        "nothing is acknowledged between pre's end and post's start",
        lambda seen: seen.leaked,
    ),
)


def findings(history: History, enough: Enough | None = None) -> tuple[Finding, ...]:
    """APP-01's clauses; what a round does not prove is left out, what it breaks never."""
    if history.application is None or not history.application.restores:
        return ()
    result = ledger(history, enough)
    stops = history.application.stops_writes
    return tuple(
        found(
            clause, not bad, expected, f"{shown(bad)} ({result.counts})" if bad else result.counts
        )
        for clause, expected, against in _CLAUSES
        if clause != "APP-01.stopped" or stops
        if (bad := against(result)) or result.proof is not Proof.NOT_PROVEN
    )


def shown(ids: tuple[str, ...]) -> str:
    """Some of many, and how many there are."""
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more


def _around(operation: Operation, cut: Cut) -> bool:
    acknowledged = operation.acknowledged
    return operation.tried <= cut.set_ended and (
        acknowledged is None or acknowledged >= cut.pre_started
    )


def _leaked(operations: Iterable[Operation], cut: Cut) -> tuple[str, ...]:
    return tuple(
        o.id
        for o in operations
        if o.acknowledged is not None
        and cut.pre_ended < o.acknowledged < cut.post_started
        and (o.tried > cut.pre_ended or o.acknowledged > cut.pre_ended + CLIENT_LATE)
    )


def _phantoms(
    operations: Iterable[Operation], present: frozenset[str], cut: Cut
) -> tuple[str, ...]:
    tried = {o.id: o.tried for o in operations}
    return tuple(i for i in sorted(present) if i not in tried or tried[i] > cut.set_ended)


def _doubts(counted: Ledger, enough: Enough) -> Iterable[str]:
    for what, seen, least in (
        ("acknowledged before pre started", counted.before, enough.before),
        ("under way around the set", counted.around, enough.around),
        ("tried after the set", counted.after, enough.after),
    ):
        if seen < least:
            yield f"only {seen} operations {what}, {least} are needed"
