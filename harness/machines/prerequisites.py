"""What a machine needs before anything can be run: found, or how to mend it. Installs nothing."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.machines import runs
from harness.machines.engine import Engine, EngineFacts, is_overlay
from harness.problem import Problem

#: fanotify's FAN_OPEN_EXEC, seccomp's notifications, pidfds and btrfs as the agent uses them.
_OLDEST_KERNEL = (5, 10)
_OLDEST_PYTHON = (3, 11)
_ENOUGH_MEMORY = 4 << 30
_CLOCK_SLACK = 120.0


@dataclass(frozen=True)
class Prerequisite:
    """One thing that is needed: `found` tells what is there, `mend` what to do where `ok` is
    false."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def prerequisites(
    image: Callable[[Engine], str],
    connect: Callable[[], Engine] = Engine.connect,
) -> Iterator[Prerequisite]:
    """Each prerequisite in turn; stops where the next ones cannot be looked at.

    `image` names the image that guests would be started from, or raises the Problem that says
    why there is none. Filesystems and loop devices of the engine's kernel are what
    `probe.probe` shows: a list of loaded modules would prove nothing.
    """
    yield _python()
    yield _run_files()
    try:
        engine = connect()
        facts = engine.facts
    except Problem as problem:
        yield Prerequisite("container engine", False, problem.message, problem.remedy)
        return
    yield Prerequisite(
        "container engine", True, f"{facts.version} (API {facts.api}) at {facts.address}"
    )
    yield from of_engine(facts)
    yield _clock(engine)
    try:
        reference = image(engine)
        known = engine.image(reference)
    except Problem as problem:
        yield Prerequisite("guest image", False, problem.message, problem.remedy)
        return
    yield Prerequisite("guest image", True, f"{reference} ({known.size >> 20} MiB)")


def of_engine(facts: EngineFacts) -> Iterator[Prerequisite]:
    """What an engine must be, judged by what it says of itself."""
    yield Prerequisite(
        "storage driver",
        is_overlay(facts.storage_driver),
        facts.storage_driver,
        "configure the engine with overlay2: with others a guest's root may be the machine's own "
        "filesystem, which must not be frozen",
    )
    yield Prerequisite(
        "privileges",
        not facts.rootless,
        "rootless" if facts.rootless else "the engine runs as root",
        "use an engine that runs as root: a rootless one can attach no loop device",
    )
    version = tuple(int(part) for part in re.findall(r"\d+", facts.kernel)[:2])
    yield Prerequisite(
        "kernel",
        version >= _OLDEST_KERNEL,
        facts.kernel,
        f"use a kernel of at least {'.'.join(str(part) for part in _OLDEST_KERNEL)}",
    )
    yield Prerequisite(
        "memory for the disks",
        facts.memory >= _ENOUGH_MEMORY,
        f"{facts.memory >> 20} MiB, {facts.cpus} CPUs",
        f"give the engine's machine at least {_ENOUGH_MEMORY >> 30} GiB: the disks of all guests "
        "lie in memory",
    )


def _python() -> Prerequisite:
    return Prerequisite(
        "Python",
        sys.version_info >= _OLDEST_PYTHON,
        sys.version.split()[0],
        f"use Python {'.'.join(str(part) for part in _OLDEST_PYTHON)} or later",
    )


def _run_files() -> Prerequisite:
    place = runs.folder()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / ".probe").touch()
        (place / ".probe").unlink()
    except OSError as error:
        return Prerequisite(
            "run files",
            False,
            f"{place}: {(error.strerror or str(error)).lower()}",
            "set XDG_RUNTIME_DIR to a folder of yours that a reboot empties",
        )
    return Prerequisite("run files", True, str(Path(place)))


def _clock(engine: Engine) -> Prerequisite:
    theirs = engine.clock()
    skew = abs((theirs - dt.datetime.now(dt.UTC)).total_seconds())
    return Prerequisite(
        "clock",
        skew <= _CLOCK_SLACK,
        f"the engine's differs by {skew:.1f} s",
        "set both clocks (NTP): reports carry the wall clock, kept guests expire by it",
    )
