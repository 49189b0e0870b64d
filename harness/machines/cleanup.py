"""Mending what crashed runs left: containers, mounts, loop devices, frozen filesystems.

Agents end their own machines when their controller dies; this is for what they could not end, or
for hosts that were killed. Only what carries the label of a run of this machine that nobody holds
any more is touched. The order is that of every teardown: thaw, kill, unmount, detach, remove.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.machines import runs
from harness.machines.agent import wire
from harness.machines.confinement import HOST_DEVICES, MachineSpec
from harness.machines.engine import LABEL_MACHINE, LABEL_NAME, ContainerFacts, Engine
from harness.machines.images import BASE, reference
from harness.machines.launch import end_machine, launch
from harness.machines.runs import RunFile
from harness.problem import EngineProblem, Problem

Progress = Callable[[str], None]

#: Agents whose controller just died need this long to end by themselves, in seconds.
_OWN_END = 3.0
_REMOVED = 30.0
_RESCUE = 60.0
_OTHER_CLEANUP = 120.0
_JANITOR_MEMORY = 512 << 20


@dataclass(frozen=True)
class Mended:
    """What a cleanup did: a sentence for each thing.

    `runs` are the dead runs that were looked at, `kept` what is left on purpose (guests kept for
    a person, machines of other controllers), `problems` what could not be mended.
    """

    runs: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass
class _Work:
    mended: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    """What is there of dead runs, and what is not to be touched."""

    dead: tuple[RunFile, ...]
    containers: tuple[ContainerFacts, ...]
    kept: tuple[str, ...]


def find_dead(engine: Engine, all_of: Sequence[str] = ()) -> Findings:
    """Dead runs of this machine, by their files and by the labels of containers.

    Runs named in `all_of` count as dead whoever started them.
    """
    owner = runs.owner_id()
    dead = {file.run: file for file in runs.dead_runs()}
    for run in all_of:
        dead.setdefault(run, runs.find(run) or RunFile(run, runs.folder() / f"{run}.lock"))
    containers = []
    kept = []
    for container in engine.containers():
        run = container.run
        ours = container.labels.get(LABEL_MACHINE) == owner
        if run not in dead and ours and not runs.is_alive(run):
            dead[run] = RunFile(run, runs.folder() / f"{run}.lock")
        if run in dead:
            containers.append(container)
        elif not ours:
            kept.append(
                f"{container.role} {container.labels.get(LABEL_NAME)} of run {run} was started "
                f"from elsewhere: `snapcert cleanup --all-of {run}` ends it"
            )
    for file in tuple(dead.values()):
        if file.kept and file.run not in all_of:
            del dead[file.run]
            left = round(file.kept_until - time.time())
            kept.append(
                f"run {file.run} is kept for {left} s more: `snapcert shell {file.run}` looks "
                f"into it, `snapcert cleanup --all-of {file.run}` ends it"
            )
    return Findings(
        tuple(dead.values()),
        tuple(container for container in containers if container.run in dead),
        tuple(kept),
    )


def cleanup(
    engine: Engine,
    *,
    all_of: Sequence[str] = (),
    image: str = "",
    progress: Progress = lambda _: None,
) -> Mended:
    """Mend what dead runs left on this engine; quick where there is nothing.

    `image` is for the janitor where the runs' own is not known. Raises EngineProblem only where
    the engine itself fails; what could not be mended stands in the report.
    """
    with _alone():
        found = find_dead(engine, all_of)
        if not found.dead:
            return Mended(kept=found.kept)
        progress(f"mending what {len(found.dead)} crashed run(s) left")
        work = _Work()
        names = [file.run for file in found.dead]
        left = _let_end(engine, found.containers, work)
        janitor_image = _image_for(engine, image, found)
        if janitor_image is None:
            work.problems.append(
                f"the images that runs {', '.join(names)} used are gone, and without one loop "
                "devices cannot be looked at: build them with `make images` and clean up again"
            )
        else:
            _rescue(engine, names, janitor_image, left, work)
        if not work.problems:
            for file in found.dead:
                file.path.unlink(missing_ok=True)
        return Mended(tuple(names), tuple(work.mended), found.kept, tuple(work.problems))


def mend_dead_runs(engine: Engine, progress: Progress = lambda _: None) -> Mended:
    """For the start of a run: as `cleanup`, but what cannot be mended is an EngineProblem."""
    report = cleanup(engine, image=reference(BASE), progress=progress)
    if report.problems:
        raise EngineProblem(
            f"what an earlier run left cannot be mended: {'; '.join(report.problems)}",
            "see `snapcert cleanup`; a frozen filesystem that stays ends only with the machine's "
            "restart",
            "left-behind",
        )
    return report


def _let_end(
    engine: Engine, containers: Sequence[ContainerFacts], work: _Work
) -> tuple[ContainerFacts, ...]:
    """Wait for agents that are ending by themselves; the containers that do not."""
    staying = set(engine.wait_removed([container.id for container in containers], _OWN_END))
    for container in containers:
        if container.id not in staying:
            work.mended.append(f"{_called(container)} ended by itself")
    return tuple(container for container in containers if container.id in staying)


def _rescue(
    engine: Engine,
    names: Sequence[str],
    image: str,
    containers: Sequence[ContainerFacts],
    work: _Work,
) -> None:
    """Thaw, kill, then unmount and detach, through a host of its own: the janitor."""
    spec = MachineSpec(
        role="host",
        name=f"janitor-{secrets.token_hex(3)}",
        run=f"cleanup-{secrets.token_hex(4)}",
        owner=runs.owner_id(),
        image=engine.image(image),
        devices=HOST_DEVICES,
        network="none",
        memory=_JANITOR_MEMORY,
        pids=128,
    )
    lock = runs.RunLock(spec.run, image)
    try:
        machine = launch(engine, spec)
        try:
            if containers:
                # What hangs in a frozen filesystem can be killed only after it was thawed.
                thaw = {"runs": list(names), "detach": False}
                work.mended += machine.channel.request(wire.Do.RESCUE, thaw, _RESCUE)["mended"]
                _end_containers(engine, containers, work)
            last = machine.channel.request(wire.Do.RESCUE, {"runs": list(names)}, _RESCUE)
            work.mended += last["mended"]
            work.problems += last["problems"]
        finally:
            end_machine(machine)
            engine.wait_removed([machine.container], _REMOVED)
    except Problem as problem:
        work.problems.append(problem.message)
    finally:
        lock.release()


def _end_containers(engine: Engine, containers: Sequence[ContainerFacts], work: _Work) -> None:
    for container in containers:
        try:
            engine.remove(container.id)
        except Problem as problem:
            work.problems.append(f"{_called(container)}: {problem.message}")
    staying = engine.wait_removed([container.id for container in containers], _REMOVED)
    for container in containers:
        if container.id in staying:
            work.problems.append(f"{_called(container)} does not end")
        else:
            work.mended.append(f"{_called(container)} was ended and removed")


def _image_for(engine: Engine, image: str, found: Findings) -> str | None:
    """The first image that the engine still has of those that could carry the janitor."""
    candidates = [image, *(file.image for file in found.dead)]
    by_role = sorted(found.containers, key=lambda container: container.role != "host")
    candidates += [container.image for container in by_role]
    for candidate in candidates:
        if candidate:
            with contextlib.suppress(Problem):
                return engine.image(candidate).reference
    return None


def _called(container: ContainerFacts) -> str:
    name = container.labels.get(LABEL_NAME, container.id[:12])
    return f"{container.role} {name} of run {container.run}"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One cleanup at a time on this machine; a second one finds the work done."""
    path = runs.folder() / "cleanup"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EngineProblem(
            f"the file {path} cannot be made: {error.strerror}",
            "set XDG_RUNTIME_DIR to a folder of yours that a reboot empties",
            "run-file",
        ) from error
    until = time.monotonic() + _OTHER_CLEANUP
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise EngineProblem(
                        "another cleanup of this machine does not end",
                        f"see which process holds {path}",
                        "cleanup",
                    ) from error
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
