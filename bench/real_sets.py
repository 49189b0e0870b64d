"""Real snapshot sets of real filesystems under load, for the filesystem oracle's own proof.

Two loads run in a guest: `churn` keeps one filesystem busy in every way that leaves traces in its
journal or log, and holds unlinked files open; `ordered` counts on two disks, first on the one,
then on the other, so that a set taken at one instant can never show the second ahead.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.history import Consistency, ExecutorEnd, Filesystem, History, Image, Snapshot
from harness.machines.errors import RequestFailed
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import DiskSpec, Layout, data_disks
from harness.machines.process import Process
from harness.machines.snapshots import SnapshotSet
from harness.oracles.filesystem import enclosed, image_level, reached
from harness.targets.recording import freezes_of

MOUNTPOINT = "/data"
FREEZE_BOUND = 60.0
_DEADLINE = 30.0

#: Appends, synced and not, renames, small files, and unlinked files that stay open; bounded.
CHURN = """
import os, sys, time
os.chdir(sys.argv[1])
flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
loose, sure = os.open("loose", flags), os.open("sure", flags)
held = []
n = 0
while True:
    n += 1
    os.write(loose, b"l" * 300)
    os.write(sure, b"s" * 100)
    if n % 5 == 0:
        os.fdatasync(sure)
    os.mkdir(f"new{n}")
    os.rename(f"new{n}", f"dir{n}")
    if n > 20:
        os.rmdir(f"dir{n - 20}")
    with open(f"file{n % 50}", "wb") as small:
        small.write(os.urandom(3000))
    if n % 10 == 0:
        held.append(os.open("gone", os.O_RDWR | os.O_CREAT))
        os.write(held[-1], b"g" * 20000)
        os.unlink("gone")
        if len(held) > 3:
            os.close(held.pop(0))
    if n % 2000 == 0:
        os.ftruncate(loose, 0)
        os.ftruncate(sure, 0)
    if n == 50:
        print("ready", flush=True)
    time.sleep(0.001)
"""

#: n on the first disk, made durable, then n on the second; a bulk writer beside it. The files are
#: laid out beforehand, so that nothing but their content changes.
ORDERED = """
import itertools, os, sys, threading, time
first, second, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
def laid_out(path, size):
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    for _ in range(size >> 20 or 1):
        os.write(file, bytes(min(size, 1 << 20)))
    os.fsync(file)
    return file
def bulk(file):
    for place in itertools.cycle(range(0, size, 1 << 16)):
        os.pwrite(file, os.urandom(1 << 16), place)
        time.sleep(0.005)
a, b = laid_out(first + "/n", 4096), laid_out(second + "/n", 4096)
for folder in (first, second):
    file = laid_out(folder + "/bulk", size)
    threading.Thread(target=bulk, args=(file,), daemon=True).start()
os.sync()
n = 0
while True:
    n += 1
    for file in (a, b):
        os.pwrite(file, n.to_bytes(8, "big"), 0)
        os.fdatasync(file)
    if n == 50:
        print("ready", flush=True)
