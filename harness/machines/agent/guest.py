"""The guest's agent: its requests, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

from . import files, guard, linux, mountinfo, mounting, procfs
from .children import Child, Children, Lines, Tail, exited
from .faults import Faults
from .freezecalls import Asked, FreezeCalls
from .helpers import Call, Helpers
from .launcher import fork_launcher
from .marking import facts_of_caller
from .openwatch import OpenWatch
from .probe import FILE as PROBE_FILE
from .problem import AgentProblem
from .reaper import Reaper
from .scriptwatch import ScriptWatch
from .session import Role, Session
from .signals import END_SECONDS, KILL_STEP, Signals
from .spill import Spill
from .triggers import Plan
from .wire import Code, Do, Event, pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Wanted = dict[str, Any]

_RUN_SECONDS = 60.0
_RUN_LIMIT = 1 << 20
_TAIL_LIMIT = 1 << 16


def start(session: Session, role: Wanted) -> Role:
    """Fork the launcher, before any thread, and drop the engine's binds."""
    mounting.drop_engine_binds()
    pid, link = fork_launcher()
    children = Children(link, session.emit, session.trouble)
    return Guest(session, role["name"], pid, children)


class Guest(Role):
    """One guest: a machine whose backups are observed."""

    def __init__(self, session: Session, name: str, launcher: int, children: Children) -> None:
        self._session = session
        self._name = name
        self._children = children
        self._root = "/"
        self._guard = -1
        self._disks: dict[str, str] = {}  # name: device "7:N"
        self._reaper = Reaper(self._orphan)
        self._reaper.start()
        self._hidden = (os.getpid(), launcher)
        self._signals = Signals(children, self._reaper, self._hidden)
        self._scripts = ScriptWatch(session.emit, self._script_started)
        self._freezes: FreezeCalls | None = None
        self._wanted: list[Wanted] = []
        self._faults = Faults(
            emit=session.emit,
            kill=self._signals.send,
            own_disk=self._own_disk,
            put=self._put_files,
            mount=self._mount_disk,
            unmount=self._unmount_disk,
        )
        self._openings = OpenWatch(self._own_disk, self._opened)
        self._plan = Plan()
        self._plan_lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self.handlers = {
            Do.PREPARE: self._prepare,
            Do.CHECK: self._check,
            Do.PUT: self._inside(self._put),
            Do.READ: self._inside(files.read),
            Do.STAT: self._inside(files.look),
            Do.LIST: self._inside(self._list),
            Do.RUN: self._run,
            Do.SPAWN: self._spawn,
            Do.KILL: self._kill,
            Do.PROCESSES: self._processes,
            Do.MOUNTS: self._mounts,
            Do.LOCKS: lambda _: {"locks": procfs.locks()},
            Do.OBSERVE: self._observe,
            Do.WATCH_SCRIPTS: self._inside(self._watch_scripts),
            Do.UNWATCH_SCRIPTS: self._unwatch_scripts,
            Do.PLAN: self._inside(self._set_plan),
            Do.SAY: self._say,
            Do.ANSWER: self._answer,
            Do.MOUNT: self._inside(self._mount),
            Do.UNMOUNT: self._inside(self._unmount),
            Do.THAW: lambda _: {"thawed": self._thaw_all()},
        }

    def _inside(self, handler: Callable[[Wanted], Wanted]) -> Callable[[Wanted], Wanted]:
        """Paths in a request are the executor's: its thread gets the executor's root."""

        def handle(wanted: Wanted) -> Wanted:
            self._enter_root()
            return handler(wanted)

        return handle

    def _enter_root(self) -> None:
        if self._root != "/":
            linux.own_root(self._root)

    # -- preparing

    def _prepare(self, wanted: Wanted) -> Wanted:
        devices = [disk["device"] for disk in wanted["disks"]]
        mounting.check(devices, fresh=True)
        root = mounting.set_up(wanted)
        self._disks = {disk["name"]: disk["device"] for disk in wanted["disks"]}
        mounts = mounting.check(devices, fresh=False)
        Helpers(root, self._called).start()
        told = self._children.enter(root, bool(wanted.get("allow_mount", False)))
        self._root = root
        self._wanted = wanted["disks"]
        self._freezes = FreezeCalls(
            told,
            self._disks,
            own_folder=f"{mounting.place(root, mounting.HOME)}/bin",
            emit=self._session.emit,
            trouble=self._session.trouble,
            executors=self._of_executor,
            alive=self._command_alive,
            due=self._due_at_freeze,
            carry_out=self._at_freeze,
        )
        self._guard = guard.hold(wanted["disks"])
        Spill(int(wanted["beside"]), self._session.give_up).start()
        return {"mounts": _seen(mounts, root), "filter": True, "guarded": self._guard >= 0}

    def _check(self, _: Wanted) -> Wanted:
        mounts = mounting.check(self._disks.values(), fresh=False)
        return {"mounts": _seen(mounts, self._root)}

    # -- files

    def _put(self, wanted: Wanted) -> Wanted:
        self._put_files(wanted["files"])
        return {}

    def _put_files(self, wanted: list[Wanted]) -> None:
        files.put(wanted)
        self._scripts.renew()

    def _list(self, wanted: Wanted) -> Wanted:
        ours = []  # what is no part of the guest's state
        for mount in mountinfo.read_mounts():
            seen = mountinfo.below(mount.point, self._root)
            if seen and (mount.kind in ("proc", "sysfs") or seen == "/dev"):
                ours.append(seen)
            elif seen and mount.is_disk(self._disks.values()):
                ours.append(f"{seen.rstrip('/')}/{PROBE_FILE}")
        return {"files": files.list_files(wanted["roots"], [*wanted.get("exclude", []), *ours])}

    def _observe(self, wanted: Wanted) -> Wanted:
        """Processes, mounts, locks and files at once: twice in every run, so in one request."""
        state = {**self._processes({}), **self._mounts({}), "locks": procfs.locks()}
        self._enter_root()
        return {**state, **self._list(wanted)}

    # -- processes

    def _run(self, wanted: Wanted) -> Wanted:
        limit = int(wanted.get("limit", _RUN_LIMIT))
        out, err = Tail(limit), Tail(limit)
        child = Child("")
        began = time.monotonic()
        stdin = wanted.get("stdin_b64")
        self._children.launch(
            child,
            wanted["argv"],
            env=wanted.get("env"),
            cwd=wanted.get("cwd", "/"),
            user=wanted.get("user", "root"),
            stdin=unpack(stdin) if stdin else None,
            keep_orphans=True,
            out=out.add,
            err=err.add,
        )
        timed_out = False
        if child.refused is None:
            left = began + float(wanted.get("deadline", _RUN_SECONDS)) - time.monotonic()
            if not child.ended.wait(max(left, 0)):
                timed_out = True
                self._signals.tree(child.pid, signal.SIGKILL)
                child.ended.wait(END_SECONDS)
        else:
            number, text = child.refused
            child.exit = 127 if number == 2 else 126
            err.add(text.encode("utf-8", "surrogateescape") + b"\n")
        patience = float(wanted.get("patience", 0))
        return {
            "exit": child.exit,
            "signal": child.signal,
            "timed_out": timed_out,
            "held": patience > 0 and not child.released.wait(patience),
            "out_b64": pack(out.bytes()),
            "err_b64": pack(err.bytes()),
            "cut": out.cut or err.cut,
            "started": child.started or began,
            "ended": child.ended_at or time.monotonic(),
        }

    def _spawn(self, wanted: Wanted) -> Wanted:
        name = wanted["name"]
        child = Child(name)
        tail = Tail(int(wanted.get("limit", _TAIL_LIMIT)))
        lines = self._children.lines_of(child) if wanted.get("lines") else None
        child.on_end = lambda ended: self._session.emit(
            Event.EXITED, exited(ended, tail), ended.ended_at
        )
        self._children.launch(
            child,
            wanted["argv"],
            env=wanted.get("env"),
            cwd=wanted.get("cwd", "/"),
            user=wanted.get("user", "root"),
            stdin=None,
            keep_orphans=False,
            out=_both(tail, lines),
            err=None,
        )
        if child.refused is not None:
            raise AgentProblem(
                Code.ABSENT if child.refused[0] == 2 else Code.NOT_PERMITTED,
                f"{name} can't be started in guest {self._name}: {child.refused[1]}",
                "the file must be there, executable, and its interpreter too",
            )
        return {"pid": child.pid, "started": child.started}

    def _kill(self, wanted: Wanted) -> Wanted:
        number = int(wanted.get("signal", signal.SIGKILL))
        target = wanted["name"] if "name" in wanted else int(wanted["pid"])
        return {"pids": self._signals.send(target, number, bool(wanted.get("tree", False)))}

    def _processes(self, _: Wanted) -> Wanted:
        return {
            "processes": procfs.facts(
                self._hidden, self._children.owners(), dict(self._scripts.pids)
            )
        }

    def _orphan(self, pid: int, status: int) -> None:
        self._children.adopt(pid, status)

    # -- mounts and disks

    def _mounts(self, _: Wanted) -> Wanted:
        return {"mounts": _seen(mountinfo.read_mounts(), self._root)}

    def _mount(self, wanted: Wanted) -> Wanted:
        self._mount_disk(wanted["disk"])
        return {}

    def _unmount(self, wanted: Wanted) -> Wanted:
        self._unmount_disk(wanted["disk"])
        return {}

    def _mount_disk(self, name: str) -> None:
        disk = next(disk for disk in self._wanted if disk["name"] == name)
        mounting.mount_disk(disk, disk["mountpoint"])

    def _unmount_disk(self, name: str) -> None:
        linux.unmount(next(d["mountpoint"] for d in self._wanted if d["name"] == name))

    def _own_disk(self, descriptor: int) -> bool:
        """Whether an open file lies on one of the guest's disks."""
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="utf-8") as lines:
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
        number = int(fields["mnt_id"])
        return any(
            mount.id == number and mount.is_disk(self._disks.values())
            for mount in mountinfo.read_mounts()
        )

    def _thaw_all(self) -> list[str]:
        return [name for name, device in self._disks.items() if mounting.thaw_disk(device)]

    # -- scripts, faults, snapshots

    def _watch_scripts(self, wanted: Wanted) -> Wanted:
        return {"watched": self._scripts.watch(wanted["paths"], read=wanted["read"])}

    def _unwatch_scripts(self, _: Wanted) -> Wanted:
        self._scripts.unwatch()
        return {}

    def _set_plan(self, wanted: Wanted) -> Wanted:
        self._faults.forget_later()
        with self._plan_lock:
            self._plan = Plan(wanted["triggers"])
        if self._freezes is not None:
            self._freezes.begin()
        self._openings.watch(self._plan.watched_paths())
        return {}

    def _say(self, wanted: Wanted) -> Wanted:
        self._faults.say(wanted["word"])
        return {}

    def _opened(self, path: str, pid: int) -> None:
        """A file is about to be opened, for the first time since the plan was made."""
        with self._plan_lock:
            actions = self._plan.due(self._plan.opened(path))
        self._faults.carry_out(actions, pid)

    def _script_started(self, script: str, pid: int) -> None:
        with self._plan_lock:
            actions = self._plan.due(self._plan.started(script))
        self._faults.carry_out(actions, pid)

    def _of_executor(self, thread: int) -> bool:
        """Whether a process belongs to the executor, and not to one of its scripts."""
        known = procfs.processes()
        line = procfs.chain(procfs.leader(thread), known)
        if any(self._scripts.runs(pid) for pid in line):
            return False
        child = self._children.named("executor")
        if child is not None and child.pid in line:
            return True
        return any(procfs.RUN_MARK in procfs.environ(pid) for pid in line)

    def _command_alive(self) -> bool | None:
        waiting = [call for call in self._calls.values() if call.kind == "snapshot" and call.open]
        if not waiting:
            return None
        process = procfs.read(waiting[-1].pid)
        return process is not None and process.state not in "ZX"

    def _due_at_freeze(self, asked: Asked) -> list[Wanted]:
        with self._plan_lock:
            return self._plan.due(self._plan.freeze_call(asked.what, asked.disk))

    def _at_freeze(self, actions: list[Wanted], asked: Asked) -> int:
        self._enter_root()
        self._faults.carry_out(actions, asked.thread)
        return next((int(action["refuse"]) for action in actions if "refuse" in action), 0)

    def _called(self, call: Call) -> None:
        """A helper was called; runs in a thread of its own, the caller waits."""
        self._enter_root()
        if call.kind == "snapshot":
            self._snapshot_called(call)
            return
        words = [*call.arguments, "", ""][:2]
        with self._plan_lock:
            asked = call.kind == "ask"
            occasion = self._plan.ask(words[0]) if asked else self._plan.mark(words[0], words[1])
            actions = self._plan.due(occasion)
        if not asked:
            facts = facts_of_caller(call)
            facts.update(script=words[0], point=words[1], attempt=occasion.number)
            self._session.emit(Event.MARK, facts, call.at)
        good = self._faults.carry_out(actions, call.parent)
        call.answer(0 if good else 1)

    def _snapshot_called(self, call: Call) -> None:
        actions: list[Wanted] = []
        with self._plan_lock:
            if call.arguments[:1] != ["discard"]:
                actions = self._plan.due(self._plan.request())
            number = len(self._calls) + 1
            self._calls[number] = call
        self._faults.carry_out(actions, call.parent)
        facts = {"request": number, "pid": call.pid, "args": call.arguments}
        self._session.emit(Event.SNAPSHOT, facts, call.at)

    def _answer(self, wanted: Wanted) -> Wanted:
        call = self._calls.get(int(wanted["request"]))
        if call is None:
            raise AgentProblem(
                Code.UNKNOWN, f"there is no snapshot request {wanted['request']}", ""
            )
        call.answer(int(wanted["exit"]))
        return {}

    # -- the end

    def end(self) -> list[str]:
        """Kill and thaw until nothing but the agent is left: a blocked writer needs both."""
        deadline = time.monotonic() + END_SECONDS
        while True:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            self._thaw_all()
            left = sorted(set(procfs.processes()) - {os.getpid()})
            if not left:
                return []
            if time.monotonic() > deadline:
                return [f"process {pid} ({' '.join(procfs.argv(pid))})" for pid in left]
            self._reaper.wait_for_change(KILL_STEP)


def _seen(mounts: list[mountinfo.Mount], root: str) -> list[str]:
    return [mount.text(root) for mount in mounts if mountinfo.below(mount.point, root) is not None]


def _both(tail: Tail, lines: Lines | None) -> Callable[[bytes], None]:
    if lines is None:
        return tail.add

    def add(data: bytes) -> None:
        tail.add(data)
        lines.add(data)

    return add
