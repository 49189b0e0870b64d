"""The host's side of the snapshot command: takes, fails or hangs as the situation says."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import TracebackType

from harness.history import Snapshot
from harness.machines.guest import Guest, SnapshotRequest
from harness.machines.host import Host
from harness.problem import Problem
from harness.targets.situation import APART, SLOW, Situation

#: A call that is being served when the service ends gets this long to be answered, in seconds.
_LAST_CALL = 60.0


class SnapshotService:
    """Answers one guest's snapshot calls while it is entered; `taken` is the record of the calls.

    Calls are served one after another, on the guest's own thread for them.
    """

    def __init__(self, host: Host, guest: Guest, situation: Situation, run: str) -> None:
        self._host = host
        self._guest = guest
        self._situation = situation
        self._run = run
        self._stop = threading.Event()
        self._serving = threading.Lock()
        self._record: list[Snapshot] = []
        self._problem: Problem | None = None

    @property
    def taken(self) -> tuple[Snapshot, ...]:
        """The calls so far, in order; complete once the service was left."""
        return tuple(self._record)

    def __enter__(self) -> SnapshotService:
        self._guest.on_snapshot = self._serve
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._guest.on_snapshot = None
        self._stop.set()
        if self._serving.acquire(timeout=_LAST_CALL):
            self._serving.release()

    def raise_problem(self) -> None:
        """Raise the Problem that a machine had while a call was served."""
        if self._problem is not None:
            raise self._problem

    def _serve(self, call: SnapshotRequest) -> None:
        with self._serving:
            try:
                self._handle(call)
            except Problem as problem:
                self._problem = self._problem or problem

    def _handle(self, call: SnapshotRequest) -> None:
        if call.args == ("discard",):
            self._discard(call)
            return
        number = len(self._record) + 1
        answers = self._situation.snapshots
        answer = answers[min(number, len(answers)) - 1]
        snapshot = Snapshot(number, call.at, None, None, arguments=call.args)
        if self._stop.is_set() or (answer == "slow" and self._stop.wait(SLOW)):
            self._record.append(snapshot)
            return
        # Also where it is to fail or hang: what the host sees of each disk then proves a freeze
        # that is shorter than the sampling. That set is none: nobody is told of it.
        apart = APART if answer == "apart" else None
        taken = self._host.snapshot(self._guest, f"{self._run}-{number}", apart)
        snapshot = replace(snapshot, disks=taken.disks)
        if answer in ("take", "slow", "apart"):
            snapshot = replace(
                snapshot, set_id=taken.id, taken_from=taken.taken_from, taken_to=taken.taken_to
            )
        else:
            self._host.forget(taken.id)
        if answer != "hang":
            status = 1 if answer == "fail" else 0
            self._guest.answer(call.number, status)
            snapshot = replace(snapshot, answered=self._guest.now(), answer=status)
        self._record.append(snapshot)

    def _discard(self, call: SnapshotRequest) -> None:
        """The set is kept for the oracles, only marked: they judge what was taken."""
        for index in range(len(self._record) - 1, -1, -1):
            if self._record[index].set_id is not None:
                self._record[index] = replace(self._record[index], discarded=call.at)
                break
        self._guest.answer(call.number, 0)
