"""The typed record of one backup run, as observed from outside the executor.

Record first, judge after: machines and targets write one `History`; the oracles are pure
functions over it and can be run again over a stored one. Nothing here touches a guest.

Instants are seconds of CLOCK_MONOTONIC of the engine's kernel (`Instant`); only instants of one
kernel are ever compared. Byte strings of a guest (arguments, paths, environments) are decoded as
UTF-8 with surrogateescape, so that nothing is lost.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Instant = float
Filesystem = Literal["ext2", "ext3", "ext4", "xfs", "btrfs"]
Shape = Literal["data", "root-on-disk"]
Status = Literal["succeeded", "failed"]
Consistency = Literal["application", "file-system", "crash", "none"]
ScriptName = Literal["pre", "post"]

#: Consistency levels from the weakest claim to the strongest.
LEVELS: tuple[Consistency, ...] = ("none", "crash", "file-system", "application")


@dataclass(frozen=True)
class Disk:
    """One backing image of the guest: `device` is "MAJOR:MINOR", `size` is bytes.

    `foreign`: it stands for a disk of the machine that carries the guest: only a file or folder of
    it is mounted, as an engine binds its own, and its device has no node.
    """

    name: str
    filesystem: Filesystem
    mountpoint: str
    device: str
    size: int
    read_only: bool = False
    carries_root: bool = False
    foreign: bool = False


@dataclass(frozen=True)
class Mark:
    """A script reported that it reached a point; the process was read from /proc while it waited.

    `point` is "start", "end" or a word of the fixture's own. `attempt` counts the "start" marks of
    that script in this run, from 1. `stdin_eof` is None where it was not looked at. `session` is
    its session's id, 0 where it is not known.
    """

    at: Instant
    script: str
    point: str
    attempt: int
    pid: int
    argv: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    umask: int = 0
    uid: int = 0
    session_leader: bool = False
    stdin_eof: bool | None = None
    ignored_signals: tuple[int, ...] = ()
    blocked_signals: tuple[int, ...] = ()
    session: int = 0


@dataclass(frozen=True)
class ScriptRun:
    """One execution of a configured script as the kernel told it (fanotify, then a pidfd).

    Seen for every script, also a vendor's that reports no marks. `ended` is None where the process
    outlived the record.
    """

    script: ScriptName
    pid: int
    started: Instant
    ended: Instant | None


@dataclass(frozen=True)
class Freeze:
    """One interval in which the host saw a disk frozen, by samples of its own mount.

    The freeze began after `thawed_before` (last sample that saw it thawed; None: frozen since the
    watch began) and not after `first`; it ended after `last` and not after `thawed_after` (None:
    still frozen when the record ended). `rescued`: it was the host's rescue that thawed it.
    """

    disk: str
    thawed_before: Instant | None
    first: Instant
    last: Instant
    thawed_after: Instant | None
    rescued: bool = False


@dataclass(frozen=True)
class FreezeCall:
    """A freeze (FIFREEZE) or thaw (FITHAW) that a process of the guest asked for; exact.

    The caller waited inside the call until it was on record: so it was done after `at`, if it was
    done at all; what came of it is not told. `disk` is "" for what is on none of the guest's
    disks. `executors`: a process of the executor's made it, and none of its scripts. It surely
    had returned by `returned` (None: not known). `command_alive`: a snapshot command that waited
    for its answer still lived at that instant; None where none waited.
    """

    at: Instant
    what: Literal["freeze", "thaw"]
    disk: str
    thread: int
    executors: bool
    returned: Instant | None = None
    command_alive: bool | None = None


@dataclass(frozen=True)
class BlockedWriter:
    """A process of the executor's waited to write to a frozen filesystem, from `since` on."""

    since: Instant
    pid: int
    argv: tuple[str, ...]


@dataclass(frozen=True)
class ProgramStart:
    """The executor started a program from a disk, and its access time had to be written then.

    The start was held until it was on record, so `at` is exact.
    """

    at: Instant
    pid: int
    path: str
    disk: str


