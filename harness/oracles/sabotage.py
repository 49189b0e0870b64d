"""The oracle control: the evidence of a good run, sabotaged, must be caught in each run.

An oracle that finds nothing may be blind. Each sabotage below takes a history and returns a copy
in which one thing went wrong that a bad script kit or executor would cause, or None where the
history has nothing to sabotage in that way; `prove_controls` applies all of them and looks whether
the finding that must catch it does. A sabotage counts as caught only if its clause held in the
evidence as it was observed. One that is not caught: the verdict of the round is *not proven*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from harness.history import (
    Application,
    DiskAtSnapshot,
    Ext4Image,
    Finding,
    History,
    Image,
    Operation,
    Restore,
    Snapshot,
    XfsImage,
)
from harness.oracles import application, filesystem
from harness.oracles.application import Enough, acknowledged_before, cut_of
from harness.oracles.filesystem import the_set
from harness.oracles.terms import Terms

#: Acknowledged operations that are lost when a disk's cache never reached it.
_CACHED = 5


@dataclass(frozen=True)
class Control:
    """Whether one sabotage was caught, and by which finding; `detail` is a sentence."""

    name: str
    caught: bool
    detail: str


@dataclass(frozen=True)
class Sabotage:
    """One way to spoil a history, and the clause that must then fail."""

    name: str
    clause: str
    spoil: Callable[[History], History | None]


def drop_acknowledged(history: History) -> History | None:
    """An operation that was acknowledged before pre started is not in the restore."""
    early = _acknowledged_early(history)
    return _with_has(history, partial(_without, early[-1])) if early else None


def lose_durability(history: History) -> History | None:
    """The last acknowledged operations never reached the disk: they and all later are missing."""
    early = _acknowledged_early(history)
    if not early:
        return None
    operations = {o.id: o for o in _operations(history)}
    since = operations[early[-min(_CACHED, len(early))]].tried
    return _with_has(
        history, lambda has: [i for i in has if i in operations and operations[i].tried < since]
    )


def double_operation(history: History) -> History | None:
    """One operation is in the restore twice."""
    return _with_has(history, lambda has: [has[0], *has])


def halve_operation(history: History) -> History | None:
    """One operation is in the restore by half."""
    restore = _restore(history)
    if restore is None:
        return None
    halved = replace(restore, has=restore.has[1:], half=(*restore.half, restore.has[0]))
    return _with_restore(history, halved)


def add_phantom(history: History) -> History | None:
    """An operation that was tried after the set ended is in the restore."""
    cut = cut_of(history)
    if cut is None:
        return None
    late = [o.id for o in _operations(history) if o.tried > cut.set_ended]
    return _with_has(history, lambda has: [*has, late[0]]) if late else None


def tear_prefix(history: History) -> History | None:
    """An operation is missing although the same client's next one is in the restore."""
    restore = _restore(history)
    if restore is None:
        return None
    held = frozenset(restore.has)
    for operation in reversed(_operations(history)):
        if operation.id not in held or operation.acknowledged is None:
            continue
        done = operation.acknowledged
        if any(
            o.client == operation.client and o.id in held and o.tried >= done
            for o in _operations(history)
        ):
            return _with_has(history, partial(_without, operation.id))
    return None


def fail_verification(history: History) -> History | None:
    """The application's own verification of the restore finds a fault."""
    restore = _restore(history)
    return None if restore is None else _with_restore(history, replace(restore, verify_exit=1))


def leak_write(history: History) -> History | None:
    """An operation is tried and acknowledged while the kit says that writes are stopped."""
    cut, app = cut_of(history), history.application
    if cut is None or app is None or not app.stops_writes:
        return None
    width = min(cut.post_started, cut.set_ended) - cut.pre_ended
    if width <= 0:
        return None
    leaked = Operation("leaked", "leak", cut.pre_ended + width / 3, cut.pre_ended + width * 2 / 3)
    return _with_application(history, replace(app, operations=(*app.operations, leaked)))


def take_at_two_instants(history: History) -> History | None:
    """The disks were copied one after the other: one was thawed before it was its turn."""
    return _with_disk(history, lambda disk: replace(disk, frozen_after=False))


def move_counters(history: History) -> History | None:
    """A write reached a disk while the set was taken."""
    return _with_disk(history, lambda disk: replace(disk, writes_after=disk.writes_after + 1))


def leave_log(history: History) -> History | None:
    """The image's own journal or log says that it was written to."""
    snapshot = the_set(history)
    images = [i for i in history.images if snapshot and i.set_id == snapshot.set_id]
    if not images:
        return None
    spoilt = _dirty(images[-1])
    return replace(history, images=tuple(spoilt if i is images[-1] else i for i in history.images))


