"""When a signal's effect is there."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest

from harness.machines.agent import procfs
from harness.machines.agent.children import Children
from harness.machines.agent.reaper import Reaper
from harness.machines.agent.signals import Signals

#: Its memory is given back before it is dead, which takes a while.
LARGE = "import sys; held = b'x' * (200 << 20); print(flush=True); sys.stdin.read()"


@pytest.fixture
def large() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", LARGE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def signals(hidden: tuple[int, ...] = ()) -> Signals:
    nobody: Any = None
    return Signals(cast(Children, nobody), cast(Reaper, nobody), hidden)


def test_what_was_killed_is_dead(large: subprocess.Popen[bytes]) -> None:
    assert signals().send(large.pid, signal.SIGKILL, whole=False) == [large.pid]
    dead = procfs.read(large.pid)
    assert dead is not None
    assert dead.state == "Z"


def test_the_agents_own_are_left_alone(large: subprocess.Popen[bytes]) -> None:
    assert signals((large.pid,)).send(large.pid, signal.SIGKILL, whole=False) == []
    assert large.poll() is None


def test_one_that_is_gone_got_nothing(large: subprocess.Popen[bytes]) -> None:
    large.kill()
    large.wait()
    assert signals().send(large.pid, signal.SIGKILL, whole=False) == []
