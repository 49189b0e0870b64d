"""The worker's own steps, with filesystems that are only folders and nothing that freezes."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.executor import channel, run
from harness.executor.channel import Lifeline
from harness.executor.journal import Journal
from harness.executor.mounts import Filesystem, Mount
from harness.executor.precheck import Paths
from harness.executor.run import Run
from harness.executor.settings import Settings, read_settings
from harness.executor.state import StateFolder
from harness.executor.warden import Ended


def filesystem(path: Path) -> Filesystem:
    mount = Mount(1, 0, "7:0", "/", str(path), ("rw",), "ext4", "/dev/loop0", ("rw",))
    return Filesystem("7:0", "ext4", (mount,))


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield Lifeline(theirs)
    channel._worker_ends.discard(theirs)
    ours.close()
    theirs.close()


def settings_of(folder: Path) -> Settings:
    told = {"SNAPCERT_SNAPSHOT": str(folder / "snapshot"), "SNAPCERT_STATUS": str(folder / "out")}
    return read_settings(told, state_folder=str(folder / "state"), log_folder=str(folder / "log"))


def make(folder: Path, lifeline: Lifeline) -> Run:
    """A run whose scripts and snapshot command write a line each and succeed."""
    for name in ("pre", "post", "snapshot"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} $1 >> {folder}/marks\n")
        (folder / name).chmod(0o700)
    return Run(
        settings_of(folder),
        StateFolder(str(folder / "state")),
        Journal(str(folder / "state"), lambda _: None),
        lifeline,
        identity="r",
        paths=Paths(str(folder / "config.json"), str(folder / "host.conf")),
    )


def configure(folder: Path, **keys: object) -> None:
    scripts = {f"{name}ScriptLocation": str(folder / name) for name in ("pre", "post")}
    (folder / "config.json").write_text(json.dumps({**scripts, **keys}))
    (folder / "config.json").chmod(0o600)


def outcome(folder: Path) -> tuple[str, str, list[str]]:
    told = json.loads((folder / "out").read_text())
    return told["status"], told["consistency"], told["errors"]


@pytest.mark.parametrize(
    ("proceeds", "wanted", "ran"),
    [
        (True, ("succeeded", "crash", ["FsFreezeFailed"]), ["pre", "snapshot", "post"]),
        (False, ("failed", "none", ["FsFreezeFailed"]), ["pre", "post"]),
    ],
)
def test_a_filesystem_mounted_in_part_caps_the_claim(
    folder: Path,
    lifeline: Lifeline,
    monkeypatch: pytest.MonkeyPatch,
    proceeds: bool,
    wanted: tuple[str, str, list[str]],
    ran: list[str],
) -> None:
    monkeypatch.setattr(run, "find_partial", lambda: (filesystem(folder),))
    configure(folder, continueBackupOnFailure=proceeds)
    make(folder, lifeline).execute()
    assert outcome(folder) == wanted
    assert [line.strip() for line in (folder / "marks").read_text().splitlines()] == ran
    (warning,) = json.loads((folder / "out").read_text())["warnings"]
    assert str(folder) in warning
    assert "only a folder in it is mounted" in warning


def test_nothing_is_held_open_where_one_can_not_be_opened(
    folder: Path, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder)
    (folder / "good").mkdir()
    opened: list[int] = []

    def open_root(it: Filesystem) -> int:
        if opened:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        opened.append(os.open(it.mounts[0].mountpoint, os.O_RDONLY))
        return opened[0]

    both = (filesystem(folder / "good"), filesystem(folder / "bad"))
    monkeypatch.setattr(run, "find_filesystems", lambda: both)
    monkeypatch.setattr(run, "open_root", open_root)
    it = make(folder, lifeline)
    post = folder / "post"
    # The post-script's grandparent is the worker: what it holds, listed while the script runs.
    post.write_text(f"#!/bin/sh\nls -l /proc/{os.getpid()}/fd /proc/$PPID/fd > {folder}/held\n")
    it.execute()
    assert opened
    assert str(folder / "good") not in (folder / "held").read_text()
    assert outcome(folder) == ("succeeded", "crash", ["FsFreezeFailed"])


class Frozen:
    """Stands for a freezer and a warden at once, and notes what is asked of them."""

    over = False
    began = None
    deadline = 1.0

    def __init__(self, ended: Ended | None, stopped: Ended | None = None) -> None:
        self.ended = ended
        self.stopped = stopped
        self.calls: list[str] = []

    def start(self, _until: float | None) -> None:
        self.calls.append("start")

    def wait(self, *_: Any) -> Ended | None:
        return self.ended

    def thaw(self) -> list[Any]:
        self.calls.append("thaw")
        return []

    def stop(self) -> Ended | None:
        self.calls.append("stop")
        return self.stopped

    def sweep(self) -> int:
        self.calls.append("sweep")
        return 0


@pytest.mark.parametrize(
    ("it", "calls"),
    [
        (Frozen(Ended(0.1, exit=1)), ["start", "thaw", "sweep"]),
        (Frozen(None, Ended(9.0, stopped=True)), ["start", "thaw", "stop", "sweep"]),
        (Frozen(None, Ended(9.0, exit=0)), ["start", "thaw", "stop", "sweep"]),
    ],
    ids=["it fails", "it hangs", "it succeeds after the thaw only"],
)
def test_a_failed_snapshot_thaws_first_and_then_ends_the_tree(
    folder: Path, lifeline: Lifeline, it: Any, calls: list[str]
) -> None:
    worker = make(folder, lifeline)
    worker._wardens["snapshot"] = it
    worker._snapshot(it)
    assert it.calls == calls
    assert [type(happening).__name__ for happening in worker._happenings] == ["SnapshotFailed"]
