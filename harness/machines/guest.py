"""A guest: a container that is a machine, with its disks, its files and its processes."""

from __future__ import annotations

import contextlib
import functools
import itertools
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.history import Disk, GuestState
from harness.history import Process as ProcessFacts
from harness.machines.agent import wire
from harness.machines.errors import RequestFailed
from harness.machines.events import Event, EventLog
from harness.machines.files import FileFacts, GuestFile
from harness.machines.launch import Machine
from harness.machines.layout import Layout
from harness.machines.process import CommandResult, Process
from harness.machines.state import GuestBackend
from harness.problem import Problem

if TYPE_CHECKING:
    import testinfra.host

    from harness.machines.host import Host

__all__ = ["CommandResult", "FileFacts", "Guest", "GuestFile", "Process", "SnapshotRequest"]

_REQUEST = 30.0
_LIST = 120.0
_SLACK = 15.0


@dataclass(frozen=True)
class SnapshotRequest:
    """A call of the snapshot command in a guest, which waits until it is answered.

    `number` counts the calls in this guest from 1; `args` are what stood after the command.
    """

    number: int
    at: float
    pid: int
    args: tuple[str, ...]


class Guest:
    """One fresh machine. Made by `Host.guest` and `Host.restore`; close it in the end.

    Every method may raise MachineGone, RequestTimedOut or RequestFailed. Deadlines are seconds.
    """

    def __init__(
        self, host: Host, name: str, layout: Layout, machine: Machine, disks: tuple[Disk, ...]
    ) -> None:
        self.host = host
        self.name = name
        self.layout = layout
        self.disks = disks
        self._machine = machine
        self._channel = machine.channel
        self._names = itertools.count(1)
        self._answering: queue.SimpleQueue[SnapshotRequest | None] = queue.SimpleQueue()
        self._on_snapshot: Callable[[SnapshotRequest], None] | None = None
        self._serving = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<Guest {self.name} of run {self.host.run}>"

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- facts

    @property
    def container(self) -> str:
        """The id of its container."""
        return self._machine.container

    @property
    def events(self) -> EventLog:
        """All that its agent reported: marks, script runs, faults, ends of processes."""
        return self._channel.events

    @property
    def gone(self) -> bool:
        """Whether the machine has ended."""
        return self._channel.gone

    def disk(self, name: str) -> Disk:
        """Its disk of that name."""
        return next(disk for disk in self.disks if disk.name == name)

    @functools.cached_property
    def state(self) -> testinfra.host.Host:
        """testinfra's API over this guest: `guest.state.file("/etc/passwd").mode`."""
        return GuestBackend.host_of(self)

    def now(self) -> float:
        """This instant on the guest's CLOCK_MONOTONIC."""
        return self._channel.now()

    # -- files

    def put(self, *files: GuestFile) -> None:
        """Put files there, in this order."""
        if files:
            self._ask(wire.Do.PUT, {"files": [file.on_wire() for file in files]})

    def read(self, path: str, *, limit: int | None = None, tail: bool = False) -> bytes | None:
        """A file's content, at most `limit` bytes (of its end with `tail`); None where absent."""
        wanted: dict[str, Any] = {"path": path, "tail": tail}
        if limit is not None:
            wanted["limit"] = limit
        answer = self._ask_unless_absent(wire.Do.READ, wanted)
        return None if answer is None else wire.unpack(answer["content_b64"])

    def stat(self, path: str, *, follow: bool = False) -> FileFacts | None:
        """What stat shows of a path, of a symlink's target with `follow`; None where absent."""
        answer = self._ask_unless_absent(wire.Do.STAT, {"path": path, "follow": follow})
        return None if answer is None else FileFacts.of(answer)

    def list_files(
        self, roots: Sequence[str] = ("/",), exclude: Sequence[str] = ()
    ) -> Mapping[str, str]:
        """Path to "mode uid:gid size" for every file below `roots` but those below `exclude`."""
        answer = self._channel.request(
            wire.Do.LIST, {"roots": list(roots), "exclude": list(exclude)}, _LIST
        )
        files: Mapping[str, str] = answer["files"]
        return files

    # -- commands

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        user: str = "root",
        stdin: bytes = b"",
        deadline: float = 60.0,
        limit: int = 1 << 20,
        patience: float = 0.0,
    ) -> CommandResult:
        """Run a command to its end; past the deadline its whole process tree is ended.

        `env` is the whole environment, None for a small usual one. `limit`: bytes kept of each
        stream. A command that cannot be executed ends with 126 or 127, as in a shell. `patience`:
        seconds that what it leaves running has to close its output, or the result says `held`.
        """
        wanted = self._command(argv, env, cwd, user) | {
            "stdin_b64": wire.pack(stdin),
            "deadline": deadline,
            "limit": limit,
            "patience": patience,
        }
        answer = self._channel.request(wire.Do.RUN, wanted, deadline + patience + _SLACK)
        return CommandResult.of(answer)

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        user: str = "root",
        lines: bool = False,
        limit: int = 1 << 16,
    ) -> Process:
        """Start a process that goes on, known by `name`; with `lines` each line is an event."""
        since = len(self.events)
        wanted = self._command(argv, env, cwd, user) | {
            "name": name,
            "lines": lines,
            "limit": limit,
        }
        answer = self._ask(wire.Do.SPAWN, wanted)
        return Process(self._channel, name, answer["pid"], answer["started"], since)

    def kill(self, pid: int, signal: int = 9, *, tree: bool = False) -> tuple[int, ...]:
        """Signal a process by its pid in the guest; the pids that got the signal."""
        answer = self._ask(wire.Do.KILL, {"pid": pid, "signal": int(signal), "tree": tree})
        return tuple(answer["pids"])

    # -- observation

    def processes(self) -> tuple[Mapping[str, Any], ...]:
        """Every process but the agent's own; keys as `shapes.ProcessFacts`."""
        return tuple(self._ask(wire.Do.PROCESSES)["processes"])

    def mounts(self) -> tuple[str, ...]:
        """ "DEVICE MOUNTPOINT FSTYPE OPTIONS" of every mount that the executor sees."""
        return tuple(self._ask(wire.Do.MOUNTS)["mounts"])

    def locks(self) -> tuple[str, ...]:
        """ "KIND ACCESS PID PATH" of every file lock held in this guest."""
        return tuple(self._ask(wire.Do.LOCKS)["locks"])

    def observe(self, roots: Sequence[str] = ("/",), exclude: Sequence[str] = ()) -> GuestState:
        """Everything that the residue oracle compares, in one record."""
        seen = self._channel.request(
            wire.Do.OBSERVE, {"roots": list(roots), "exclude": list(exclude)}, _LIST
        )
        return GuestState(
            at=self.now(),
            processes=tuple(_process(facts) for facts in seen["processes"]),
            mounts=tuple(seen["mounts"]),
            files=seen["files"],
            locks=tuple(seen["locks"]),
            frozen=self.host.frozen(self),
        )

    def watch_scripts(self, pre: str, post: str, *, read: bool = False) -> tuple[str, ...]:
        """Report each execution of these files as events; the paths that could be watched.

        With `read` also that a shell is given one to read, as `sh SCRIPT` does.
        """
        wanted = {"paths": {"pre": pre, "post": post}, "read": read}
        return tuple(self._ask(wire.Do.WATCH_SCRIPTS, wanted)["watched"])

    def unwatch_scripts(self) -> None:
        """Stop reporting executions."""
        self._ask(wire.Do.UNWATCH_SCRIPTS)

    def mount(self, disk: str) -> None:
        """Mount one of its disks, by name, where its layout says."""
        self._ask(wire.Do.MOUNT, {"disk": disk})

    def unmount(self, disk: str) -> None:
        """Unmount one of its disks, by name; the host keeps its own mount."""
        self._ask(wire.Do.UNMOUNT, {"disk": disk})

    # -- faults, and the snapshot command

    def plan(self, triggers: Sequence[Mapping[str, Any]]) -> None:
        """Replace all triggers: what to do when a script marks a point, or asks for a snapshot."""
        self._ask(wire.Do.PLAN, {"triggers": [dict(trigger) for trigger in triggers]})

    def say(self, word: str) -> None:
        """Let an action of the plan go on that awaits this word."""
        self._ask(wire.Do.SAY, {"word": word})

    @property
    def on_snapshot(self) -> Callable[[SnapshotRequest], None] | None:
        """Called for each call of the snapshot command, one after another, on a thread of its
        own; it, or somebody later, says `answer`."""
        return self._on_snapshot

    @on_snapshot.setter
    def on_snapshot(self, action: Callable[[SnapshotRequest], None] | None) -> None:
        self._on_snapshot = action
        if action is not None and not self._serving:
            self._serving = True
            threading.Thread(
                target=self._answer_snapshots, name=f"snapshots {self.name}", daemon=True
            ).start()

    def answer(self, number: int, exit_status: int) -> None:
        """Let the snapshot command's call `number` end with 0 or 1."""
        self._ask(wire.Do.ANSWER, {"request": number, "exit": exit_status})

    def hear(self, event: Event) -> None:
        """Called by the channel for each event, before it is in the log."""
        if event.name == wire.Event.SNAPSHOT:
            data = event.data
            self._answering.put(
                SnapshotRequest(data["request"], event.t, data["pid"], tuple(data["args"]))
            )

    def _answer_snapshots(self) -> None:
        while (request := self._answering.get()) is not None:
            action = self._on_snapshot
            if action is not None:
                action(request)
                continue
            # Nobody serves any more: a call of a straggler must not hang for good.
            with contextlib.suppress(Problem):
                self.answer(request.number, 1)

    # -- life

    def check(self) -> None:
        """Look at every mount again; RequestFailed "unsafe-mount" where one is not its own."""
        self._ask(wire.Do.CHECK)

    def thaw(self) -> tuple[str, ...]:
        """Have the agent thaw its disks; the names of those that were frozen."""
        return tuple(self._ask(wire.Do.THAW)["thawed"])

    def keep(self, seconds: float) -> None:
        """Let the guest, thawed, and its host outlive this run by `seconds`, for a person."""
        self.host.keep(self, seconds)

    def close(self) -> None:
        """Thaw, kill, unmount, detach, remove; can be called again. Raises a Problem if a part of
        the guest stays."""
        if not self._closed:
            self._closed = True
            self._answering.put(None)
            self.host.close_guest(self)

    # -- for the host

    @property
    def machine(self) -> Machine:
        """Its container and the connection to its agent."""
        return self._machine

    def _ask(self, name: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._channel.request(name, arguments, _REQUEST)

    def _ask_unless_absent(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return self._ask(name, arguments)
        except RequestFailed as problem:
            if problem.code == wire.Code.ABSENT:
                return None
            raise

    @staticmethod
    def _command(
        argv: Sequence[str], env: Mapping[str, str] | None, cwd: str, user: str
    ) -> dict[str, Any]:
        wanted: dict[str, Any] = {"argv": list(argv), "cwd": cwd, "user": user}
        if env is not None:
            wanted["env"] = dict(env)
        return wanted


def _process(facts: Mapping[str, Any]) -> ProcessFacts:
    """The record of one process; its role follows from who started it and its mark."""
    if facts["script"]:
        role = "script"
    elif facts["run_mark"] or facts["started_by"] == "executor":
        role = "executor"
    else:
        role = "application" if facts["started_by"] else "unknown"
    return ProcessFacts(
        pid=facts["pid"],
        start_ticks=facts["start_ticks"],
        argv=tuple(facts["argv"]),
        role=role,
        state=facts["state"],
    )
