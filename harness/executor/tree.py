"""Find and end everything that descends from this process (RUN-05).

The caller is a subreaper, so that a double fork or a session of its own hides nothing: whatever a
command started is a descendant of its warden.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Callable, Dict, List, NamedTuple, Optional

from .system import now

#: How long what a command started may take to end itself after SIGTERM, in seconds.
GRACE = 1.5
#: When, after SIGTERM, what still lives is given up, in seconds: RUN-05 allows five.
GIVE_UP = 4.5


class Process(NamedTuple):
    """One line of the process table; `state` is the kernel's letter, Z for a zombie."""

    pid: int
    parent: int
    group: int
    state: str


def parse_stat(text: str) -> Optional[Process]:
    """A /proc/PID/stat line; None where it is none. A name may hold spaces and brackets."""
    head, bracket, tail = text.rpartition(")")
    fields = tail.split()
    if not bracket or len(fields) < 3:
        return None
    try:
        return Process(int(head.split(" ", 1)[0]), int(fields[1]), int(fields[2]), fields[0])
    except ValueError:
        return None


def descendants_of(root: int, table: List[Process]) -> List[Process]:
    """All living descendants of `root`, parents before their children."""
    children: Dict[int, List[Process]] = {}
    for process in table:
        children.setdefault(process.parent, []).append(process)
    found: List[Process] = []
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(0), ()):
            waiting.append(child.pid)
            if child.state not in "ZX":
                found.append(child)
    return found


def process_table() -> List[Process]:
    """The processes of this machine as /proc shows them now."""
    table = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                process = parse_stat(file.read())
        except OSError:
            continue  # ended meanwhile
        if process is not None:
            table.append(process)
    return table


def end_descendants(wait: Callable[[float], None], reap: Callable[[], None]) -> int:
    """SIGTERM to all descendants, after GRACE seconds SIGKILL; how many could not be ended.

    `wait(seconds)` returns at the latest then, or when a child ended, and keeps pipes drained
    meanwhile; `reap` collects ended children.
    """
    begun = now()
    reap()
    for process in descendants_of(os.getpid(), process_table()):
        _signal(os.kill, process.pid, signal.SIGTERM)
        # A stopped process handles no SIGTERM.
        _signal(os.kill, process.pid, signal.SIGCONT)
    while _any_left() and now() < begun + GRACE:
        wait(min(0.1, max(0.0, begun + GRACE - now())))
        reap()
    while _any_left() and now() < begun + GIVE_UP:
        _kill(descendants_of(os.getpid(), process_table()))
        reap()
        _chase(reap)
        if _any_left():
            # Those that were just killed need a moment to be gone.
            wait(0.005)
            reap()
    if not _any_left():
        return 0
    return max(1, len(descendants_of(os.getpid(), process_table())))


def _any_left() -> bool:
    """Whether this process has a child, living or not yet collected.

    What forks and ends without pause is in no process table that was read one by one, but whoever
    has descendants, and adopts their orphans, has a child.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _kill(processes: List[Process]) -> None:
    # A signal to a group reaches all its members at one instant: no fork escapes it.
    for group in {p.group for p in processes} - {os.getpgrp(), 0}:
        _signal(os.killpg, group, signal.SIGKILL)
    for process in processes:
        _signal(os.kill, process.pid, signal.SIGKILL)


def _chase(reap: Callable[[], None]) -> None:
    # What forks and exits faster than the table can be read is adopted by this process at once:
    # reading its own children is quick enough to win.
    path = f"/proc/self/task/{os.getpid()}/children"
    for _ in range(300):
        try:
            with open(path, "rb", buffering=0) as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            return
        if not children:
            return
        for child in children:
            with contextlib.suppress(OSError):
                group = os.getpgid(child)
                if group != os.getpgrp():
                    os.killpg(group, signal.SIGKILL)
            _signal(os.kill, child, signal.SIGKILL)
        reap()


def _signal(send: Callable[[int, int], None], target: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        send(target, number)
