"""Commands in a guest: one that is waited for, one that goes on."""

from __future__ import annotations

import signal as signals
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.machines.agent import wire
from harness.machines.channel import Channel
from harness.machines.events import Event


@dataclass(frozen=True)
class CommandResult:
    """How a command in a guest ended; `exit` or `signal` is None.

    `timed_out`: its process tree was ended at the deadline. `cut`: `out` and `err` are only the
    last bytes of what it wrote. `held`: what it left running still had its output open after the
    patience that was asked for. Instants are the engine kernel's CLOCK_MONOTONIC.
    """

    exit: int | None
    signal: int | None
    timed_out: bool
    out: bytes
    err: bytes
    started: float
    ended: float
    cut: bool = False
    held: bool = False

    @property
    def ok(self) -> bool:
        """It exited with 0, in time."""
        return self.exit == 0 and not self.timed_out

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> CommandResult:
        """From the agent's answer to `run`."""
        return cls(
            exit=answer["exit"],
            signal=answer["signal"],
            timed_out=answer["timed_out"],
            out=wire.unpack(answer["out_b64"]),
            err=wire.unpack(answer["err_b64"]),
            started=answer["started"],
            ended=answer["ended"],
            cut=answer.get("cut", False),
            held=answer.get("held", False),
        )


@dataclass(frozen=True)
class Ended:
    """The end of a spawned process, when its guest saw it; `tail` is the end of its output."""

    at: float
    exit: int | None
    signal: int | None
    tail: bytes


class Process:
    """A process that was spawned in a guest and goes on; its pid is that of the guest."""

    def __init__(self, channel: Channel, name: str, pid: int, started: float, since: int) -> None:
        self._channel = channel
        self._since = since
        self.name = name
        self.pid = pid
        self.started = started

    @property
    def ended(self) -> Ended | None:
        """How it ended, None while it runs."""
        for event in self._channel.events.named(wire.Event.EXITED, since=self._since):
            if self._is_mine(event):
                return _ended(event)
        return None

    @property
    def running(self) -> bool:
        """Whether neither it nor its guest has ended."""
        return not self._channel.gone and self.ended is None

    def wait(self, deadline: float) -> Ended | None:
        """Wait for its end, at most `deadline` seconds; None where it still runs then.

        Raises MachineGone where its guest ended instead.
        """

        def is_end(event: Event) -> bool:
            return event.name == wire.Event.EXITED and self._is_mine(event)

        event = self._channel.events.wait(is_end, deadline, self._since)
        if event is None:
            if self._channel.gone:
                raise self._channel.gone_problem(f"while {self.name!r} ran in it")
            return None
        return _ended(event)

    def kill(self, signal: int = signals.SIGKILL, *, tree: bool = False) -> tuple[int, ...]:
        """Signal it, and with `tree` all that came from it; the pids that got the signal."""
        answer = self._channel.request(
            wire.Do.KILL, {"name": self.name, "signal": int(signal), "tree": tree}
        )
        return tuple(answer["pids"])

    def lines(self) -> tuple[tuple[float, str], ...]:
        """The lines that it wrote so far, each with the instant at which it was read.

        Only of a process that was spawned with `lines`.
        """
        found: list[tuple[float, str]] = []
        for event in self._channel.events.named(wire.Event.LINES, since=self._since):
            if event.data["name"] == self.name:
                found.extend((float(at), str(text)) for at, text in event.data["lines"])
        return tuple(found)

    def wait_line(self, predicate: Callable[[str], bool], deadline: float) -> str | None:
        """The first line that fulfils `predicate`; None at the deadline or after the end."""
        until = time.monotonic() + deadline
        position = self._since
        while True:
            seen = len(self._channel.events)
            for event in self._channel.events.since(position)[: seen - position]:
                if event.name == wire.Event.LINES and event.data["name"] == self.name:
                    for _, text in event.data["lines"]:
                        if predicate(str(text)):
                            return str(text)
            position = seen
            if self.ended is not None:
                return None
            left = until - time.monotonic()
            if left <= 0 or self._channel.events.wait(lambda _: True, left, position) is None:
                return None

    def _is_mine(self, event: Event) -> bool:
        return bool(event.data["name"] == self.name and event.data["pid"] == self.pid)


def _ended(event: Event) -> Ended:
    data = event.data
    return Ended(event.t, data["exit"], data["signal"], wire.unpack(data["tail_b64"]))
