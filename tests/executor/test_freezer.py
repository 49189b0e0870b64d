"""FRZ-03 to FRZ-07 with pretended ioctls: who thaws what, whoever dies or hangs."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.executor import channel, freezer
from harness.executor.channel import Interrupted, Lifeline
from harness.executor.freezer import Held
from harness.executor.mounts import Filesystem, Mount


class Freezer(freezer.Freezer):
    """As a context it also lets its helper go."""

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self.close()


class Kernel:
    """Pretends FIFREEZE and FITHAW for files; what is frozen is a file beside each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fails: dict[str, int] = {}
        self.hangs: dict[str, float] = {}

    def held(self, *names: str) -> list[Held]:
        result = []
        for name in names:
            (self.folder / name).mkdir()
            mount = Mount(1, 0, "7:0", "/", f"/{name}", (), "ext4", "/dev/loop0", ())
            descriptor = os.open(self.folder / name, os.O_RDONLY)
            result.append(Held(Filesystem("7:0", "ext4", (mount,)), descriptor))
        return result

    def freeze(self, descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        time.sleep(self.hangs.get(name, 0))
        if name in self.fails:
            raise OSError(self.fails[name], "")
        (self.folder / f"{name}.frozen").touch()
        self._log(f"freeze {name}")

    def thaw(self, descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        try:
            (self.folder / f"{name}.frozen").unlink()
        except FileNotFoundError:
            raise OSError(errno.EINVAL, "") from None
        self._log(f"thaw {name}")

    def frozen(self) -> list[str]:
        return sorted(p.stem for p in self.folder.glob("*.frozen"))

    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def _log(self, line: str) -> None:
        with (self.folder / "log").open("a") as file:
            file.write(line + "\n")

    def thawed_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.frozen() and time.monotonic() < until:
            time.sleep(0.01)
        return not self.frozen()


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _nothing_freezes: None) -> Kernel:
    it = Kernel(tmp_path)
    monkeypatch.setattr(freezer, "freeze", it.freeze)
    monkeypatch.setattr(freezer, "thaw", it.thaw)
    return it


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield Lifeline(theirs)
    channel._worker_ends.discard(theirs)
    ours.close()
    theirs.close()


def test_in_order_and_back_in_reverse(kernel: Kernel, lifeline: Lifeline) -> None:
    with Freezer(kernel.held("a", "b", "c"), 10) as it:
        assert it.freeze(lifeline) is None
        assert kernel.frozen() == ["a", "b", "c"]
        assert it.thaw() == []
        assert kernel.frozen() == []
        assert it.thaw() == []
    order = ["freeze a", "freeze b", "freeze c", "thaw c", "thaw b", "thaw a"]
    assert kernel.log() == order


def test_after_the_thaw_nobody_holds_what_was_frozen(kernel: Kernel, lifeline: Lifeline) -> None:
    def held() -> list[str]:
        links = [
            path.readlink()
            for pid in (os.getpid(), it._service.pid)
            for path in Path(f"/proc/{pid}/fd").iterdir()
            if path.is_symlink()
        ]
        return [link.name for link in links if link.parent == kernel.folder]

    with Freezer(kernel.held("a", "b"), 10) as it:
        it.freeze(lifeline)
        assert sorted(held()) == ["a", "a", "b", "b"]
        it.thaw()
        assert held() == []


def test_a_failed_freeze_undoes_the_others(kernel: Kernel, lifeline: Lifeline) -> None:
    kernel.fails["b"] = errno.EOPNOTSUPP
    with Freezer(kernel.held("a", "b", "c"), 10) as it:
        trouble = it.freeze(lifeline)
    assert trouble is not None
    assert trouble.filesystem.name.startswith("/b ")
    assert not trouble.foreign
    assert kernel.log() == ["freeze a", "thaw a"]


def test_what_somebody_else_froze_is_not_thawed(kernel: Kernel, lifeline: Lifeline) -> None:
    kernel.fails["b"] = errno.EBUSY
    held = kernel.held("a", "b")
    (kernel.folder / "b.frozen").touch()
    with Freezer(held, 10) as it:
        trouble = it.freeze(lifeline)
    assert trouble is not None
    assert trouble.foreign
    assert kernel.frozen() == ["b"]


def test_thawed_by_somebody_else_is_told(kernel: Kernel, lifeline: Lifeline) -> None:
    with Freezer(kernel.held("a", "b"), 10) as it:
        assert it.freeze(lifeline) is None
        (kernel.folder / "a.frozen").unlink()
        troubles = it.thaw()
    assert [t.filesystem.name.split()[0] for t in troubles] == ["/a"]
    assert troubles[0].foreign


def test_a_freeze_that_hangs_leaves_nothing_frozen(
    kernel: Kernel, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezer, "_THAW_PATIENCE", 0.3)
    kernel.hangs["b"] = 4.0
    began = time.monotonic()
    with Freezer(kernel.held("a", "b", "c"), 2.0) as it:
        trouble = it.freeze(lifeline)
        assert kernel.frozen() == []
        assert time.monotonic() - began < 3.5
    assert trouble is not None
    assert "bound" in trouble.reason
    # The one that hung is frozen when it returns, and thawed at once.
    until = time.monotonic() + 10
    while "thaw b" not in kernel.log() and time.monotonic() < until:
        time.sleep(0.02)
    assert kernel.frozen() == []
    assert kernel.log()[-2:] == ["freeze b", "thaw b"]


def test_the_helper_thaws_where_the_worker_dies(kernel: Kernel, lifeline: Lifeline) -> None:
    held = kernel.held("a", "b")
    pid = os.fork()
    if pid == 0:
        it = Freezer(held, 30)
        it.freeze(lifeline)
        (kernel.folder / "ready").touch()
        time.sleep(30)
        os._exit(0)
    until = time.monotonic() + 10
    while not (kernel.folder / "ready").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert kernel.frozen() == ["a", "b"]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert kernel.thawed_within(3)


def test_the_worker_thaws_where_the_helper_dies(kernel: Kernel, lifeline: Lifeline) -> None:
    with Freezer(kernel.held("a", "b"), 30) as it:
        assert it.freeze(lifeline) is None
        os.kill(it._service.pid, signal.SIGKILL)
        assert it.thaw() == []
        assert kernel.frozen() == []


def test_the_helper_thaws_at_the_bound_where_the_worker_hangs(
    kernel: Kernel, lifeline: Lifeline
) -> None:
    with Freezer(kernel.held("a"), 0.5) as it:
        assert it.freeze(lifeline) is None
        assert it.deadline - (it.began or 0) == pytest.approx(0.45)
        assert kernel.thawed_within(3)
        troubles = it.thaw()
    assert ["bound" in t.reason for t in troubles] == [True]


def test_an_interruption_thaws(kernel: Kernel) -> None:
    kernel.hangs["b"] = 0.5
    held = kernel.held("a", "b")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lifeline = Lifeline(theirs)
    ours.send(b"15")
    with pytest.raises(Interrupted), Freezer(held, 10) as it:
        it.freeze(lifeline)
    assert lifeline.signalled == 15
    assert kernel.frozen() == []
    channel._worker_ends.discard(theirs)
    ours.close()
    theirs.close()
