"""The host's side of the snapshot command: takes, fails or hangs as the situation says."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any

from harness.history import Instant, Snapshot
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.problem import Problem
from harness.targets.situation import Situation


class SnapshotService:
    """Answers one guest's snapshot calls while it is open; `taken` is the record of the calls."""

    def __init__(self, host: Host, guest: Guest, situation: Situation, run: str) -> None:
        self._host = host
        self._guest = guest
        self._situation = situation
        self._run = run
        self._calls: queue.SimpleQueue[tuple[Instant, dict[str, Any]] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._record: list[Snapshot] = []
        self._problem: Problem | None = None
        self._thread = threading.Thread(target=self._serve, name=f"snapshots-{run}", daemon=True)

    @property
    def taken(self) -> tuple[Snapshot, ...]:
        """The calls so far, in order; complete once the service is closed."""
        return tuple(self._record)

    def __enter__(self) -> SnapshotService:
        self._guest.on_snapshot = lambda at, call: self._calls.put((at, call))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_serving()

    def close(self) -> None:
        """End the service; raises the Problem that a machine had while it served."""
        self._stop_serving()
        if self._problem is not None:
            raise self._problem

    def _stop_serving(self) -> None:
        self._guest.on_snapshot = None
        self._stop.set()
        self._calls.put(None)
        self._thread.join(timeout=60)

    def _serve(self) -> None:
        while (item := self._calls.get()) is not None:
            try:
                self._handle(*item)
            except Problem as problem:
                self._problem = problem
                return

    def _handle(self, at: Instant, call: dict[str, Any]) -> None:
        if call["args"] == ["discard"]:
            self._discard(at, call["request"])
            return
        number = sum(1 for _ in self._record) + 1
        answers = self._situation.snapshots
        answer = answers[min(number, len(answers)) - 1]
        snapshot = Snapshot(number, at, None, None)
        if self._stop.wait(self._situation.snapshot_delay):
            self._record.append(snapshot)
            return
        if answer == "take":
            set_id = f"{self._run}-{number}"
            facts = self._host.snapshot(self._guest, set_id)
            snapshot = replace(
                snapshot,
                set_id=set_id,
                taken_from=facts.taken_from,
                taken_to=facts.taken_to,
                disks=facts.disks,
            )
        if answer != "hang":
            status = 0 if answer == "take" else 1
            self._guest.answer(call["request"], status)
            snapshot = replace(snapshot, answered=self._guest.now(), answer=status)
        self._record.append(snapshot)

    def _discard(self, at: Instant, request: int) -> None:
        """The set is kept for the oracles, only marked: they judge what was taken."""
        for index in range(len(self._record) - 1, -1, -1):
            if self._record[index].set_id is not None:
                self._record[index] = replace(self._record[index], discarded=at)
                break
        self._guest.answer(request, 0)
