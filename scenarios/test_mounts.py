"""Which filesystems are frozen, in which order: mounts of every kind (FRZ-01).

A freeze and a thaw are seen before they are done, so that not even a try goes unnoticed.
"""

from __future__ import annotations

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.targets.situation import when_marked

#: The seed says that the filesystems are frozen; which they are and how often is this project's.
WHAT_IS_FROZEN = tuple(
    f"FRZ-01.{word}"
    for word in ("which", "once", "order", "thaw-order", "ext2", "nothing", "foreign")
)
POST_FAILS = (
    PreSucceeded(),
    FreezeDone(),
    SnapshotTaken(),
    ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED),
)


@pytest.mark.guest("four-disks", every_filesystem=True)
def test_nested_disks(case: Case) -> None:
    """Three disks mounted within each other and one beside: the innermost is frozen first."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("mounted-again", every_filesystem=True)
def test_one_filesystem_with_several_mounts(case: Case) -> None:
    """Mounted twice, a folder of it bound, and shown read-only elsewhere: frozen once."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("subvolumes", only="btrfs")
def test_subvolumes_without_their_top(case: Case) -> None:
    """Two subvolumes of one btrfs are mounted, its top level is not: it is frozen, and once."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("beside")
def test_filesystems_of_many_kinds(case: Case) -> None:
    """ext3 and btrfs are frozen, the btrfs once beside its subvolume; ext2 and tmpfs never."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("over-mounted")
def test_hidden_below_another_mount(case: Case) -> None:
    """A disk is mounted over another one: the upper is frozen, the hidden one need not be."""
    case.backup(Given(configured(), scripts())).expect(
        *ALL_WELL, freezable=["data"], about=WHAT_IS_FROZEN
    )


@pytest.mark.guest("half-hidden")
def test_hidden_here_and_seen_there(case: Case) -> None:
    """A disk lies over the first of another one's mounts; through the second that is in use."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("read-only-first")
def test_read_only_here_and_writable_there(case: Case) -> None:
    """The first mount of a disk is read-only, the second is not: it is frozen."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("odd-names")
def test_mount_points_with_odd_names(case: Case) -> None:
    """A blank and a backslash in mount points, which the kernel writes as octal numbers."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("root-within")
def test_root_is_mounted_within_a_disk(case: Case) -> None:
    """/ is bound to a folder of /data, as for a chroot: each lies within the other, / is last."""
    run = case.backup(Given(configured(), scripts()))
    # What the executor may write of its own below / is seen there too.
    run.expect(*ALL_WELL, may_change=["/data/root/"], about=WHAT_IS_FROZEN)


@pytest.mark.guest("ext2")
def test_only_ext2(case: Case) -> None:
    """The only disk is an ext2: there is nothing to freeze, and all of it counts as frozen."""
    run = case.backup(Given(configured(), scripts(post="fail")))
    run.expect(*POST_FAILS, about=WHAT_IS_FROZEN)


@pytest.mark.guest("read-only-mount")
def test_writable_but_mounted_read_only(case: Case) -> None:
    """Nobody can write through the only mount: the level is no lower for it, frozen or not."""
    run = case.backup(Given(configured(), scripts(post="fail")))
    run.expect(*POST_FAILS, freezable=[], about=WHAT_IS_FROZEN)


@pytest.mark.guest("engine-binds")
def test_bound_from_the_machine(case: Case) -> None:
    """/etc/resolv.conf and a folder are bound from the machine's disks: these are not touched."""
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL, about=WHAT_IS_FROZEN)


@pytest.mark.guest("two-disks")
def test_a_mount_vanishes_before_the_freeze(case: Case) -> None:
    """The pre-script unmounts /data/log: what is left is frozen."""
    run = case.backup(
        Given(configured(), scripts()),
        triggers=[
            when_marked("pre", "end", {"unmount": "log"}),
            when_marked("post", "start", {"mount": "log"}),
        ],
    )
    run.expect(*ALL_WELL, freezable=["data"], may_change=["/data/"], about=WHAT_IS_FROZEN)


@pytest.mark.guest("two-disks")
def test_a_mount_appears_before_the_freeze(case: Case) -> None:
    """The pre-script mounts /data/log: it is frozen too, and first."""
    case.guest.unmount("log")
    run = case.backup(
        Given(configured(), scripts()),
        triggers=[
            when_marked("pre", "end", {"mount": "log"}),
            when_marked("post", "start", {"unmount": "log"}),
        ],
    )
    run.expect(*ALL_WELL, may_change=["/data/"], about=WHAT_IS_FROZEN)