"""


@dataclass(frozen=True)
class Taken:
    """One real set and what each kind of evidence says of its disk, alone and together."""

    filesystem: Filesystem
    frozen: bool
    live: Consistency
    image: Consistency
    together: Consistency
    reasons: tuple[str, ...]
    facts: Image
    freezes_seen: int


def churned(filesystem: Filesystem) -> Layout:
    """A guest with one disk of this filesystem at /data."""
    return data_disks(DiskSpec("data", filesystem, mountpoint=MOUNTPOINT))


def two_disks(filesystem: Filesystem = "ext4") -> Layout:
    """A guest with two disks of this filesystem, at /a and /b."""
    return data_disks(
        DiskSpec("a", filesystem, mountpoint="/a"), DiskSpec("b", filesystem, mountpoint="/b")
    )


@contextmanager
def under_load(guest: Guest, program: str, *arguments: str) -> Iterator[None]:
    """The program runs in the guest, and is known to be under way."""
    load = guest.spawn("load", ["python3", "-I", "-c", program, *arguments], lines=True)
    assert load.wait_line(lambda line: line == "ready", _DEADLINE), _last_words(load)
    try:
        yield
        assert load.running, _last_words(load)
    finally:
        load.kill()
        load.wait(_DEADLINE)


def _last_words(load: Process) -> str:
    said = "; ".join(text for _, text in load.lines()[-3:])
    return f"the load did not keep running: {load.ended}: {said}"


def take(host: Host, guest: Guest, set_id: str, *, frozen: bool) -> Taken:
    """Take one set of a guest with one disk, frozen by fsfreeze or not, and judge it."""
    position = len(host.events)
    host.watch(guest, FREEZE_BOUND)
    try:
        if frozen:
            _fsfreeze(guest, "-f")
        try:
            taken = host.snapshot(guest, set_id)
        finally:
            if frozen:
                _fsfreeze(guest, "-u")
    finally:
        host.unwatch(guest)
    history = _history(guest, taken, host.examine(set_id), host, position)
    host.forget(set_id)
    snapshot, (image,), (disk,) = history.snapshots[0], history.images, history.disks
    shown = reached(history)
    return Taken(
        filesystem=disk.filesystem,
        frozen=frozen,
        live="crash" if enclosed(history, snapshot, disk) else "file-system",
        image=image_level(image)[0],
        together=shown.level,
        reasons=shown.reasons,
        facts=image,
        freezes_seen=len(history.freezes),
    )


def sets(host: Host, filesystem: Filesystem, count: int, prefix: str) -> Iterator[Taken]:
    """`count` frozen and `count` unfrozen sets under load, in turn."""
    with host.guest(churned(filesystem)) as guest, under_load(guest, CHURN, MOUNTPOINT):
        for number, frozen in itertools.product(range(count), (True, False)):
            yield take(host, guest, f"{prefix}-{filesystem}-{number}-{int(frozen)}", frozen=frozen)


def ahead(
    host: Host,
    layout: Layout,
    count: int,
    prefix: str,
    *,
    plain: bool,
    apart: float | None = None,
    bulk: int = 24 << 20,
) -> Iterator[int | None]:
    """How far the first disk is ahead of the second in each of `count` sets of running disks.

    0 or 1: the set is one instant. Negative: the later write is there and the earlier is not.
    None: the copy did not even mount. With `apart` the second disk is taken first.
    """
    with host.guest(layout) as guest, under_load(guest, ORDERED, "/a", "/b", str(bulk)):
        taking: Callable[[Guest, str], SnapshotSet] = (
            host.copy if plain else functools.partial(host.snapshot, apart=apart)
        )
        for number in range(count):
            set_id = f"{prefix}-{'copy' if plain else 'set'}-{number}"
            taking(guest, set_id)
            yield _ahead(host, layout, set_id)
            host.forget(set_id)


def _ahead(host: Host, layout: Layout, set_id: str) -> int | None:
    try:
        restored = host.restore(set_id, layout)
    except RequestFailed as problem:
        if problem.code != "mount":
            raise
        return None
    with restored:
        first, second = (
            int.from_bytes((restored.read(f"{folder}/n") or b"")[:8], "big")
            for folder in ("/a", "/b")
        )
    return first - second


def _fsfreeze(guest: Guest, option: str) -> None:
    result = guest.run(["fsfreeze", option, MOUNTPOINT], deadline=_DEADLINE)
    assert result.exit == 0, result.err.decode(errors="replace")


def _history(
    guest: Guest, taken: SnapshotSet, images: tuple[Image, ...], host: Host, position: int
) -> History:
    """The little that the filesystem oracle needs of a run."""
    ended = guest.now()
    return History(
        id=taken.id,
        scenario="bench",
        executor="fsfreeze",
        shape="data",
        single_disk=False,
        disks=guest.disks,
        began=taken.taken_from,
        ended=ended,
        end=ExecutorEnd(taken.taken_from, ended, 0, None),
        freezes=freezes_of(host.events.since(position), guest.name, ended),
        snapshots=(
            Snapshot(
                number=1,
                requested=taken.taken_from,
                answered=taken.taken_to,
                answer=0,
                set_id=taken.id,
                taken_from=taken.taken_from,
                taken_to=taken.taken_to,
                disks=taken.disks,
            ),
        ),
        images=images,
    )
