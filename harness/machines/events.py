"""What the agents report of their own accord, in order, with a wait for the next one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event of an agent; `t` is CLOCK_MONOTONIC of the engine's kernel, where it happened."""

    name: str
    t: float
    data: Mapping[str, Any] = field(default_factory=dict)


class EventLog:
    """All events of one machine since it started; safe to read while events arrive."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._closed = False

    def __iter__(self) -> Iterator[Event]:
        return iter(self.since(0))

    def __len__(self) -> int:
        with self._changed:
            return len(self._events)

    def since(self, position: int) -> tuple[Event, ...]:
        """The events from `position` on; `len(log)` taken earlier is such a position."""
        with self._changed:
            return tuple(self._events[position:])

    def named(self, *names: str, since: int = 0) -> tuple[Event, ...]:
        """The events of these names, in order."""
        return tuple(event for event in self.since(since) if event.name in names)

    def append(self, event: Event) -> None:
        """Add one event and wake those who wait."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def close(self) -> None:
        """No event will come any more: waits return at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(
        self, predicate: Callable[[Event], bool], deadline: float, since: int = 0
    ) -> Event | None:
        """The first event from position `since` on that fulfils `predicate`.

        Waits at most `deadline` seconds for one; None where none came, or none can come because
        the machine is gone.
        """
        until = time.monotonic() + deadline
        position = since
        while True:
            with self._changed:
                while len(self._events) <= position:
                    left = until - time.monotonic()
                    if self._closed or left <= 0:
                        return None
                    self._changed.wait(left)
                fresh = self._events[position:]
            for event in fresh:
                position += 1
                if predicate(event):
                    return event
