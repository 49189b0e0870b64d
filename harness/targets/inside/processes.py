"""The processes of this machine, as /proc tells of them."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Iterator, List, NamedTuple


class Process(NamedTuple):
    """One process: its pid, its parent's, its command line."""

    pid: int
    parent: int
    words: List[str]


def processes() -> Iterator[Process]:
    """Every process that is there while one looks."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            line = _read(f"/proc/{name}/cmdline").decode(errors="replace")
            yield Process(int(name), parent, line.split("\0")[:-1])


def marked(pid: int, variable: str, value: str) -> bool:
    """Whether a process was started with this variable in its environment."""
    return f"{variable}={value}".encode() in _read(f"/proc/{pid}/environ").split(b"\0")


def kill(pid: int) -> None:
    """SIGKILL to a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_group(leader: int) -> None:
    """SIGKILL to what is left of a process group, its leader's end or not."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
