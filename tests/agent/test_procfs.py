"""Processes out of /proc: odd names, trees, sessions, signal masks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.machines.agent import procfs


def _line(pid: int, ppid: int, sid: int, name: str = "sh", start: int = 5) -> procfs.Process:
    middle = " ".join(str(number) for number in range(14))
    return procfs.Process(f"{pid} ({name}) S {ppid} {pid} {sid} {middle} 0 {start} 0\n")


def test_a_name_may_hold_anything() -> None:
    process = _line(7, 1, 7, name="a) S 99 (b", start=1234)
    assert (process.pid, process.ppid, process.state, process.sid) == (7, 1, "S", 7)


def test_this_process() -> None:
    own = procfs.read(os.getpid())
    assert own is not None
    assert own.ppid == os.getppid()
    assert own.sid == os.getsid(0)
    assert own.start_ticks > 0
    assert procfs.argv(os.getpid())[0].endswith(Path(sys.executable).name.rstrip("0123456789."))


def test_a_process_that_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert procfs.read(child.pid) is None
    assert procfs.argv(child.pid) == []
    assert procfs.environ(child.pid) == {}


def test_a_tree_holds_descendants_and_the_sessions_they_lead() -> None:
    lines = [
        _line(1, 0, 1),
        _line(10, 1, 10),
        _line(11, 10, 10),
        _line(12, 11, 12),  # left the session
        _line(13, 1, 12),  # orphaned, but in a session that a member leads
        _line(14, 13, 14),  # and its child
        _line(20, 1, 20),
    ]
    known = {process.pid: process for process in lines}
    assert procfs.tree(10, known) == [10, 11, 12, 13, 14]
    assert procfs.tree(20, known) == [20]
    assert procfs.chain(14, known) == [14, 13, 1]


def test_an_orphan_belongs_to_the_session_of_a_leader_that_is_gone() -> None:
    known = {process.pid: process for process in (_line(1, 0, 1), _line(30, 1, 29))}
    assert procfs.tree(29, known) == [30]


def test_signal_masks() -> None:
    assert procfs.signals("0000000000000000") == []
    assert procfs.signals("0000000000001001") == [1, 13]
    assert procfs.signals("8000000000000000") == [64]


def test_the_end_of_an_input(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    full = tmp_path / "full"
    full.write_bytes(b"x")
    wait = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    with empty.open() as at_end, full.open() as before_end:
        expected = {
            subprocess.DEVNULL: True,
            subprocess.PIPE: False,
            at_end.fileno(): True,
            before_end.fileno(): False,
        }
        for stdin, answer in expected.items():
            with subprocess.Popen(wait, stdin=stdin, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                child.stdout.readline()
                assert procfs.stdin_at_end(child.pid) is answer
                if child.stdin is not None:
                    child.stdin.close()
                    assert procfs.stdin_at_end(child.pid) is True
                child.kill()
