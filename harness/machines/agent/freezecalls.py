"""Every freeze and thaw that a process of the guest asks for, in order, before it is done.

The filter stops these calls (`seccomp`), and each waits until it is on record. So their order, who
made them and on which disk is exact, whatever the host's samples show. While something is frozen
this thread also looks for what must not be: a process of the executor's that waits to write
(`blocked`), and a program that it starts from a frozen disk (`programs`).
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time

from . import linux, mountinfo, procfs
from .blocked import Suspects, waiting
from .programs import ProgramWatch, Started, mount_of
from .stopped import Stopped, receive
from .wire import Code, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_LOOK_SECONDS = 0.1
_AGAIN_SECONDS = 0.02
_HELD_SECONDS = 1.0
_WORDS = {linux.FIFREEZE: "freeze", linux.FITHAW: "thaw"}


class Asked:
    """A freeze or a thaw that waits to be done."""

    def __init__(self, call: Stopped, what: str, disk: str) -> None:
        self.what = what
        self.disk = disk
        self.thread: int = call.thread
        self._call = call

    def end(self, refusal: int) -> None:
        """Let it be done, or fail with this errno where it is not 0."""
        if refusal:
            self._call.refuse(refusal)
        else:
            self._call.let_go()


class FreezeCalls:
    """The thread that answers these calls of one guest.

    `executors(pid)`: it is a process of the executor's, and none of its scripts. `due(asked)`: the
    plan's actions at this call; `carry_out` does them and returns the errno of a refusal. `alive`:
    whether a snapshot command that waits for its answer still lives, None where none waits.
    """

    def __init__(
        self,
        listener: int,
        disks: Mapping[str, str],
        *,
        own_folder: str,
        emit: Callable[..., None],
        trouble: Callable[[str, str], None],
        executors: Callable[[int], bool],
        alive: Callable[[], bool | None],
        due: Callable[[Asked], list[dict[str, Any]]],
        carry_out: Callable[[list[dict[str, Any]], Asked], int],
    ) -> None:
        self._listener = listener
        self._disks = dict(disks)
        self._emit = emit
        self._trouble = trouble
        self._executors = executors
        self._alive = alive
        self._due = due
        self._carry_out = carry_out
        self._programs = ProgramWatch(own_folder)
        self._suspects = Suspects()
        self._frozen: set[str] = set()
        self._number = 0
        self._under_way: dict[int, int] = {}  # number: thread
        threading.Thread(target=self._serve, name="freezes", daemon=True).start()

    def begin(self) -> None:
        """A run begins: what an earlier one left undone is no matter of its own."""
        self._frozen.clear()
        self._suspects.clear()
        self._programs.clear()

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._programs.descriptor, select.POLLIN)
        while True:
            ready = dict(poll.poll(_LOOK_SECONDS * 1000 if self._frozen else None))
            call = None
            if ready.get(self._listener, 0) & select.POLLIN:
                call = receive(self._listener)
            elif self._listener in ready:
                poll.unregister(self._listener)  # no process under the filter is left
            try:
                self._programs.take(self._started)
                if call is not None:
                    self._stopped(call)
                if self._frozen:
                    self._look()
            except Exception as error:  # noqa: BLE001 whatever breaks, a call that waits is let go
                self._trouble(Code.FAILED, f"the watch over freezes: {error!r}")
                if call is not None:
                    call.let_go()

    def _stopped(self, call: Stopped) -> None:
        at = time.monotonic()
        asked = Asked(call, _WORDS[call.request], self._disk_of(call))
        own = self._executors(call.thread)
        if asked.what == "thaw":
            self._before_a_thaw(asked)
        else:
            self._before_a_freeze(asked)
        self._number += 1
        facts = {
            "number": self._number,
            "what": asked.what,
            "disk": asked.disk,
            "thread": call.thread,
            "executors": own,
            "returned": self._returned(call.thread),
            "command_alive": self._alive(),
        }
        self._emit(Event.FREEZE_CALL, facts, at)
        self._under_way[self._number] = call.thread
        actions = self._due(asked) if own else []
        if actions:
            # They may take their time: nobody else's call waits for that.
            threading.Thread(target=self._act, args=(actions, asked), daemon=True).start()
        else:
            call.let_go()

    def _act(self, actions: list[dict[str, Any]], asked: Asked) -> None:
        asked.end(self._carry_out(actions, asked))

    def _disk_of(self, call: Stopped) -> str:
        """The disk's name; "" for what is on none of the guest's disks."""
        number = mount_of(call.thread, call.descriptor)
        mount = next((m for m in mountinfo.read_mounts() if m.id == number), None)
        return self._name_of(mount) if mount is not None else ""

    def _name_of(self, mount: mountinfo.Mount) -> str:
        return next((name for name, device in self._disks.items() if mount.is_disk([device])), "")

    def _before_a_freeze(self, asked: Asked) -> None:
        if not asked.disk:
            return
        self._frozen.add(asked.disk)
        device = self._disks[asked.disk]
        self._programs.mark(m.point for m in mountinfo.read_mounts() if m.is_disk([device]))

    def _before_a_thaw(self, asked: Asked) -> None:
        """Whoever waits for this thaw is caught now, or never."""
        self._programs.take(self._started)
        self._look()
        until = time.monotonic() + _HELD_SECONDS
        while self._suspects.open and time.monotonic() < until:
            time.sleep(_AGAIN_SECONDS)
            self._look()
        self._frozen.discard(asked.disk)
        if not self._frozen:
            self._programs.clear()

    def _returned(self, thread: int) -> list[int]:
        """Earlier calls that have surely returned: their thread makes another, or is gone."""
        over = [
            number
            for number, other in self._under_way.items()
            if other == thread or _is_gone(other)
        ]
        for number in over:
            del self._under_way[number]
        return over

    def _look(self) -> None:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        found = [one for one in waiting(pids) if self._executors(one[0])]
        for (pid, thread, _), since in self._suspects.look(found, time.monotonic()):
            facts = {"pid": pid, "thread": thread, "argv": procfs.argv(pid), "since": since}
            self._emit(Event.BLOCKED, facts)

    def _started(self, started: Started) -> None:
        if not started.due:
            return
        known = procfs.processes()
        if self._programs.commands.intersection(procfs.chain(started.pid, known)):
            return
        if not self._executors(started.pid):
            return
        mount = next((m for m in mountinfo.read_mounts() if m.id == started.mount), None)
        disk = self._name_of(mount) if mount is not None else ""
        facts = {"pid": started.pid, "path": started.path, "disk": disk}
        self._emit(Event.PROGRAM, facts)


def _is_gone(thread: int) -> bool:
    with contextlib.suppress(OSError):
        process = procfs.read(thread)
        return process is None or process.state in "ZX"
    return True
