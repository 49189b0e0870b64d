"""The duty of a container's main process: to reap what others orphaned.

What the agent started itself (the launcher; a host's tools) is never reaped here before its status
was noted for whoever waits for it.
"""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Reaper:
    """Reaps every child of this process, and keeps the statuses that somebody waits for."""

    def __init__(self, orphan: Callable[[int, int], None] | None = None) -> None:
        self._orphan = orphan
        self._changed = threading.Condition()
        self._awaited: dict[int, int | None] = {}

    def start(self) -> None:
        """Begin; from now on nobody else may call wait."""
        threading.Thread(target=self._reap, name="reaper", daemon=True).start()

    def begin(self, start: Callable[[], int]) -> int:
        """Start a process whose status is wanted; `start` returns its pid."""
        with self._changed:
            pid = start()
            self._awaited[pid] = None
            self._changed.notify_all()
            return pid

    def status(self, pid: int, seconds: float) -> int | None:
        """The wait status of a process of `begin`, once; None where it runs on."""
        with self._changed:
            self._changed.wait_for(lambda: self._awaited[pid] is not None, timeout=seconds)
            found = self._awaited[pid]
            if found is not None:
                del self._awaited[pid]
            return found

    def wait_for_change(self, seconds: float) -> None:
        """Wait until something was reaped."""
        with self._changed:
            self._changed.wait(seconds)

    def _reap(self) -> None:
        while True:
            try:
                # Only look: the status is taken under the lock, when `begin` is through.
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                with self._changed:
                    # Orphans of what an engine's exec brought in come without a `begin`.
                    self._changed.wait(1.0)
                continue
            with self._changed:
                pid, status = os.waitpid(-1, os.WNOHANG)
                awaited = pid in self._awaited
                if awaited:
                    self._awaited[pid] = status
                self._changed.notify_all()
            if pid and not awaited and self._orphan is not None:
                self._orphan(pid, status)


def wait_until(holds: Callable[[], bool], seconds: float, step: float = 0.005) -> bool:
    """Poll for what the kernel has no event for; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= deadline:
            return False
        time.sleep(step)
    return True
