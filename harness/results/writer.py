"""Writes results.jsonl as things happen, and tells those who watch.

Every line is one write to an unbuffered file, so that a killed run leaves everything up to the
line it was writing. Only the footer makes the record complete.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from harness.problem import EngineProblem
from harness.results.closing import close
from harness.results.record import Footer, Header, Line, PlanLine, RunLine, encode


class Listener(Protocol):
    """Someone who watches a run: the terminal view, or a test."""

    def begun(self, header: Header) -> None:
        """The record was opened."""

    def started(self, scenario: str, worker: str) -> None:
        """A worker began a scenario."""

    def recorded(self, line: Line) -> None:
        """A plan, scenario, check, run, round or control was recorded."""

    def closed(self, footer: Footer, reports: Sequence[Path]) -> None:
        """The record is complete; `reports` are the files that were rendered from it."""


class Writer:
    """One results.jsonl; `close` writes the footer, and so does leaving the `with` block.

    An older file at the path is kept beside it as `….previous`. Raises EngineProblem where the
    disk refuses a line; what was recorded until then stays readable.
    """

    def __init__(self, path: Path, header: Header, listeners: Sequence[Listener] = ()) -> None:
        self.path = path
        self.header = header
        self.footer: Footer | None = None
        self._listeners = tuple(listeners)
        self._judged: list[Line] = []
        self._open = True
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.replace(path.with_name(path.name + ".previous"))
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o644)
        except OSError as error:
            raise self._refused(error) from error
        self._append(encode(header))
        for listener in self._listeners:
            listener.begun(header)

    def plan(self, scenarios: Sequence[str], left_out: Sequence[str] = ()) -> None:
        """What was selected, and what was not; what was and never ran makes a run incomplete."""
        self.write(PlanLine(tuple(scenarios), tuple(left_out)))

    def started(self, scenario: str, worker: str = "") -> None:
        """A worker began a scenario: shown, not recorded."""
        for listener in self._listeners:
            listener.started(scenario, worker)

    def write(self, line: Line) -> None:
        """Record one line; it is in the file when this returns."""
        self._append(encode(line))
        if not isinstance(line, RunLine):  # histories are large and no verdict reads them
            self._judged.append(line)
        for listener in self._listeners:
            listener.recorded(line)

    def close(self, interrupted: str = "") -> Footer:
        """Judge, write the footer and close the file; a second call gives the same footer."""
        if self.footer is not None:
            return self.footer
        try:
            footer = close(
                self.header,
                self._judged,
                ended=now(),
                digest=self._digest(),
                interrupted=interrupted,
            )
            self._append(encode(footer))
            os.fsync(self._file)
        except OSError as error:
            raise self._refused(error) from error
        finally:
            self._open = False
            os.close(self._file)
        self.footer = footer
        return footer

    def announce(self, reports: Sequence[Path]) -> None:
        """Show the closing verdict, with the files that were rendered; only after `close`."""
        if self.footer is None:
            raise ValueError("announce before close")
        for listener in self._listeners:
            listener.closed(self.footer, reports)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._open:
            self.close(interrupted=_in_words(error))

    def _append(self, data: bytes) -> None:
        size = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            os.ftruncate(self._file, size)  # no torn line in the middle of the file
            raise self._refused(error) from error

    def _digest(self) -> str:
        # Over the file itself, torn tail cut off: an interrupt may have come between any two
        # steps of an append, and the footer must vouch for what is really there.
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.ftruncate(self._file, len(whole))
        return hashlib.sha256(whole).hexdigest()

    def _refused(self, error: OSError) -> EngineProblem:
        return EngineProblem(
            f"the results can't be written to {self.path}: {error.strerror}",
            "make room or rights there, or choose another folder with --out",
            "results",
        )


def now() -> str:
    """The present instant as the record writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _in_words(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, KeyboardInterrupt):
        return "by the user"
    said = getattr(error, "message", None) or str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
