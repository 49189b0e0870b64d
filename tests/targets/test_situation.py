"""What a situation grants, and when its faults happen."""

from __future__ import annotations

from harness.targets.situation import (
    FREEZE_BOUND,
    KILL,
    SEEN_FROZEN,
    Situation,
    when_asked,
)


def test_a_short_bound_binds_only_who_heeds_it() -> None:
    assert Situation(freeze_bound=2.0, heeds_bound=True).bound == 2.0
    assert Situation(freeze_bound=2.0).bound == FREEZE_BOUND
    assert Situation(heeds_bound=True).bound == FREEZE_BOUND


def test_the_deadline_grants_the_bound_that_binds() -> None:
    heeded = Situation(freeze_bound=2.0, heeds_bound=True).contract_deadline()
    assert Situation(freeze_bound=2.0).contract_deadline() == heeded + FREEZE_BOUND - 2.0


def test_a_kill_while_frozen_leaves_the_watch_time_to_see_it() -> None:
    assert when_asked(1, [KILL])["do"] == [{"delay": SEEN_FROZEN}, KILL]
    assert when_asked(2, [{"thaw": "/data"}])["do"] == [{"thaw": "/data"}]