@dataclass(frozen=True)
class DiskAtSnapshot:
    """What the host saw of one disk right before and right after it took the set."""

    frozen_before: bool
    frozen_after: bool
    writes_before: int
    writes_after: int
    in_flight_before: int
    in_flight_after: int

    @property
    def still(self) -> bool:
        """No write reached the disk, or was under way, while the set was taken."""
        return (
            self.writes_before == self.writes_after
            and self.in_flight_before == 0
            and self.in_flight_after == 0
        )


@dataclass(frozen=True)
class Snapshot:
    """One call of the snapshot command; `arguments` are what it was given.

    `answer` is its exit status, None where it was never answered (told to hang). `set_id` is None
    where no set was taken; `disks` are then what the host saw of them right after the call.
    """

    number: int
    requested: Instant
    answered: Instant | None
    answer: int | None
    set_id: str | None = None
    taken_from: Instant | None = None
    taken_to: Instant | None = None
    disks: Mapping[str, DiskAtSnapshot] = field(default_factory=dict)
    discarded: Instant | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ext4Image:
    """Facts of one ext2/ext3/ext4 image of a set; `fsck_exit` is `e2fsck -fn` on the raw image.

    `replayed_exit` is `e2fsck -fn` on a copy after a mount and unmount, which replays the journal
    and frees what was unlinked but open (None: not looked at). The raw check alone fails a
    perfectly frozen image as soon as somebody held an unlinked file open: measured, exit 4.
    """

    set_id: str
    disk: str
    needs_recovery: bool
    journal_start: int
    fsck_exit: int
    fsck_tail: str = ""
    replayed_exit: int | None = None


@dataclass(frozen=True)
class XfsImage:
    """Facts of one xfs image; `log_items` are the distinct item kinds between tail and head.

    `repair_exit` is `xfs_repair -n` on a copy after its log was replayed by a mount.
    `log_redundant`: all that the log holds is in place already, so that a replay changes nothing.
    """

    set_id: str
    disk: str
    log_items: tuple[str, ...]
    log_transactions: int
    repair_exit: int
    repair_tail: str = ""
    log_redundant: bool = False


@dataclass(frozen=True)
class BtrfsImage:
    """Facts of one btrfs image; `check_exit` is `btrfs check --readonly`."""

    set_id: str
    disk: str
    log_root: int
    check_exit: int
    check_tail: str = ""


Image = Ext4Image | XfsImage | BtrfsImage


@dataclass(frozen=True)
class Outcome:
    """What the executor claims (SPEC: SNAPCERT_STATUS).

    `misshapen` says what is wrong with its warnings or reasons, "" where nothing is.
    """

    status: Status
    consistency: Consistency
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    misshapen: str = ""


@dataclass(frozen=True)
class ExecutorEnd:
    """How the executor's main process ended, and what it left at SNAPCERT_STATUS.

    `outcome` is None where no status or nonsense was written; `problem` then says what was wrong.
    `partial`: what stands at SNAPCERT_STATUS is no whole JSON text.
    `hung`: still running at its overall deadline, then killed by the harness.
    `killed`: a fault of the scenario killed it on purpose, at that instant. `session` is the id of
    the session that it was started in, as its leader; 0 where it is not known.
    """

    started: Instant
    ended: Instant
    exit_status: int | None
    signal: int | None
    hung: bool = False
    killed: Instant | None = None
    outcome: Outcome | None = None
    problem: str | None = None
    log_tail: str = ""
    session: int = 0
    partial: bool = False


@dataclass(frozen=True)
class Process:
    """One process of the guest; `start_ticks` with `pid` identifies it; `role` is who started it.

    `role`: "executor" (the executor's tree by its environment mark), "script" (started by a
    script), "application", "unknown".
    """

    pid: int
    start_ticks: int
    argv: tuple[str, ...]
    role: str = "unknown"
    state: str = ""


