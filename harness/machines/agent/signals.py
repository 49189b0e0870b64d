"""Signals to the guest's processes: one, or a whole tree until nothing of it lives."""

from __future__ import annotations

import os
import select
import signal
import time

from . import procfs
from .problem import AgentProblem
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .children import Children
    from .reaper import Reaper

#: How long the end of a tree is waited for, in seconds, and how often it is looked at.
END_SECONDS = 20.0
KILL_STEP = 0.02
_REAP_SECONDS = 2.0
#: How long the death of one that was killed alone is waited for: what waits for a frozen disk can't
#: die before the thaw.
_DEATH_SECONDS = 2.0

#: A target that is no process of its own: all children of the one that is named.
CHILDREN_OF = "children of "


class Signals:
    """Sends signals to anybody but `hidden`, the agent's own processes."""

    def __init__(self, children: Children, reaper: Reaper, hidden: Sequence[int]) -> None:
        self._children = children
        self._reaper = reaper
        self._hidden = tuple(hidden)

    def send(self, target: str | int, number: int, whole: bool) -> list[int]:
        """Signal a process by pid or by name, or its tree, or the "children of" a name; the pids
        that got it.

        What SIGKILL was sent to is dead when this returns, if it can die: on a busy machine it
        would else go on for a while, and might even end well.
        """
        if isinstance(target, str) and target.startswith(CHILDREN_OF):
            parent = self._children.named(target[len(CHILDREN_OF) :])
            known = procfs.processes().values()
            pids = [p.pid for p in known if parent is not None and p.ppid == parent.pid]
            return [pid for pid in pids if self._one(pid, number)]
        if isinstance(target, str):
            child = self._children.named(target)
            if child is None:
                raise AgentProblem(
                    Code.NO_SUCH_PROCESS,
                    f"nothing was started under the name {target}",
                    "spawn it first",
                )
            if not child.running and not whole:
                return []
            pid = child.pid
        else:
            pid = target
        if whole:
            return self.tree(pid, number)
        return [pid] if self._one(pid, number) else []

    def tree(self, pid: int, number: int) -> list[int]:
        """Signal a tree, again and again where it is SIGKILL, until no member lives."""
        done: list[int] = []
        deadline = time.monotonic() + END_SECONDS
        while True:
            known = procfs.processes()
            members = [
                member
                for member in procfs.tree(pid, known)
                if known[member].state != "Z" and member not in self._hidden
            ]
            fresh = [member for member in members if self._one(member, number, wait=0)]
            done += [member for member in fresh if member not in done]
            if number != signal.SIGKILL or time.monotonic() > deadline:
                return done
            if not members:
                self._wait_reaped(pid)
                return done
            self._reaper.wait_for_change(KILL_STEP)

    def _wait_reaped(self, pid: int) -> None:
        """Wait a while until the dead of a tree are gone: they count among the processes of the
        container, which may have no room for the next one."""
        deadline = time.monotonic() + _REAP_SECONDS
        while time.monotonic() < deadline:
            known = procfs.processes()
            if not [member for member in procfs.tree(pid, known) if member != pid]:
                return
            self._reaper.wait_for_change(KILL_STEP)

    def _one(self, pid: int, number: int, wait: float = _DEATH_SECONDS) -> bool:
        if pid in self._hidden:
            return False
        try:
            held = os.pidfd_open(procfs.leader(pid))
        except ProcessLookupError:
            return False
        try:
            signal.pidfd_send_signal(held, number)
            if number == signal.SIGKILL:
                select.select([held], [], [], wait)
        except ProcessLookupError:
            return False
        finally:
            os.close(held)
        return True
