"""How set-up speaks while it works: one line a step with the time, a beat in long ones.

Everything goes to stderr, so that a step's result can go to stdout.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.problem import IncompleteProblem, Problem

#: The checkout this set-up belongs to.
ROOT = Path(__file__).resolve().parent.parent
#: Everything that make writes into the checkout lies here.
STATE = ROOT / ".make"
#: Seconds between two lines that say that a long step is still under way.
BEAT = 5.0


def say(text: str) -> None:
    """One line with the time of day."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for the message of the step that failed; empty without a log."""
    try:
        text = log.read_bytes()[-16384:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line.rstrip() for line in text.splitlines()[-lines:])


def run_logged(
    what: str,
    command: Sequence[str],
    log: Path,
    *,
    deadline: float,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a command with its output in a log; its last line is shown every few seconds.

    Returns the exit status; past `deadline` (seconds) the command is ended and that is a Problem.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("ab") as out:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
        )
        try:
            while True:
                try:
                    return child.wait(timeout=BEAT)
                except subprocess.TimeoutExpired:
                    spent = time.monotonic() - began
                    if spent > deadline:
                        raise IncompleteProblem(
                            f"{what}: not done after {deadline:.0f} s\n{tail(log)}",
                            f"look at {log}; run make again, it goes on where it stopped",
                        ) from None
                    last = tail(log, 1)[:100]
                    say(f"  {what}: {spent:.0f} s" + (f" · {last}" if last else ""))
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


@contextlib.contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold an exclusive lock, so that two runs of make do not set up the same thing at once.

    The kernel drops it when its holder dies, however that dies.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{what}: another run is at it, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def replace_link(link: Path, target: str) -> None:
    """Point a symbolic link at `target` in one step: there is no instant without the link."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(target)
    fresh.replace(link)


def show_problems(main: Callable[[Sequence[str]], int]) -> int:
    """Run a step's main; a Problem becomes its text and exit status, never a traceback."""
    try:
        return main(sys.argv[1:])
    except Problem as problem:
        print(problem, file=sys.stderr, flush=True)
        return problem.exit_code
    except KeyboardInterrupt:
        print("interrupted; run make again, it goes on where it stopped", file=sys.stderr)
        return 130
