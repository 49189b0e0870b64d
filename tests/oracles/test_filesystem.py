"""What a set is, from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import Consistency, Ext4Image, Filesystem, Image, XfsImage
from harness.oracles.filesystem import image_level, reached
from harness.oracles.terms import Terms
from tests.oracles.builders import FROZEN, THAWED, disk, history, image, snapshot

KINDS: tuple[Filesystem, ...] = ("ext3", "ext4", "xfs", "btrfs")

#: Facts of real images under load (kernel 6.18), and what they are.
MEASURED: dict[str, tuple[Image, Consistency]] = {
    "ext4 frozen": (Ext4Image("s", "d", False, 0, 0), "file-system"),
    "ext4 frozen, unlinked open file": (Ext4Image("s", "d", False, 0, 4, "", 0), "file-system"),
    "ext4 written to": (Ext4Image("s", "d", True, 31, 4, "", 0), "crash"),
    "ext4 written to, raw check clean": (Ext4Image("s", "d", True, 31, 0), "crash"),
    "ext4 torn, flags by luck": (Ext4Image("s", "d", False, 31, 4, "", 4), "none"),
    "ext4 damaged, nothing replayed": (Ext4Image("s", "d", False, 0, 4), "none"),
    "ext4 damage that a replay does not mend": (Ext4Image("s", "d", True, 31, 4, "", 4), "none"),
    "xfs frozen": (XfsImage("s", "d", ("SUPER Block Buffer",), 2, 0), "file-system"),
    "xfs log covered": (XfsImage("s", "d", (), 0, 0), "file-system"),
    "xfs written to": (XfsImage("s", "d", ("INODE", "SUPER Block Buffer"), 49, 0), "crash"),
    "xfs little changed": (
        XfsImage("s", "d", ("INODE", "SUPER Block Buffer"), 2, 0, log_redundant=True),
        "file-system",
    ),
    "xfs damaged": (XfsImage("s", "d", ("SUPER Block Buffer",), 2, 1), "none"),
}


@pytest.mark.parametrize("name", MEASURED)
def test_an_image_is_what_was_measured(name: str) -> None:
    facts, level = MEASURED[name]
    shown, why = image_level(facts)
    assert shown == level
    assert bool(why) == (level != "file-system")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("live", "frozen", "damaged", "level"),
    [
        (FROZEN, True, False, "file-system"),
        (FROZEN, False, False, "crash"),  # the image refutes the probes
        (THAWED, True, False, "crash"),  # idle and synced: only the probes know
        (THAWED, False, False, "crash"),
        (FROZEN, True, True, "none"),
        (THAWED, False, True, "none"),
    ],
)
def test_both_kinds_of_evidence_are_needed(
    kind: Filesystem, live: object, frozen: bool, damaged: bool, level: str
) -> None:
    one = disk(filesystem=kind)
    run = history(
        one,
        snapshots=(snapshot(at=live),),  # type: ignore[arg-type]
        images=(image(one, frozen=frozen, damaged=damaged),),
    )
    assert reached(run).level == level


def test_the_weakest_disk_speaks_for_the_set() -> None:
    disks = (disk("a"), disk("b", "xfs"), disk("c", "btrfs"))
    run = history(*disks, snapshots=(snapshot(disks={"a": FROZEN, "b": FROZEN, "c": THAWED}),))
    shown = reached(run)
    assert shown.level == "crash"
    assert shown.reasons == ("c was not frozen when the set was taken",)


def test_where_nothing_is_to_be_frozen_all_of_it_counts_as_frozen() -> None:
    one = disk(filesystem="ext2")
    assert reached(history(one, snapshots=(snapshot(at=THAWED),))).level == "file-system"


def test_a_disk_that_is_not_mounted_is_left_out_by_name() -> None:
    disks = (disk("a"), disk("idle"))
    run = history(*disks, snapshots=(snapshot(disks={"a": FROZEN, "idle": THAWED}),))
    assert reached(run).level == "crash"
    assert reached(run, Terms(freezable=("a",))).level == "file-system"


def test_without_images_the_live_evidence_stands_alone_and_says_so() -> None:
    shown = reached(history(images=()))
    assert (shown.level, shown.examined) == ("file-system", False)


def test_an_image_of_another_set_says_nothing() -> None:
    other = image(disk(), damaged=True, set_id="s0")
    assert reached(history(images=(other,))).level == "file-system"


def test_no_set_no_level() -> None:
    assert reached(history(snapshots=())).level == "none"


def test_the_successful_set_speaks_for_the_run() -> None:
    failed = replace(snapshot(at=THAWED), answer=1, set_id="s2", number=2)
    assert reached(history(snapshots=(snapshot(), failed))).level == "file-system"
