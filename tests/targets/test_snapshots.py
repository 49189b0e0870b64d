"""The record of the snapshot command: what it answers, and what the host saw at each call."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from harness.history import DiskAtSnapshot
from harness.machines.guest import Guest, SnapshotRequest
from harness.machines.host import Host
from harness.machines.snapshots import SnapshotSet
from harness.targets.situation import APART, SLOW, Situation, SnapshotAnswer
from harness.targets.snapshots import SnapshotService

FROZEN = DiskAtSnapshot(True, True, 5, 5, 0, 0)


class _Guest:
    def __init__(self) -> None:
        self.on_snapshot: object = None
        self.answers: list[tuple[int, int]] = []

    def answer(self, number: int, status: int) -> None:
        self.answers.append((number, status))

    def now(self) -> float:
        return 3.0


class _Host:
    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.apart: float | None = None

    def snapshot(self, _: Guest, name: str, apart: float | None = None) -> SnapshotSet:
        self.apart = apart
        return SnapshotSet(name, 2.0, 2.1, {"data": FROZEN})

    def forget(self, name: str) -> None:
        self.forgotten.append(name)


@pytest.mark.parametrize(
    ("answer", "status", "set_id", "forgotten"),
    [
        ("take", 0, "r-1", []),
        ("slow", 0, "r-1", []),
        ("apart", 0, "r-1", []),
        ("fail", 1, None, ["r-1"]),
        ("hang", None, None, ["r-1"]),
    ],
)
def test_what_the_host_saw_is_kept_whatever_the_answer(
    answer: SnapshotAnswer, status: int | None, set_id: str | None, forgotten: list[str]
) -> None:
    host, guest = _Host(), _Guest()
    situation = Situation(snapshots=(answer,))
    service = SnapshotService(cast(Host, host), cast(Guest, guest), situation, "r")
    with service:
        service._serve(SnapshotRequest(4, 1.0, 99, ()))
    service.raise_problem()
    (call,) = service.taken
    assert (call.requested, call.answer, call.set_id) == (1.0, status, set_id)
    assert call.disks == {"data": FROZEN}
    assert host.forgotten == forgotten
    assert host.apart == (APART if answer == "apart" else None)
    assert guest.answers == ([] if status is None else [(4, status)])


def test_a_slow_set_that_nobody_waits_for_any_more_is_not_taken() -> None:
    host, guest = _Host(), _Guest()
    situation = Situation(snapshots=("slow",))
    service = SnapshotService(cast(Host, host), cast(Guest, guest), situation, "r")
    with service:
        serving = threading.Thread(
            target=service._serve, args=(SnapshotRequest(4, 1.0, 99, ()),), daemon=True
        )
        serving.start()
    serving.join(SLOW / 2)
    (call,) = service.taken
    assert (call.answer, call.answered, call.set_id) == (None, None, None)
    assert guest.answers == []
