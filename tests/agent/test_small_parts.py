"""Parts of the agents that need no container: labels, options, tails, lines, reaping, start-up."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machines.agent import linux, loopdev, store, subvolumes
from harness.machines.agent.children import Lines, Tail
from harness.machines.agent.copying import copy_plainly
from harness.machines.agent.problem import AgentProblem
from harness.machines.agent.wire import Code

_ROOT = Path(__file__).resolve().parents[2]


def test_mount_options_as_mount_takes_them() -> None:
    assert linux.mount_options("") == (0, "")
    assert linux.mount_options("rw,defaults") == (0, "")
    assert linux.mount_options("ro,noatime,data=journal,nouuid") == (
        linux.MS_RDONLY | linux.MS_NOATIME,
        "data=journal,nouuid",
    )


def test_a_label_says_whose_a_device_is_and_fits_into_it() -> None:
    assert loopdev.label("run1", "g1", "data") == "snapcert:run1:g1:data"
    with pytest.raises(AgentProblem) as refused:
        loopdev.label("r" * 30, "g" * 20, "d" * 10)
    assert refused.value.code == Code.BAD_REQUEST


def test_structures_have_the_kernels_sizes() -> None:
    assert loopdev._CONFIG.size == 304
    assert subvolumes._ARGS.size == 4096
    assert subvolumes._ARGS_V2.size == 4096
    assert struct.calcsize("=IBBHQii") == 24


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 101, "a b", "-x"])
def test_names_that_would_leave_the_store_are_refused(name: str) -> None:
    with pytest.raises(AgentProblem):
        store.checked(name)


def test_names_of_disks_and_sets() -> None:
    assert store.checked("g1.disk-0_a") == "g1.disk-0_a"


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(min_value=1, max_value=60))
def test_a_tail_is_the_end_of_what_was_said(parts: list[bytes], limit: int) -> None:
    tail = Tail(limit)
    for part in parts:
        tail.add(part)
    whole = b"".join(parts)
    assert tail.bytes() == whole[-limit:]
    assert tail.cut == (len(whole) > limit)


def test_a_tail_of_much_output_stays_small() -> None:
    tail = Tail(10)
    for _ in range(1000):
        tail.add(b"x" * 1000)
    assert sum(map(len, tail._parts)) < 200_000
    assert tail.bytes() == b"x" * 10


@given(st.lists(st.binary(max_size=12), max_size=10))
def test_lines_come_whole_however_they_were_read(parts: list[bytes]) -> None:
    lines = Lines()
    found = []
    for part in parts:
        lines.add(part)
        found += lines.take()
    found += lines.last()
    whole = b"".join(parts)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [str(text).encode("utf-8", "surrogateescape") for _, text in found] == expected


def test_a_plain_copy_keeps_data_and_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    with source.open("wb") as out:
        out.truncate(8 << 20)
        for at in (0, 3 << 20, (8 << 20) - 5):
            out.seek(at)
            out.write(b"hello")
    copy_plainly(str(source), str(target))
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks <= source.stat().st_blocks


def test_statuses_are_kept_for_those_who_wait_and_orphans_are_reaped() -> None:
    """In a process of its own: a reaper reaps every child of its process."""
    program = """
import os, sys, threading
from harness.machines.agent.reaper import Reaper
orphans = []
reaper = Reaper(lambda pid, status: orphans.append(status))
reaper.start()
stray = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], {})
pids = [reaper.begin(lambda n=n: os.posix_spawn("/bin/sh", ["sh", "-c", f"exit {n}"], {}))
        for n in range(20)]
print([os.WEXITSTATUS(reaper.status(pid, 30)) for pid in reversed(pids)])
slow = reaper.begin(lambda: os.posix_spawn("/bin/sleep", ["sleep", "60"], {}))
print(reaper.status(slow, 0.05))
os.kill(slow, 9)
print(os.WTERMSIG(reaper.status(slow, 30)), [os.WEXITSTATUS(s) for s in orphans])
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, timeout=60, check=True
    )
    statuses, running, rest = ended.stdout.decode().splitlines()
    assert json.loads(statuses) == list(reversed(range(20)))
    assert running == "None"
    assert rest == "9 [7]"


@pytest.mark.parametrize(
    ("role", "others"),
    [
        ("guest", {"host", "store", "images", "examine", "rescue", "freezewatch"}),
        ("host", {"guest", "children", "launcher", "seccomp", "helpers", "scriptwatch"}),
    ],
)
def test_a_role_loads_what_it_needs_and_nothing_slow(role: str, others: set[str]) -> None:
    """A guest's start is waited for: nothing of the other role, none of the slow modules."""
    program = f"""
import sys
before = set(sys.modules)
import importlib
sys.path.insert(0, {str(_ROOT)!r})
import harness.machines
loaded = set(sys.modules)
importlib.import_module("harness.machines.agent.__main__")
importlib.import_module("harness.machines.agent.{role}")
print(" ".join(set(sys.modules) - loaded))
"""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, timeout=60, check=True
    )
    loaded = set(ended.stdout.decode().split())
    assert not loaded & {"typing", "dataclasses", "subprocess", "inspect", "logging", "asyncio"}
    assert not loaded & {f"harness.machines.agent.{name}" for name in others}


def test_a_reader_of_a_pipe_is_waited_for() -> None:
    read, write = os.pipe()
    try:
        os.write(write, b"abc")
        assert linux.waiting_bytes(read) == 3
        taker = threading.Timer(0.05, os.read, (read, 3))
        taker.start()
        taker.join()
        assert linux.waiting_bytes(read) == 0
    finally:
        os.close(read)
        os.close(write)
