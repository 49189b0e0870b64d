"""Snapshot sets that `--keep-failed` left in the stores of hosts, and copying one out.

A host that outlives its run has no controller any more: it is asked by commands that the engine
runs in its container, where the store is mounted.
"""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from harness.machines import runs
from harness.machines.engine import LABEL_NAME, ContainerFacts, Engine
from harness.problem import EngineProblem, UsageProblem

_SETS = "/store/pool/sets"
_REF = "restore"


@dataclass(frozen=True)
class KeptSet:
    """One snapshot set in a host's store."""

    host: ContainerFacts
    set_id: str


def engine_of(run: str) -> Engine:
    """The engine that keeps the guest of a run; where none answers, that says what was sought."""
    try:
        return Engine.connect()
    except EngineProblem as problem:
        raise EngineProblem(
            f"{run!r} can't be looked for among the guests that are kept: {problem.message}",
            f"a guest is kept by the engine that ran it; {problem.remedy}",
            problem.ref,
        ) from problem


def kept_sets(engine: Engine, run: str) -> tuple[KeptSet, ...]:
    """The sets of a backup run by its id in the record, or all beside a kept guest.

    The guest is given by its name or its run's id. Raises UsageProblem where there is none.
    """
    machines = [c for c in engine.containers() if c.state == "running"]
    named = {c.run for c in machines if run in (c.run, c.labels.get(LABEL_NAME))}
    found = []
    seen = []
    for host in (c for c in machines if c.role == "host" and _may_be_kept(c)):
        sets = [KeptSet(host, name) for name in _names(engine, host)]
        seen += sets
        found += sets if host.run in named else [s for s in sets if _run_of(s) == run]
    if not found:
        there = ", ".join(sorted({_run_of(entry) for entry in seen}))
        raise UsageProblem(
            f"no snapshot set of {run!r} is kept",
            f"runs with sets are {there}" if there else "keep some with --keep-failed",
            _REF,
        )
    return tuple(found)


def copy_out(engine: Engine, kept: KeptSet, folder: Path) -> tuple[Path, ...]:
    """Copy a set's images into a folder, holes as holes; their paths.

    Raises EngineProblem where the set is gone or the folder can't be written.
    """
    command = ["tar", "--sparse", "-cf", "-", "-C", f"{_SETS}/{kept.set_id}", "."]
    stream = cast("IO[bytes]", _Stream(_output(engine, kept.host, command)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise EngineProblem(
            f"snapshot set {kept.set_id} can't be copied to {folder}: {error}",
            "look whether its guest is still kept (an hour), and whether the folder has room",
            _REF,
        ) from error
    return tuple(sorted(folder.glob("*.img")))


def _may_be_kept(host: ContainerFacts) -> bool:
    """Not one of a run that is under way here and has kept nothing."""
    file = runs.find(host.run)
    return file is None or file.kept


def _run_of(kept: KeptSet) -> str:
    """The id of the backup run that took it."""
    return kept.set_id.rpartition("-")[0]


def _names(engine: Engine, host: ContainerFacts) -> Sequence[str]:
    """The sets in a host's store; none in one that ends at this moment."""
    with contextlib.suppress(EngineProblem):
        return b"".join(_output(engine, host, ["ls", _SETS])).decode().split()
    return ()


def _output(engine: Engine, host: ContainerFacts, command: list[str]) -> Iterator[bytes]:
    """What a command in a host's container prints; an EngineProblem where it fails."""
    made = engine.api.exec_create(host.id, command, stdin=False, tty=False)
    said = b""
    for out, err in engine.api.exec_start(made["Id"], stream=True, demux=True):
        said += err or b""
        if out:
            yield out
    status = engine.api.exec_inspect(made["Id"])["ExitCode"]
    if status:
        raise EngineProblem(
            f"host {host.labels.get(LABEL_NAME)} did not answer: "
            f"{said.decode(errors='replace').strip() or f'exit status {status}'}",
            "its guests may have expired; run the scenario again with --keep-failed",
            _REF,
        )


class _Stream:
    """Chunks as the file that tarfile reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        parts = [self._rest]
        have = len(self._rest)
        while have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]
