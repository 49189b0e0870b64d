"""What /proc tells about the guest's processes."""

from __future__ import annotations

import os
import select
import stat

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

RUN_MARK = "SNAPCERT_RUN"


class Process:
    """One line of /proc/PID/stat."""

    __slots__ = ("pid", "ppid", "sid", "start_ticks", "state")

    def __init__(self, text: str) -> None:
        # The name stands in parentheses and may hold anything, parentheses too.
        before, _, after = text.rpartition(")")
        fields = after.split()
        self.pid = int(before.split(" ", 1)[0])
        self.state = fields[0]
        self.ppid = int(fields[1])
        self.sid = int(fields[3])
        self.start_ticks = int(fields[19])


def processes() -> dict[int, Process]:
    """All processes of this pid namespace by pid; those that end meanwhile are left out."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = read(int(name))
            if process is not None:
                found[process.pid] = process
    return found


def read(pid: int) -> Process | None:
    """One process; None where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="surrogateescape") as text:
            return Process(text.read())
    except (FileNotFoundError, ProcessLookupError):
        return None


def chain(pid: int, known: Mapping[int, Process]) -> list[int]:
    """A process and its ancestors, the process first."""
    line = []
    while pid in known and pid not in line:
        line.append(pid)
        pid = known[pid].ppid
    return line


def tree(pid: int, known: Mapping[int, Process]) -> list[int]:
    """A process, all that descend from it, and all in the sessions that these lead."""
    members = {pid}
    grown = True
    while grown:
        more = {
            process.pid
            for process in known.values()
            if process.ppid in members or process.sid in members
        }
        grown = not more <= members
        members |= more
    return sorted(members & set(known))


def status_fields(pid: int) -> dict[str, str]:
    """/proc/PID/status as a mapping. Raises FileNotFoundError, ProcessLookupError."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="surrogateescape") as lines:
        pairs = (line.partition(":") for line in lines)
        return {name: value.strip() for name, _, value in pairs}


def leader(thread: int) -> int:
    """The process that a thread belongs to; the thread itself where it is gone."""
    try:
        return int(status_fields(thread)["Tgid"])
    except OSError:
        return thread


def argv(pid: int) -> list[str]:
    """Its arguments; empty for a zombie or one that is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as data:
            return _words(data.read())
    except OSError:
        return []


def owner(pid: int) -> tuple[int, int]:
    """Effective uid and gid; those of root where it is gone."""
    try:
        fields = status_fields(pid)
    except OSError:
        return 0, 0
    return int(fields["Uid"].split()[1]), int(fields["Gid"].split()[1])


def environ(pid: int, ids: tuple[int, int] | None = None) -> dict[str, str]:
    """Its environment as it was at its exec; empty where it is gone or hides it."""
    uid, gid = owner(pid) if ids is None else ids
    try:
        with linux.AsUser(uid, gid), open(f"/proc/{pid}/environ", "rb") as data:
            words = _words(data.read())
    except OSError:
        return {}
    return dict(word.partition("=")[::2] for word in words if "=" in word)


def signals(mask: str) -> list[int]:
    """The numbers in a signal mask as /proc writes it, but for 32 and 33.

    Those two are the C library's own: what a container's engine was started with is inherited, and
    no program can set them back.
    """
    bits = int(mask, 16)
    return [n for n in range(1, 65) if bits >> (n - 1) & 1 and n not in (32, 33)]


def stdin_at_end(pid: int) -> bool | None:
    """Whether a process that reads its input would find its end; None where it can't be told."""
    path = f"/proc/{pid}/fd/0"
    try:
        with linux.AsUser(*owner(pid)):
            target = os.readlink(path)
            if target == "/dev/null":
                return True
            kind = os.stat(path).st_mode
            if stat.S_ISFIFO(kind):
                return _pipe_at_end(path)
            if stat.S_ISREG(kind):
                with open(f"/proc/{pid}/fdinfo/0", encoding="utf-8") as info:
                    position = int(info.readline().split()[1])
                return position >= os.stat(path).st_size
    except OSError:
        return None
    return None


def _pipe_at_end(path: str) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        events = dict(poll.poll(0)).get(descriptor, 0)
        return bool(events & select.POLLHUP) and not events & select.POLLIN
    finally:
        os.close(descriptor)


def facts(
    hidden: Iterable[int], owners: Mapping[int, str], scripts: Mapping[int, str]
) -> list[dict[str, Any]]:
    """All processes but `hidden`, as `shapes.ProcessFacts`.

    `owners` maps pids of spawned processes to their names, `scripts` those of watched scripts to
    "pre" and "post"; both mark the whole tree, sessions included.
    """
    known = processes()
    skip = set(hidden)
    marks: dict[int, str] = {}

    def mark(pid: int) -> str:
        if pid not in marks:
            marks[pid] = environ(pid).get(RUN_MARK, "")
        return marks[pid]

    found = []
    for process in known.values():
        if process.pid in skip:
            continue
        line = [pid for pid in chain(process.pid, known) if pid not in skip]
        related = [*line, process.sid]
        found.append(
            {
                "pid": process.pid,
                "ppid": process.ppid,
                "start_ticks": process.start_ticks,
                "argv": argv(process.pid),
                "state": process.state,
                "uid": owner(process.pid)[0],
                "sid": process.sid,
                "run_mark": next((m for m in map(mark, line) if m), ""),
                "started_by": next((owners[p] for p in related if p in owners), ""),
                "script": next((scripts[p] for p in related if p in scripts), ""),
            }
        )
    return found


def locks() -> list[str]:
    """ "KIND ACCESS PID PATH" of the locks that processes of this container hold."""
    lines = []
    with open("/proc/locks", encoding="utf-8") as text:
        for line in text:
            fields = line.split()
            if "->" in fields:
                continue  # somebody who waits
            kind, access, pid, place = fields[1], fields[3], int(fields[4]), fields[5]
            if pid > 0:
                lines.append(f"{kind} {access} {pid} {_path_of(pid, place) or place}")
                continue
            # A lock of an open file description has no process: the kernel shows those of the
            # whole machine. Ours are those that somebody here holds by a descriptor.
            path = next((p for p in (_path_of(pid, place) for pid in processes()) if p), "")
            if path:
                lines.append(f"{kind} {access} {pid} {path}")
    return lines


def _path_of(pid: int, place: str) -> str:
    """The path of the file "MAJOR:MINOR:INODE" on which a process holds a lock.

    Told by the kernel's own list of each descriptor's locks: an inode's number alone is that of
    other files too, on other filesystems.
    """
    try:
        with linux.AsUser(*owner(pid)):
            for name in os.listdir(f"/proc/{pid}/fd"):
                with open(f"/proc/{pid}/fdinfo/{name}", encoding="utf-8") as facts:
                    if any(line.startswith("lock:") and place in line.split() for line in facts):
                        return os.readlink(f"/proc/{pid}/fd/{name}")
    except OSError:
        return ""
    return ""


def _words(data: bytes) -> list[str]:
    return [part.decode("utf-8", "surrogateescape") for part in data.split(b"\0")[:-1]]
