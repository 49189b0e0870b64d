"""What a snapshot set is: file-system consistent, crash consistent, or damaged.

Two kinds of evidence, and both are needed:

- *Live*: the host probes each disk right before and right after it takes the set, and reads the
  loop device's write counters. Frozen before, frozen after, not one write between: exact, and the
  only proof of a torn set, because xfs and btrfs check clean when they are torn.
- *The image itself*, by the recipe of each filesystem: ext4 a journal that needs no recovery and
  starts at 0; xfs a log that holds nothing but superblock records, or whose changes are all in
  place already (a freeze after little activity leaves them there); btrfs no log tree. Then the
  filesystem's own check, on a copy after a mount where a raw check would fail good images: a raw
  `xfs_repair -n` fails every frozen xfs, a raw `e2fsck -fn` each frozen ext4 on which somebody
  holds an unlinked file open.

Measured on kernel 6.18 under load, 20 sets each: the ext4 flags named 20 of 20 frozen sets and 0
of 80 others (written to, synced, killed, torn); the xfs log 20 of 20 and 0 of 80; the btrfs log
tree 20 of 20, 0 of 60 others, but also 20 of 20 idle and synced ones, which are identical on disk.
So an image may show a freeze that was none: only together with the live evidence is it a proof.
An xfs left idle for more than a minute covers its own log the same way. Both kinds together, on
20 frozen and 20 unfrozen sets of each filesystem under load, through the real host: no error in
120 (bench/filesystem_oracle.py, its table in bench/results/).

Unfrozen but with a clean check after its journal was replayed: crash consistent. Damaged: none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.history import (
    LEVELS,
    BtrfsImage,
    Consistency,
    Disk,
    Ext4Image,
    Finding,
    History,
    Image,
    Snapshot,
    XfsImage,
)
from harness.oracles.consequences import found
from harness.oracles.terms import Terms


@dataclass(frozen=True)
class Reached:
    """The level that a set shows when it is examined.

    `reasons` say, a sentence each, why it is not higher. `examined` is False where an image of a
    disk that FRZ-01 names was not looked at, so that the live evidence stands alone.
    """

    level: Consistency
    reasons: tuple[str, ...] = ()
    examined: bool = True


def lower(left: Consistency, right: Consistency) -> Consistency:
    """The weaker of two levels."""
    return min(left, right, key=LEVELS.index)


def above(claimed: Consistency, reached: Consistency) -> bool:
    """Whether a claim is above what was reached."""
    return LEVELS.index(claimed) > LEVELS.index(reached)


def the_set(history: History) -> Snapshot | None:
    """The set that an outcome speaks of: the last that was taken, a successful one first."""
    sets = history.sets()
    good = tuple(s for s in sets if s.answer == 0) or sets
    return good[-1] if good else None


def reached(history: History, terms: Terms | None = None) -> Reached:
    """What the set of this run is, over all disks that FRZ-01 names; "none" without a set."""
    terms = terms or Terms()
    snapshot = the_set(history)
    if snapshot is None:
        return Reached("none", ("no snapshot set was taken",))
    named = terms.named_disks(history)
    images = {i.disk: i for i in history.images if i.set_id == snapshot.set_id}
    level: Consistency = "file-system"
    reasons: list[str] = []
    for disk in named:
        why = enclosed(history, snapshot, disk)
        if why:
            level, reasons = lower(level, "crash"), [*reasons, why]
    for disk in history.disks:
        image = images.get(disk.name)
        # An ext2 that is written to is never whole on its disk, and nothing could make it so.
        if image is None or disk.filesystem == "ext2":
            continue
        shown, why = image_level(image)
        if shown == "none" or (disk in named and shown == "crash"):
            level, reasons = lower(level, shown), [*reasons, why]
    examined = all(d.name in images for d in named)
    return Reached(level, tuple(reasons), examined)


def enclosed(history: History, snapshot: Snapshot, disk: Disk) -> str:
    """Why the set was not taken wholly within a freeze of this disk; "" where it was."""
    seen = snapshot.disks.get(disk.name)
    if seen is None:
        return f"{disk.name} is not in the set"
    if not seen.frozen_before and not seen.frozen_after:
        return f"{disk.name} was not frozen when the set was taken"
    if not seen.frozen_before:
        return f"{disk.name} was not yet frozen when the taking of the set began"
    if not seen.frozen_after:
        return f"{disk.name} was thawed before the taking of the set ended"
    if not seen.still:
        writes = seen.writes_after - seen.writes_before
        flight = seen.in_flight_before + seen.in_flight_after
        return f"{writes} writes reached {disk.name} ({flight} in flight) while the set was taken"
    start, end = snapshot.taken_from, snapshot.taken_to
    if start is None or end is None:
        return ""
    for freeze in history.freezes:
        over = freeze.thawed_after
        if freeze.disk == disk.name and over is not None and start <= freeze.last and over <= end:
            return f"{disk.name} was thawed and frozen again while the set was taken"
    return ""


def image_level(image: Image) -> tuple[Consistency, str]:
    """What one image shows by itself, and why it is not file-system consistent."""
    if isinstance(image, Ext4Image):
        return _ext4(image)
    if isinstance(image, XfsImage):
        return _xfs(image)
    return _btrfs(image)


def _ext4(image: Ext4Image) -> tuple[Consistency, str]:
    quiet = not image.needs_recovery and image.journal_start == 0
    after = image.replayed_exit
    if after is not None and after != 0:
        return "none", f"{image.disk}: e2fsck finds damage after the journal was replayed ({after})"
    if after is None and quiet and image.fsck_exit != 0:
        return "none", f"{image.disk}: e2fsck finds damage in a clean journal ({image.fsck_exit})"
    if not quiet:
        return "crash", f"{image.disk}: the ext4 journal must be replayed, so it was not frozen"
    return "file-system", ""


def _xfs(image: XfsImage) -> tuple[Consistency, str]:
    if image.repair_exit != 0:
        exit_ = image.repair_exit
        return "none", f"{image.disk}: xfs_repair finds damage after the log was replayed ({exit_})"
    others = [i for i in image.log_items if not i.casefold().startswith("super")]
    if others and not image.log_redundant:
        kinds = ", ".join(others)
        return "crash", f"{image.disk}: the xfs log holds changes ({kinds}), so it was not frozen"
    return "file-system", ""


def _btrfs(image: BtrfsImage) -> tuple[Consistency, str]:
    if image.check_exit != 0:
        return "none", f"{image.disk}: btrfs check finds damage ({image.check_exit})"
    if image.log_root != 0:
        return "crash", f"{image.disk}: the btrfs log tree must be replayed, so it was not frozen"
    return "file-system", ""


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """SNP-01 of the set itself: everything named was frozen over all of it, and shows it."""
    snapshot = the_set(history)
    named = [d for d in terms.named_disks(history) if d.name not in terms.foreign]
    # What survives of a killed executor thaws while the set is taken, as it should.
    if snapshot is None or not terms.freezes or not named or history.end.killed is not None:
        return ()
    own = replace(terms, freezable=tuple(d.name for d in named))
    shown = reached(history, own)
    names = ", ".join(d.name for d in named)
    return (
        found(
            "SNP-01.while-frozen",
            shown.level == "file-system",
            f"{names} frozen from before the set was taken until after",
            "; ".join(shown.reasons) or f"{names} frozen before and after, no write in between",
        ),
    )