SABOTAGES = (
    Sabotage("an acknowledged operation dropped", "APP-01.acknowledged", drop_acknowledged),
    Sabotage("durability switched off", "APP-01.acknowledged", lose_durability),
    Sabotage("an operation doubled", "APP-01.whole", double_operation),
    Sabotage("an operation halved", "APP-01.whole", halve_operation),
    Sabotage("an operation from after the set", "APP-01.none-after", add_phantom),
    Sabotage("a hole before a later operation", "APP-01.prefix", tear_prefix),
    Sabotage("a fault in the restored data", "APP-01.verification", fail_verification),
    Sabotage("a write while writes are stopped", "APP-01.stopped", leak_write),
    Sabotage("the disks copied at two instants", "SNP-01.while-frozen", take_at_two_instants),
    Sabotage("a write while the set was taken", "SNP-01.while-frozen", move_counters),
    Sabotage("a journal that was being written", "SNP-01.while-frozen", leave_log),
)


def prove_controls(
    history: History, terms: Terms | None = None, enough: Enough | None = None
) -> tuple[Control, ...]:
    """Every sabotage that this history allows, and whether its finding caught it.

    None are left out silently: a round without an application, or with `freezes` not True, simply
    has nothing of that kind to sabotage.
    """
    terms = terms or Terms()
    return tuple(
        control
        for sabotage in SABOTAGES
        if (control := _prove(sabotage, history, terms, enough)) is not None
    )


def _prove(
    sabotage: Sabotage, history: History, terms: Terms, enough: Enough | None
) -> Control | None:
    if sabotage.clause.startswith("SNP") and not (terms.freezes and terms.named_disks(history)):
        return None
    spoilt = sabotage.spoil(history)
    if spoilt is None:
        return None
    before = _verdict(history, sabotage.clause, terms, enough)
    after = _verdict(spoilt, sabotage.clause, terms, enough)
    if before is None:
        detail = f"{sabotage.clause} is not proven by the evidence itself"
    elif not before.holds:
        detail = f"{sabotage.clause} does not hold in the evidence itself: {before.observed}"
    elif after is None or after.holds:
        detail = f"{sabotage.clause} did not notice it"
    else:
        return Control(sabotage.name, True, f"caught by {sabotage.clause}: {after.observed}")
    return Control(sabotage.name, False, detail)


def _verdict(history: History, clause: str, terms: Terms, enough: Enough | None) -> Finding | None:
    findings = (
        *application.findings(history, enough),
        *filesystem.findings(history, terms),
    )
    return next((f for f in findings if f.clause == clause), None)


def _acknowledged_early(history: History) -> list[str]:
    """Operations in the restore that were acknowledged before pre started, in their order."""
    cut, restore = cut_of(history), _restore(history)
    if cut is None or restore is None:
        return []
    held = frozenset(restore.has)
    early = [
        o for o in _operations(history) if o.id in held and acknowledged_before(o, cut.pre_started)
    ]
    return [o.id for o in sorted(early, key=lambda o: o.tried)]


def _operations(history: History) -> tuple[Operation, ...]:
    return history.application.operations if history.application else ()


def _restore(history: History) -> Restore | None:
    """The last restore of this run's set that holds anything."""
    snapshot, app = the_set(history), history.application
    if snapshot is None or app is None:
        return None
    own = [r for r in app.restores if r.set_id == snapshot.set_id and r.has]
    return own[-1] if own else None


def _with_application(history: History, app: Application) -> History:
    return replace(history, application=app)


def _with_restore(history: History, restore: Restore) -> History | None:
    old, app = _restore(history), history.application
    if old is None or app is None:
        return None
    restores = tuple(restore if r is old else r for r in app.restores)
    return _with_application(history, replace(app, restores=restores))


def _with_has(history: History, change: Callable[[list[str]], list[str]]) -> History | None:
    restore = _restore(history)
    if restore is None:
        return None
    return _with_restore(history, replace(restore, has=tuple(change(list(restore.has)))))


def _without(gone: str, has: list[str]) -> list[str]:
    return [i for i in has if i != gone]


def _with_disk(
    history: History, change: Callable[[DiskAtSnapshot], DiskAtSnapshot]
) -> History | None:
    """The last disk of the set that was wholly frozen, changed."""
    snapshot = the_set(history)
    if snapshot is None:
        return None
    frozen = [
        n for n, d in snapshot.disks.items() if d.frozen_before and d.frozen_after and d.still
    ]
    if not frozen:
        return None
    disks = {**snapshot.disks, frozen[-1]: change(snapshot.disks[frozen[-1]])}
    spoilt: Snapshot = replace(snapshot, disks=disks)
    snapshots = tuple(spoilt if s is snapshot else s for s in history.snapshots)
    return replace(history, snapshots=snapshots)


def _dirty(image: Image) -> Image:
    if isinstance(image, Ext4Image):
        return replace(image, needs_recovery=True, journal_start=1)
    if isinstance(image, XfsImage):
        items = (*image.log_items, "INODE")
        return replace(image, log_items=items, log_transactions=50, log_redundant=False)
    return replace(image, log_root=image.log_root + 4096)
