"""From the agents' events to the typed record: pure, so that a stored run gives the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from harness.history import (
    BlockedWriter,
    Fault,
    Freeze,
    FreezeCall,
    Instant,
    Mark,
    ProgramStart,
    ScriptRun,
)


class Event(Protocol):
    """One event of an agent: `t` is stamped where it happened."""

    @property
    def name(self) -> str: ...

    @property
    def t(self) -> Instant: ...

    @property
    def data(self) -> Mapping[str, Any]: ...


def marks_of(events: Iterable[Event]) -> tuple[Mark, ...]:
    """The marks that scripts reported, in order.

    A script waits until its start is on record. Where it was killed meanwhile, its helper belongs
    to whoever inherits orphans, the executor for one: what is read there says nothing of the
    script.
    """
    found = []
    events = list(events)
    runs = script_runs_of(events)
    for event in events:
        if event.name != "mark":
            continue
        data = event.data
        if data["point"] == "start" and _orphaned(event, runs):
            continue
        found.append(
            Mark(
                at=event.t,
                script=data["script"],
                point=data["point"],
                attempt=data["attempt"],
                pid=data["pid"],
                argv=tuple(data["argv"]),
                environ=dict(data["environ"]),
                cwd=data["cwd"],
                umask=data["umask"],
                uid=data["uid"],
                session_leader=data["session_leader"],
                stdin_eof=data["stdin_eof"],
                ignored_signals=tuple(data["ignored_signals"]),
                blocked_signals=tuple(data["blocked_signals"]),
                session=data["session"],
            )
        )
    return tuple(found)


def _orphaned(event: Event, runs: Iterable[ScriptRun]) -> bool:
    """Whether a mark came from another process than a script's, once all its runs had ended.

    A run may be stamped a little later than its mark: two threads of the agent read them.
    """
    own = [r for r in runs if r.script == event.data["script"]]
    return bool(own) and all(
        r.pid != event.data["pid"] and r.ended is not None and r.ended < event.t for r in own
    )


def script_runs_of(events: Iterable[Event]) -> tuple[ScriptRun, ...]:
    """Each execution of a configured script: a start, and the end of the same process."""
    runs: list[ScriptRun] = []
    for event in events:
        if event.name == "script-started":
            runs.append(ScriptRun(event.data["script"], event.data["pid"], event.t, None))
        elif event.name == "script-ended":
            for index, run in enumerate(runs):
                same = (run.script, run.pid) == (event.data["script"], event.data["pid"])
                if same and run.ended is None:
                    runs[index] = ScriptRun(run.script, run.pid, run.started, event.t)
                    break
    return tuple(runs)


def freezes_of(events: Iterable[Event], guest: str, ended: Instant) -> tuple[Freeze, ...]:
    """The intervals in which the host saw a disk of this guest frozen, by their beginning.

    A freeze that no event ended lasted at least until `ended`.
    """
    done: list[Freeze] = []
    open_: dict[str, Mapping[str, Any]] = {}
    for event in events:
        data = event.data
        if event.name not in ("frozen", "thawed") or data["guest"] != guest:
            continue
        if event.name == "frozen":
            open_[data["disk"]] = data
            continue
        began = open_.pop(data["disk"], None)
        if began is not None:
            done.append(
                Freeze(
                    disk=data["disk"],
                    thawed_before=began["thawed_before"],
                    first=began["first"],
                    last=data["last"],
                    thawed_after=data["thawed_after"],
                    rescued=data["rescued"],
                )
            )
    for disk, began in open_.items():
        done.append(
            Freeze(disk, began["thawed_before"], began["first"], max(began["first"], ended), None)
        )
    return tuple(sorted(done, key=lambda freeze: (freeze.first, freeze.disk)))


def faults_of(events: Iterable[Event]) -> tuple[Fault, ...]:
    """The faults that the agent injected for the scenario."""
    return tuple(Fault(event.t, event.data["what"]) for event in events if event.name == "fault")


def freeze_calls_of(events: Iterable[Event]) -> tuple[FreezeCall, ...]:
    """The freezes and thaws that were asked for, in order; a later one tells which had returned."""
    calls: dict[int, FreezeCall] = {}
    for event in events:
        if event.name != "freeze-call":
            continue
        data = event.data
        for number in data["returned"]:
            if number in calls:
                calls[number] = replace(calls[number], returned=event.t)
        calls[data["number"]] = FreezeCall(
            at=event.t,
            what=data["what"],
            disk=data["disk"],
            thread=data["thread"],
            executors=data["executors"],
            command_alive=data["command_alive"],
        )
    return tuple(calls.values())


def blocked_of(events: Iterable[Event]) -> tuple[BlockedWriter, ...]:
    """Processes of the executor's that waited for a thaw."""
    return tuple(
        BlockedWriter(event.data["since"], event.data["pid"], tuple(event.data["argv"]))
        for event in events
        if event.name == "blocked"
    )


def programs_of(events: Iterable[Event]) -> tuple[ProgramStart, ...]:
    """Programs that the executor started from a disk whose access time was due."""
    return tuple(
        ProgramStart(event.t, event.data["pid"], event.data["path"], event.data["disk"])
        for event in events
        if event.name == "program"
    )
