"""Guests made ahead of their use: one that is ready hides the engine's start-up time."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.machines.layout import Layout
from harness.problem import Problem

if TYPE_CHECKING:
    from harness.machines.guest import Guest

#: How many are made at once: the engine starts one container after another anyway.
_AT_ONCE = 2


class Ahead:
    """Queues of guests under way, by layout."""

    def __init__(self, build: Callable[[Layout], Guest]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._queues: dict[Layout, deque[Future[Guest]]] = defaultdict(deque)
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    def start(self, layout: Layout) -> None:
        """Begin to make one of this layout; nothing after `close`."""
        with self._lock:
            if self._closed:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="guests ahead")
            self._queues[layout].append(self._pool.submit(self._build, layout))

    def take(self, layout: Layout) -> Guest | None:
        """The oldest of this layout, waiting until it is ready; None where none was begun.

        Raises what its making raised.
        """
        with self._lock:
            waiting = self._queues.get(layout)
            future = waiting.popleft() if waiting else None
        if future is None:
            return None
        guest = future.result()
        if guest.gone:
            # It ended while it waited for its use: give its disks back, make another.
            with contextlib.suppress(Problem):
                guest.close()
            return None
        return guest

    def close(self) -> tuple[Guest, ...]:
        """Make no more; the guests that nobody took, for the caller to close."""
        with self._lock:
            self._closed = True
            futures = [future for waiting in self._queues.values() for future in waiting]
            self._queues.clear()
            pool, self._pool = self._pool, None
        left = []
        for future in futures:
            if not future.cancel():
                try:
                    left.append(future.result())
                except Problem:
                    continue  # it was never used, and its making left nothing
        if pool is not None:
            pool.shutdown()
        return tuple(left)
