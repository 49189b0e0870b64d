"""Every party killed or stopped at the worst moment: disks frozen, a writer blocked on each.

Afterwards, or after the next start's cleanup, nothing is frozen, mounted, attached, running or
left. On ext4, xfs and btrfs at once: three disks of one guest.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.machines import runs
from harness.machines.cleanup import Mended, cleanup, mend_dead_runs
from harness.machines.engine import LABEL_MACHINE, LABEL_NAME, LABEL_ROLE, LABEL_RUN, Engine
from tests.machines.loops import is_local, labels, wait_detached

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("harness_program.py")

LEASE = 2.0
#: What a machine may take to end by itself, its lease beside it, in seconds.
END = 20.0


@dataclass
class Victim:
    """The harness program, running, with everything frozen under it."""

    engine: Engine
    process: subprocess.Popen[str]
    run: str
    host: str
    guest: str

    def say(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(10)

    def mend(self, image: str) -> Mended | None:
        """What this cleanup made of the dead run; None where another suite's start came first,
        which is waited for."""
        report = cleanup(self.engine, image=image)
        assert report.problems == ()
        assert runs.find(self.run) is None
        return report if self.run in report.runs else None

    def assert_nothing_left(self, deadline: float = END) -> None:
        there = self.engine.wait_removed([self.host, self.guest], deadline)
        assert not there, "containers are left"
        assert not wait_detached(self.run, deadline), "loop devices are left"


@pytest.fixture
def victim(engine: Engine, image: str) -> Iterator[Victim]:
    if not is_local(engine):
        pytest.skip("the engine runs on another machine: its loop devices cannot be seen here")
    run = runs.new_run_id()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), run, image, str(LEASE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DOCKER_HOST": engine.address},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the harness program did not start its machines"
        facts = json.loads(line)
        assert len(labels(run)) == 4, "three disks and the store"
        yield Victim(engine, process, run, facts["host"], facts["guest"])
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate(timeout=10)
        cleanup(engine, all_of=[run], image=image)
        assert not labels(run), "the test's own teardown left something"


def test_a_run_that_lives_is_left_alone_and_its_clean_end_leaves_nothing(
    victim: Victim, image: str
) -> None:
    report = cleanup(victim.engine, image=image)
    assert victim.run not in report.runs
    assert len(labels(victim.run)) == 4
    assert victim.say("close") == {"closed": True}
    victim.assert_nothing_left(0)
    assert runs.find(victim.run) is None


def test_the_harness_is_killed(victim: Victim, image: str) -> None:
    victim.kill()
    victim.assert_nothing_left()
    assert not runs.is_alive(victim.run)
    victim.mend(image)


def test_the_harness_is_stopped_and_goes_on_later(victim: Victim) -> None:
    victim.kill(signal.SIGSTOP)
    began = time.monotonic()
    victim.assert_nothing_left()
    assert time.monotonic() - began >= LEASE / 2, "it ended before its lease was over"
    victim.kill(signal.SIGCONT)
    answer = victim.say("close")
    assert answer["closed"], answer


def test_the_guests_agent_is_killed(victim: Victim) -> None:
    began = time.monotonic()
    _kill(victim.engine, victim.guest)
    assert not victim.engine.wait_removed([victim.guest], END), "its host thaws, so it ends"
    assert time.monotonic() - began < 5, "it ends at once"
    assert victim.say("close")["closed"]
    victim.assert_nothing_left(0)


def test_the_host_is_killed(victim: Victim) -> None:
    _kill(victim.engine, victim.host)
    victim.assert_nothing_left()
    assert victim.say("close")["closed"]


def test_all_are_killed_at_once_and_the_next_start_mends(victim: Victim, image: str) -> None:
    """Nobody is left to thaw, and the blocked writers keep the guest's container alive."""
    victim.kill(signal.SIGSTOP)
    for container in (victim.host, victim.guest):
        _kill(victim.engine, container)
    victim.kill()
    assert len(labels(victim.run)) >= 3, "orphans are left, frozen"
    report = victim.mend(image)
    assert report is None or any("thawed" in line for line in report.mended)
    victim.assert_nothing_left(0)


def test_a_container_that_never_ran_is_swept_by_the_next_start(engine: Engine, image: str) -> None:
    """Killed while a guest was made: no host of that run is left, and no file of it either."""
    run = runs.new_run_id()
    labels = {
        LABEL_RUN: run,
        LABEL_ROLE: "guest",
        LABEL_MACHINE: runs.owner_id(),
        LABEL_NAME: "ahead",
    }
    engine.api.create_container(image, ["true"], labels=labels)
    report = mend_dead_runs(engine)
    assert report.problems == ()
    assert engine.containers(run=run) == ()


def _kill(engine: Engine, container: str) -> None:
    """SIGKILL to a container's main process, as the kernel would when memory runs out.

    Not by the engine: it waits for an end that a blocked writer keeps from coming.
    """
    os.kill(int(engine.inspect(container)["State"]["Pid"]), signal.SIGKILL)
