"""Parts of the watch over freezes that need no container."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from harness.machines.agent import programs, stopped
from harness.machines.agent.blocked import LASTING, Suspects
from harness.machines.agent.triggers import Plan, describe

DAY = 86400 * 1_000_000_000
WRITER, OTHER = (10, 10, 500), (11, 12, 600)


def test_structures_and_numbers_are_the_kernels() -> None:
    assert stopped._NOTICE.size == 80
    assert stopped._ANSWER.size == 24
    assert (stopped._RECEIVE, stopped._SEND) == (0xC0502100, 0xC0182101)
    assert struct.calcsize("=iI") == programs._ANSWER.size == 8


def test_a_stopped_call_tells_who_asks_for_what() -> None:
    told = stopped._NOTICE.pack(7, 42, 0, 16, 0xC000003E, 0, 3, 1 << 32 | 0xC0045877, *[0] * 4)
    call = stopped.Stopped(-1, told)
    assert (call.thread, call.descriptor, call.request) == (42, 3, 0xC0045877)


def test_who_waits_for_long_is_told_once() -> None:
    suspects = Suspects()
    assert suspects.look([WRITER], 1.0) == []
    assert suspects.open
    assert suspects.look([WRITER, OTHER], 1.0 + LASTING) == [(WRITER, 1.0)]
    assert suspects.open, "the other one has only begun to wait"
    assert suspects.look([WRITER, OTHER], 1.2 + LASTING) == []
    assert suspects.look([WRITER], 3.0) == []
    assert not suspects.open


def test_who_waits_again_after_a_pause_is_no_suspect_yet() -> None:
    suspects = Suspects()
    suspects.look([WRITER], 1.0)
    suspects.look([], 1.1)
    assert not suspects.open
    assert suspects.look([WRITER], 1.0 + LASTING) == []


@pytest.mark.parametrize(
    ("access", "change", "status", "due"),
    [
        (5, 4, 4, False),
        (5, 5, 4, True),
        (5, 4, 5, True),
        (5, 6, 4, True),
        (5, 4, 6, True),
    ],
    ids=["read since", "same instant", "same instant status", "changed since", "status since"],
)
def test_an_access_time_is_due_after_a_change(
    access: int, change: int, status: int, due: bool
) -> None:
    assert programs.relatime_due(access, change, status, now=6) == due


def test_an_access_time_is_due_after_a_day() -> None:
    assert not programs.relatime_due(5, 4, 4, now=4 + DAY)
    assert programs.relatime_due(5, 4, 4, now=5 + DAY)


@pytest.mark.parametrize(
    ("when", "gone_off"),
    [
        ({"call": "freeze"}, [1]),
        ({"call": "freeze", "number": 2}, [2]),
        ({"call": "freeze", "disk": "data"}, [2]),
        ({"call": "freeze", "disk": "data", "number": 1}, []),
        ({"call": "thaw"}, [3]),
        ({"call": "thaw", "number": 2}, [4]),
    ],
    ids=str,
)
def test_a_trigger_at_a_call_goes_off_once(when: dict[str, Any], gone_off: list[int]) -> None:
    plan = Plan([{"when": when, "do": [{"event": "here"}]}])
    calls = [("freeze", "log"), ("freeze", "data"), ("thaw", "data"), ("thaw", "log")]
    found = [at for at, call in enumerate(calls, 1) if plan.due(plan.freeze_call(*call))]
    assert found == gone_off


def test_actions_at_a_call_have_words() -> None:
    assert describe({"refuse": 5}) == "refuse 5"
    assert describe({"unmount": "log"}) == "unmount log"
    assert describe({"mount": "log"}) == "mount log"
