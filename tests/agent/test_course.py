"""Freezes out of samples, and triggers out of a plan: the pure judgements of the agents."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.machines.agent.freezewatch import Course
from harness.machines.agent.triggers import Plan, describe
from harness.machines.agent.wire import Event


def _told(samples: list[bool], long: float = 0.25) -> list[tuple[str, dict[str, Any]]]:
    course = Course()
    told = [course.sample(at, at + long, frozen) for at, frozen in enumerate(samples)]
    return [event for event in told if event is not None]


def test_a_freeze_is_bounded_by_the_samples_around_it() -> None:
    assert _told([False, True, True, False]) == [
        (Event.FROZEN, {"thawed_before": 0, "first": 1.25}),
        (Event.THAWED, {"last": 2, "thawed_after": 3.25, "rescued": False}),
    ]


def test_frozen_since_the_watch_began() -> None:
    assert _told([True]) == [(Event.FROZEN, {"thawed_before": None, "first": 0.25})]


def test_a_rescue_is_told_with_the_freeze_that_it_ended_and_with_no_other() -> None:
    course = Course()
    course.sample(0, 0, True)
    course.rescue()
    assert course.sample(1, 1, False) == (
        Event.THAWED,
        {"last": 0, "thawed_after": 1, "rescued": True},
    )
    course.sample(2, 2, True)
    ended = course.sample(3, 3, False)
    assert ended is not None
    assert ended[1]["rescued"] is False


@given(st.lists(st.booleans(), max_size=40))
def test_every_change_is_told_once_and_the_bounds_enclose_it(samples: list[bool]) -> None:
    told = _told(samples)
    changes = sum(a != b for a, b in zip([False, *samples], samples, strict=False))
    assert len(told) == changes
    assert [name for name, _ in told] == [Event.FROZEN, Event.THAWED] * (changes // 2) + [
        Event.FROZEN
    ] * (changes % 2)
    for (_, frozen), (_, thawed) in zip(told[::2], told[1::2], strict=False):
        if frozen["thawed_before"] is not None:
            assert frozen["thawed_before"] < frozen["first"]
        assert thawed["last"] < thawed["thawed_after"]
        assert frozen["first"] < thawed["thawed_after"]


_KILL = {"kill": "executor", "signal": 9}
_FREEZE = {"freeze": "/data"}


def test_a_trigger_goes_off_once_at_its_mark_and_its_attempt() -> None:
    plan = Plan([{"when": {"mark": ["pre", "start"], "attempt": 2}, "do": [_KILL]}])
    assert plan.due(plan.mark("pre", "start")) == []
    assert plan.due(plan.mark("post", "start")) == []
    second = plan.mark("pre", "start")
    assert second.number == 2
    assert plan.due(second) == [_KILL]
    assert plan.due(second) == []


def test_marks_that_are_no_start_belong_to_the_attempt_under_way() -> None:
    plan = Plan([{"when": {"mark": ["pre", "middle"], "attempt": 2}, "do": [_KILL]}])
    plan.mark("pre", "start")
    assert plan.due(plan.mark("pre", "middle")) == []
    plan.mark("pre", "start")
    assert plan.due(plan.mark("pre", "middle")) == [_KILL]


def test_a_mark_without_a_start_has_no_attempt() -> None:
    assert Plan().mark("pre", "end").number == 0


def test_several_triggers_at_one_mark_act_in_the_order_of_the_plan() -> None:
    when = {"mark": ["pre", "end"]}
    plan = Plan([{"when": when, "do": [_FREEZE]}, {"when": when, "do": [_KILL]}])
    assert plan.due(plan.mark("pre", "end")) == [_FREEZE, _KILL]


def test_a_snapshot_request_by_its_number() -> None:
    plan = Plan(
        [
            {"when": {"request": "snapshot", "number": 2}, "do": [_KILL]},
            {"when": {"request": "snapshot"}, "do": [_FREEZE]},
        ]
    )
    assert plan.due(plan.request()) == [_FREEZE]
    assert plan.due(plan.request()) == [_KILL]


def test_what_a_script_asks_for_it_may_ask_for_again() -> None:
    plan = Plan([{"when": {"ask": "freeze-data"}, "do": [_FREEZE]}])
    assert plan.due(plan.ask("other")) == []
    assert plan.due(plan.ask("freeze-data")) == [_FREEZE]
    assert plan.due(plan.ask("freeze-data")) == [_FREEZE]


def test_actions_in_words() -> None:
    assert describe(_KILL) == "kill executor"
    assert describe(_FREEZE) == "freeze /data"
    assert describe({"put": [{"path": "/a"}, {"path": "/b"}]}) == "put /a /b"
    assert describe({"explode": 1}) == "unknown action explode"
