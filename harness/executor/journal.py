"""The log of a run (ROB-04), and how it gets to a disk that may be frozen (FRZ-05).

While the run is under way the log grows in the state folder, a tmpfs on any usual system; while
anything is frozen it grows in memory only. At its end the run hands it to a helper that writes it
to the log folder: where that disk is frozen by somebody else, only the helper waits.

Each line: UTC time, phase, text; continuation lines of output begin with "| ".
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Callable, List, Mapping, Optional

from ..contract.errors import ERRORS
from ..contract.verdict import Verdict
from .channel import Gone, start_service
from .system import now

#: How many logs are kept in the log folder.
KEPT = 50
_STORE_PATIENCE = 5.0
_NAME = "run.log"
_MOST = 4 << 20


class Journal:
    """The log of one run; `echo` gets each line as soon as nothing is frozen."""

    def __init__(self, folder: str, echo: Callable[[List[str]], None]) -> None:
        self._path = os.path.join(folder, _NAME)
        # What an interrupted run left is continued; what nobody could store is not kept for ever.
        with contextlib.suppress(OSError):
            if os.path.getsize(self._path) > _MOST:
                os.unlink(self._path)
        self._echo = echo
        self._waiting: List[str] = []
        self._held = False

    def say(self, phase: str, text: str) -> None:
        """One line under the name of a phase; newlines in it become blanks."""
        self._waiting.append(f"{_stamp()} {phase:<8} {' '.join(text.splitlines())}")
        self._flush()

    def tail(self, phase: str, stream: str, text: str) -> None:
        """The end of what a command wrote."""
        if not text.strip():
            return
        self._waiting.append(f"{_stamp()} {phase:<8} {stream}, its end:")
        self._waiting += [
            f"{_stamp()} {phase:<8} | {_printable(line)}" for line in text.splitlines()
        ]
        self._flush()

    def hold(self) -> None:
        """From now on nothing is written anywhere (FRZ-05)."""
        self._held = True

    def release(self) -> None:
        """All is thawed: write what was held back."""
        self._held = False
        self._flush()

    def verdict(self, verdict: Verdict, reasons: Mapping[str, str]) -> None:
        """The outcome, and for each error its message and recommended action."""
        self.say("verdict", f"status {verdict.status}, consistency {verdict.consistency}")
        for name in verdict.errors:
            for line in explain(name, reasons.get(name, "")):
                self.say("verdict", line)

    def store(self, folder: str, name: str, detach: Callable[[], None]) -> Optional[str]:
        """Move the log to `folder`; a sentence where that did not succeed in a few seconds.

        `detach` is called in the helper, which must hold no lock: it may have to wait for long.
        """

        def write(_: socket.socket) -> None:
            detach()
            _store(self._path, folder, name)

        helper = start_service(write)
        try:
            answered = helper.receive(now() + _STORE_PATIENCE)
        except Gone:
            answered = {}
        helper.close(now() + 0.1)
        if answered is None:
            return f"{folder} takes no writes; the log will appear there when it does"
        if os.path.exists(self._path):
            return f"the log could not be written to {folder}; it stays in {self._path}"
        return None

    def _flush(self) -> None:
        if self._held or not self._waiting:
            return
        lines, self._waiting = self._waiting, []
        with (
            contextlib.suppress(OSError),
            open(self._path, "a", encoding="utf-8", errors="backslashreplace") as file,
        ):
            file.write("".join(line + "\n" for line in lines))
        self._echo(lines)


def explain(name: str, reason: str) -> List[str]:
    """An error for people: its name and reason, what it means, what to do next."""
    text = ERRORS[name]
    return [
        f"error {name}: {reason}" if reason else f"error {name}",
        f"message: {text.message}",
        f"recommended action: {text.action}",
    ]


def _stamp() -> str:
    seconds = time.time()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _printable(line: str) -> str:
    # What a script writes must not steer the terminal of whoever reads the log.
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in line)


def _store(source: str, folder: str, name: str) -> None:
    with contextlib.suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(source, "rb") as file:
            content = file.read()
        with open(os.path.join(folder, name), "ab", opener=_private) as file:
            file.write(content)
        os.unlink(source)
        old = sorted(n for n in os.listdir(folder) if n.startswith("run-") and n.endswith(".log"))
        for stale in old[:-KEPT]:
            os.unlink(os.path.join(folder, stale))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
