"""What is frozen for a set, and in which order: FRZ-01 and FRZ-02.

That a disk was frozen, and when, is what the host saw (`Freeze`, samples); in which order freezes
and thaws were asked for, and on what, is what the kernel stopped (`FreezeCall`, exact). A call that
had returned before another began proves an order; two that were under way together prove none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from harness.history import Disk, Finding, Freeze, FreezeCall, History, Snapshot
from harness.oracles.consequences import found
from harness.oracles.instants import ALWAYS_SAMPLED, When, freeze_began
from harness.oracles.terms import FREEZABLE, Terms


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """All rules of what is frozen that apply to this run."""
    return tuple(
        finding
        for oracle in (_freeze, _never, _nothing, _nesting)
        for finding in oracle(history, terms)
    )


def own_freezes(history: History, terms: Terms) -> tuple[Freeze, ...]:
    """The freezes that began in this run, of disks that the scenario itself did not touch."""
    return tuple(
        f for f in history.freezes if f.disk not in terms.foreign and f.thawed_before is not None
    )


def own_calls(history: History, what: str, *disks: str) -> tuple[FreezeCall, ...]:
    """What the executor asked for, on these disks, or on any."""
    return tuple(
        c
        for c in history.freeze_calls
        if c.executors and c.what == what and (not disks or c.disk in disks)
    )


def _freeze(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    if terms.freezes is False:
        seen = sorted(
            {f.disk for f in freezes} | {c.disk for c in own_calls(history, "freeze")} - {""}
        )
        if terms.unfrozen:
            yield found(
                terms.unfrozen,
                not seen,
                "nothing is frozen",
                f"{_names(seen)} was frozen" if seen else "no disk was frozen",
            )
        return
    twice = sorted(_frozen_twice(history, terms))
    yield found(
        "FRZ-01.once",
        not twice,
        "each filesystem is frozen once",
        f"{', '.join(twice)} was frozen more than once" if twice else "none was frozen twice",
    )
    if terms.freezes and history.snapshots:
        yield from _asked_while_frozen(history, terms, history.snapshots[0])


def _frozen_twice(history: History, terms: Terms) -> set[str]:
    """Disks with two freezes, or with a second call while the first still held.

    Where a freeze fails, calls alone prove nothing: it may be tried again.
    """
    seen = Counter(f.disk for f in own_freezes(history, terms))
    twice = {disk for disk, times in seen.items() if times > 1}
    if terms.freeze_trouble is not None:
        return twice
    held: set[str] = set()
    for call in history.freeze_calls:
        if not call.executors or not call.disk or call.disk in terms.foreign:
            continue
        if call.what == "thaw":
            held.discard(call.disk)
        elif call.disk in held:
            twice.add(call.disk)
        else:
            held.add(call.disk)
    return twice


def _never(history: History, terms: Terms) -> Iterator[Finding]:
    """What must not be frozen, whatever the policy: not even a try is allowed."""
    seen = {f.disk for f in own_freezes(history, terms)}
    seen |= {c.disk for c in own_calls(history, "freeze")}
    ext2 = {d.name for d in history.disks if d.filesystem == "ext2" and not d.foreign}
    others = {d.name: d.mountpoint for d in history.disks if d.foreign}
    if ext2:
        yield found(
            "FRZ-01.ext2",
            not ext2 & seen,
            "ext2 is never frozen",
            f"{_names(ext2 & seen)} was frozen" if ext2 & seen else "no ext2 was frozen",
        )
    if others:
        touched = sorted(others[name] for name in seen & set(others))
        yield found(
            "FRZ-01.foreign",
            not touched,
            f"the filesystem behind {_names(others.values())} is not touched",
            f"the filesystem behind {_names(touched)} was frozen" if touched else "so it was",
        )


def _nothing(history: History, terms: Terms) -> Iterator[Finding]:
    outcome = history.end.outcome
    if not terms.freezes or outcome is None or history.end.killed is not None:
        return
    if terms.named_disks(history):
        return
    blamed = "FsFreezeFailed" in outcome.errors
    lowered = blamed or (outcome.status == "succeeded" and outcome.consistency == "crash")
    yield found(
        "FRZ-01.nothing",
        not lowered,
        "nothing is there to freeze, and all of it counts as frozen",
        f"consistency {outcome.consistency}, errors: {', '.join(outcome.errors) or 'none'}",
    )


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
    early = [
        name
        for name in named
        if (name in own and _thawed_before(own[name], call)) or _thaw_asked(history, name, call)
    ]
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


def _thawed_before(freeze: Freeze, call: Snapshot) -> bool:
    """Thawed before the set was complete: when the command returned is known too roughly."""
    if call.taken_to is None or freeze.thawed_after is None:
        return False
    return freeze.thawed_after < call.taken_to


def _thaw_asked(history: History, disk: str, call: Snapshot) -> bool:
    """A thaw was asked for after the disk was frozen for this set, before the set was complete."""
    froze = [c.at for c in own_calls(history, "freeze", disk) if c.at <= call.requested]
    asked = [c.at for c in own_calls(history, "thaw", disk)]
    if call.taken_to is None or not froze:
        return False
    return any(max(froze) < at < call.taken_to for at in asked)


def _nesting(history: History, terms: Terms) -> Iterator[Finding]:
    disks = [d for d in history.disks if d.filesystem in FREEZABLE and not d.foreign]
    pairs = [(outer, inner) for outer in disks for inner in disks if _within(inner, outer)]
    frozen = {c.disk: c for c in reversed(own_calls(history, "freeze"))}
    both = [(o, i) for o, i in pairs if o.name in frozen and i.name in frozen]
    if both:
        wrong = [
            f"{outer.mountpoint} was frozen before {inner.mountpoint}"
            for outer, inner in both
            if _surely_before(frozen[outer.name], frozen[inner.name])
        ]
        yield found(
            "FRZ-01.order",
            not wrong,
            "nested mounts are frozen first, the root last",
            "; ".join(wrong) or "no outer filesystem was frozen before one within it",
        )
    # What survives of a killed executor thaws as it can; a disk that the scenario thawed, or froze,
    # needs no thaw of the executor's.
    if history.end.killed is not None:
        return
    thawed = {
        c.disk: c
        for c in reversed(own_calls(history, "thaw"))
        if c.disk in frozen and c.at > frozen[c.disk].at
    }
    both = [
        (o, i)
        for o, i in both
        if o.name in thawed and i.name in thawed and not {o.name, i.name} & set(terms.foreign)
    ]
    if both:
        wrong = [
            f"{inner.mountpoint} was thawed before {outer.mountpoint}"
            for outer, inner in both
            if _surely_before(thawed[inner.name], thawed[outer.name])
        ]
        yield found(
            "FRZ-01.thaw-order",
            not wrong,
            "the thaw goes in reverse, the root first",
            "; ".join(wrong) or "no filesystem was thawed before one that it is mounted on",
        )


def _surely_before(one: FreezeCall, other: FreezeCall) -> bool:
    """One call had returned when the other was made."""
    return one.returned is not None and one.returned <= other.at


def _within(inner: Disk, outer: Disk) -> bool:
    root = outer.mountpoint.rstrip("/") + "/"
    return inner.name != outer.name and inner.mountpoint.startswith(root)


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
