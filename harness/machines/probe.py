"""The probe of `snapcert doctor`: one guest, each filesystem frozen and thawed, step by step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.history import Filesystem
from harness.machines.engine import Engine
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import DiskSpec, data_disks
from harness.machines.runs import new_run_id
from harness.problem import EngineProblem, Problem

FILESYSTEMS: tuple[Filesystem, ...] = ("ext4", "xfs", "btrfs")

_STORE = 768 << 20
_WATCH_BOUND = 30.0


@dataclass(frozen=True)
class Step:
    """One step of the probe: how long it took, and what went wrong, if anything did."""

    name: str
    seconds: float
    problem: str = ""
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


class _Steps:
    """Times each step; the first that fails ends the probe."""

    def __init__(self, report: Callable[[Step], None]) -> None:
        self.done: list[Step] = []
        self._report = report

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except Problem as problem:
            self._add(Step(name, time.monotonic() - began, problem.message, problem.remedy))
            raise
        self._add(Step(name, time.monotonic() - began))

    def _add(self, step: Step) -> None:
        self.done.append(step)
        self._report(step)


def probe(
    engine: Engine,
    image: str,
    filesystems: Sequence[Filesystem] = FILESYSTEMS,
    report: Callable[[Step], None] = lambda _: None,
) -> tuple[Step, ...]:
    """Start a host and a guest, freeze and thaw each filesystem, take a set, end everything.

    Returns every step that was begun; the last one has a problem where the probe failed. Raises
    nothing of its own, leaves nothing behind, installs nothing.
    """
    steps = _Steps(report)
    with contextlib.suppress(Problem):
        _probe(steps, engine, image, filesystems)
    return tuple(steps.done)


def _probe(steps: _Steps, engine: Engine, image: str, filesystems: Sequence[Filesystem]) -> None:
    with steps.step("use the engine"):
        engine.assert_usable()
    with steps.step("start a host, open its store (btrfs on a loop device)"):
        host = Host.start(engine, new_run_id(), image, _STORE)
    try:
        names = ", ".join(filesystems)
        with steps.step(f"start a guest with disks of {names}: attach, mount"):
            disks = [DiskSpec(name, name, mountpoint=f"/{name}") for name in filesystems]
            guest = host.guest(data_disks(*disks))
        try:
            for filesystem in filesystems:
                with steps.step(f"freeze {filesystem}, take a set, thaw"):
                    _freeze(host, guest, filesystem)
        finally:
            with steps.step("end the guest, detach its disks"):
                guest.close()
    finally:
        with steps.step("end the host; the engine removes everything"):
            host.close()


def _freeze(host: Host, guest: Guest, filesystem: Filesystem) -> None:
    host.watch(guest, _WATCH_BOUND)
    _fsfreeze(guest, "--freeze", filesystem)
    taken = host.snapshot(guest, f"probe-{filesystem}")
    _fsfreeze(guest, "--unfreeze", filesystem)
    host.unwatch(guest)
    seen = taken.disks[filesystem]
    if not (seen.frozen_before and seen.frozen_after):
        raise EngineProblem(
            f"{filesystem} was frozen in the guest, but the host did not see it",
            "this kernel does not behave as measured; report it with its version "
            f"({host.engine.facts.kernel})",
            "probe",
        )


def _fsfreeze(guest: Guest, option: str, filesystem: Filesystem) -> None:
    done = guest.run(["fsfreeze", option, f"/{filesystem}"], deadline=10.0)
    if not done.ok:
        said = (done.err or done.out).decode(errors="replace").strip()
        raise EngineProblem(
            f"fsfreeze {option} of {filesystem} failed: {said or 'it did not end within 10 s'}",
            "the engine's kernel must support FIFREEZE on it; see the kernel's log",
            "probe",
        )