@dataclass(frozen=True)
class GuestState:
    """What a guest holds at one instant: the raw material of the residue oracle.

    `files` maps path to "mode uid:gid size" for every file outside the folders that a run may
    change; `mounts` are "DEVICE MOUNTPOINT FSTYPE OPTIONS"; `locks` are lines of /proc/locks by
    path; `frozen` names the disks that are frozen.
    """

    at: Instant
    processes: tuple[Process, ...] = ()
    mounts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A fault that the scenario injected, when it took effect: "kill executor", "fail snapshot"."""

    at: Instant
    what: str


@dataclass(frozen=True)
class Operation:
    """One operation of the workload, from its `try` and `ok` lines.

    `acknowledged` is None where no `ok` arrived.
    """

    id: str
    client: str
    tried: Instant
    acknowledged: Instant | None = None


@dataclass(frozen=True)
class Restore:
    """A snapshot set, restored into a fresh guest and asked what it holds (APP-01).

    `has` are the complete operations, `half` the partial ones, `faults` what the application's own
    verification found; `original` is True where the restore showed the marker that was written to
    the original disks after the set was taken, so that it proves nothing.
    """

    set_id: str
    mounted: bool
    started: bool
    verify_exit: int | None
    has: tuple[str, ...] = ()
    half: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    original: bool = False
    problem: str = ""
    seconds_to_ready: float | None = None
    log_tail: str = ""


@dataclass(frozen=True)
class Application:
    """What the application under a kit did around one backup run.

    `stops_writes`: the kit declares that nothing is acknowledged between pre's end and post's
    start. `state_before` and `state_after` are the kit's `state` output; `answers_after` tells
    whether the application answered after the run.
    """

    operations: tuple[Operation, ...]
    stops_writes: bool
    state_before: str
    state_after: str
    answers_after: bool
    restores: tuple[Restore, ...] = ()


@dataclass(frozen=True)
class History:
    """Everything that was observed of one backup run in one guest.

    `reviewable` are those of the words that the scenario sought that the run left to be read: in
    the executor's log, in its outcome, or in a file that is new or changed.
    """

    id: str
    scenario: str
    executor: str
    shape: Shape
    single_disk: bool
    disks: tuple[Disk, ...]
    began: Instant
    ended: Instant
    end: ExecutorEnd
    marks: tuple[Mark, ...] = ()
    script_runs: tuple[ScriptRun, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    freeze_calls: tuple[FreezeCall, ...] = ()
    blocked: tuple[BlockedWriter, ...] = ()
    programs: tuple[ProgramStart, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Image, ...] = ()
    faults: tuple[Fault, ...] = ()
    before: GuestState | None = None
    after: GuestState | None = None
    application: Application | None = None
    reviewable: tuple[str, ...] = ()

    def starts(self, script: str) -> tuple[Mark, ...]:
        """The start marks of one script, in order: one for each attempt that was really run."""
        return tuple(m for m in self.marks if m.script == script and m.point == "start")

    def last(self, script: str, point: str) -> Mark | None:
        """The last mark of a script at a point, None where it never got there."""
        found = [m for m in self.marks if m.script == script and m.point == point]
        return found[-1] if found else None

    def sets(self) -> tuple[Snapshot, ...]:
        """The calls that took a snapshot set."""
        return tuple(s for s in self.snapshots if s.set_id is not None)


class Harm(enum.IntEnum):
    """What a failed finding means for a user, from the least to the worst."""

    CONTRACT = 1
    SECURITY = 2
    SILENT_DOWNGRADE = 3
    LEFT_BEHIND = 4
    LEFT_FROZEN = 5
    FALSE_CONSISTENCY = 6


@dataclass(frozen=True)
class Expected:
    """What a scenario expects of the verdict; where the contract has two readings, several.

    `primary` is the first error's name, `errors` all names in the order in which they arise.
    """

    status: tuple[Status, ...]
    consistency: tuple[Consistency, ...]
    primary: tuple[str | None, ...] = (None,)
    errors: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Finding:
    """One observation held against one clause, the same clause id whether it holds or not.

    `expected` and `observed` are sentences for a person, `harm` and `consequence` say what a
    failure means for a user.
    """

    clause: str
    holds: bool
    expected: str
    observed: str
    harm: Harm = Harm.CONTRACT
    consequence: str = ""

    @property
    def rule(self) -> str:
        """The rule's id: "FBK-03" of "FBK-03.status"."""
        return self.clause.split(".", 1)[0]
