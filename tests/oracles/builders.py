"""Small builders of histories: a good run by default, spoilt by keyword.

The clock of a good run, in seconds: began 100, pre 101 to 102, freeze 102.1, snapshot asked for at
102.2, taken 102.25 to 102.26, answered 102.3, thaw 102.4, post 103 to 104, executor's end 104.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from harness.history import (
    Application,
    BtrfsImage,
    Consistency,
    Disk,
    DiskAtSnapshot,
    ExecutorEnd,
    Ext4Image,
    Filesystem,
    Freeze,
    FreezeCall,
    GuestState,
    History,
    Image,
    Mark,
    Operation,
    Outcome,
    Process,
    Restore,
    ScriptRun,
    Snapshot,
    Status,
    XfsImage,
)

FROZEN = DiskAtSnapshot(True, True, 50, 50, 0, 0)
THAWED = DiskAtSnapshot(False, False, 50, 61, 1, 0)

ENVIRON = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
PRE, POST = "/opt/scripts/pre.sh", "/opt/scripts/post.sh"
PATHS = {"pre": PRE, "post": POST}


def disk(name: str = "data", filesystem: Filesystem = "ext4", **changes: Any) -> Disk:
    """A writable disk at /NAME."""
    return replace(Disk(name, filesystem, f"/{name}", "7:3", 1 << 26), **changes)


def mark(script: str, point: str, at: float, **changes: Any) -> Mark:
    """A mark of a script that was started as RUN-09 wants it."""
    good = Mark(
        at=at,
        script=script,
        point=point,
        attempt=1,
        pid=200,
        argv=("/bin/sh", PATHS.get(script, "/x")),
        environ=ENVIRON,
        cwd="/",
        umask=0o022,
        uid=0,
        session_leader=True,
        stdin_eof=True,
    )
    return replace(good, **changes)


def marks_of_a_run() -> tuple[Mark, ...]:
    """Start and end of both scripts, once each."""
    return (
        mark("pre", "start", 101.0),
        mark("pre", "end", 101.99),
        mark("post", "start", 103.0),
        mark("post", "end", 103.99),
    )


def freeze(name: str = "data", **changes: Any) -> Freeze:
    """A freeze from about 102.1 to about 102.4."""
    return replace(Freeze(name, 102.095, 102.1, 102.4, 102.405), **changes)


def call(what: str, at: float, disk: str = "data", **changes: Any) -> FreezeCall:
    """A freeze or thaw that the executor asked for, and that returned 10 ms later."""
    word: Literal["freeze", "thaw"] = "freeze" if what == "freeze" else "thaw"
    good = FreezeCall(at, word, disk, thread=60, executors=True, returned=at + 0.01)
    return replace(good, **changes)


def snapshot(*names: str, at: DiskAtSnapshot = FROZEN, **changes: Any) -> Snapshot:
    """A set "s1" of these disks, all as `at`."""
    good = Snapshot(
        number=1,
        requested=102.2,
        answered=102.3,
        answer=0,
        set_id="s1",
        taken_from=102.25,
        taken_to=102.26,
        disks=dict.fromkeys(names or ("data",), at),
    )
    return replace(good, **changes)


def image(of: Disk, *, frozen: bool = True, damaged: bool = False, set_id: str = "s1") -> Image:
    """What an image of this disk shows."""
    bad = 4 if damaged else 0
    if of.filesystem == "xfs":
        items = ("SUPER Block Buffer",) if frozen else ("SUPER Block Buffer", "INODE")
        return XfsImage(set_id, of.name, items, 2 if frozen else 90, bad)
    if of.filesystem == "btrfs":
        return BtrfsImage(set_id, of.name, 0 if frozen else 30457856, bad)
    # An unlinked open file: the raw check fails although nothing is wrong.
    return Ext4Image(set_id, of.name, not frozen, 0 if frozen else 17, 4, "", bad)


def outcome(
    status: Status = "succeeded", consistency: Consistency = "application", *errors: str
) -> Outcome:
    """What an executor claims."""
    return Outcome(status, consistency, errors)


def end(claim: Outcome | None = None, **changes: Any) -> ExecutorEnd:
    """An executor that ended as its outcome says, and said so."""
    claim = claim or outcome()
    status = 0 if claim.status == "succeeded" else 1
    said = f"status {claim.status}\n"
    good = ExecutorEnd(100.0, 104.5, status, None, outcome=claim, log_tail=said)
    return replace(good, **changes)


def state(at: float, **changes: Any) -> GuestState:
    """A guest with its first process and one mount."""
    good = GuestState(
        at=at,
        processes=(Process(1, 10, ("init",)),),
        mounts=("/dev/loop3 /data ext4 rw",),
        files={"/etc/passwd": "-rw-r--r-- 0:0 900"},
    )
    return replace(good, **changes)


def history(*disks: Disk, **changes: Any) -> History:
    """A good run over these disks (one ext4 by default), with a good set of each."""
    disks = disks or (disk(),)
    good = History(
        id="h1",
        scenario="test",
        executor="reference",
        shape="data",
        single_disk=False,
        disks=disks,
        began=100.0,
        ended=105.0,
        end=end(),
        marks=marks_of_a_run(),
        script_runs=(ScriptRun("pre", 200, 101.0, 102.0), ScriptRun("post", 300, 103.0, 104.0)),
        freezes=tuple(freeze(d.name) for d in disks),
        snapshots=(snapshot(*(d.name for d in disks)),),
        images=tuple(image(d) for d in disks),
        before=state(99.0),
        after=state(105.0),
    )
    return replace(good, **changes)


def operations(
    clients: Iterable[str] = ("a", "b"), *, until: float = 105.0
) -> tuple[Operation, ...]:
    """Each client's operations, one after the other from second 90, 50 ms each."""
    found: list[Operation] = []
    for client in clients:
        number, at = 0, 90.0
        while at < until:
            found.append(Operation(f"{client}{number}", client, at, at + 0.04))
            number, at = number + 1, at + 0.05
    return tuple(found)


def restored(ops: Iterable[Operation], cut: float = 102.1, **changes: Any) -> Restore:
    """What a good restore of a set with this instant holds: all acknowledged before it."""
    has = tuple(o.id for o in ops if o.acknowledged is not None and o.acknowledged < cut)
    return replace(Restore("s1", mounted=True, started=True, verify_exit=0, has=has), **changes)


def application(**changes: Any) -> Application:
    """An application that never stops writing, and one good restore."""
    ops = operations()
    good = Application(ops, False, "locks 0", "locks 0", True, (restored(ops),))
    return replace(good, **changes)


def stopping() -> Application:
    """An application whose kit stops writes from pre's end to post's start."""
    ops = tuple(
        o for o in operations() if not 101.9 < o.tried < 103.2 and (o.acknowledged or 0) < 104.9
    )
    return Application(ops, True, "", "", True, (restored(ops),))
