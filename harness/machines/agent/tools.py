"""Programs that the host runs: mkfs and the examiners; each with a deadline."""

from __future__ import annotations

import os
import signal

from .problem import AgentProblem
from .reaper import Reaper
from .wire import Code

_DEADLINE = 120.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Outcome:
    """How a program ended: its exit status (128 + signal) and what it said on both streams."""

    def __init__(self, exit_status: int, text: str) -> None:
        self.exit = exit_status
        self.text = text

    def tail(self, size: int = 2000) -> str:
        """The end of what it said."""
        return self.text[-size:].strip()


class Tools:
    """Runs programs; the reaper of the main process tells how they ended."""

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper

    def run(self, *argv: str, deadline: float = _DEADLINE) -> Outcome:
        """Run to the end. Raises AgentProblem (tool-missing, failed at the deadline)."""
        said = os.memfd_create("said")
        try:
            null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            actions = [
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, said, 1),
                (os.POSIX_SPAWN_DUP2, said, 2),
            ]
            environment = {"PATH": _PATH, "LC_ALL": "C", "HOME": "/root"}
            try:
                pid = self._reaper.begin(
                    lambda: os.posix_spawnp(argv[0], argv, environment, file_actions=actions)
                )
            except FileNotFoundError:
                raise AgentProblem(
                    Code.TOOL_MISSING,
                    f"the host's image has no {argv[0]}",
                    "use an image with e2fsprogs, xfsprogs and btrfs-progs",
                ) from None
            finally:
                os.close(null)
            status = self._reaper.status(pid, deadline)
            if status is None:
                os.kill(pid, signal.SIGKILL)
                raise AgentProblem(
                    Code.FAILED,
                    f"{' '.join(argv)} did not end within {deadline:.0f} s",
                    "the machine is overloaded, or a disk is stuck",
                )
            size = os.lseek(said, 0, os.SEEK_END)
            text = os.pread(said, size, 0).decode("utf-8", "replace")
        finally:
            os.close(said)
        ended = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        return Outcome(ended, text)

    def must(self, code: str, what: str, *argv: str) -> str:
        """Run, and raise AgentProblem (`code`) that begins with `what` where it fails."""
        outcome = self.run(*argv)
        if outcome.exit != 0:
            raise AgentProblem(
                code,
                f"{what}: {argv[0]} ended with {outcome.exit}: {outcome.tail(600)}",
                "see what the tool says; size and filesystem are the usual reasons",
            )
        return outcome.text
