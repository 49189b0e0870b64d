"""Which actions of a plan are due at which call."""

from __future__ import annotations

from harness.machines.agent.triggers import Plan, describe

KILL = {"kill": "executor", "signal": 9}


def test_a_file_is_matched_by_its_path_and_once() -> None:
    plan = Plan([{"when": {"opened": "/etc/a"}, "do": [KILL]}])
    assert plan.watched_paths() == ["/etc/a"]
    assert plan.due(plan.opened("/etc/b")) == []
    assert plan.due(plan.ask("/etc/a")) == []
    assert plan.due(plan.opened("/etc/a")) == [KILL]
    assert plan.watched_paths() == []


def test_a_script_s_start_is_matched_once() -> None:
    plan = Plan([{"when": {"started": "post"}, "do": [KILL]}])
    assert plan.due(plan.started("pre")) == []
    assert plan.due(plan.opened("post")) == []
    assert plan.due(plan.started("post")) == [KILL]
    assert plan.due(plan.started("post")) == []


def test_actions_in_words() -> None:
    assert describe({"await": "second"}) == "await second"
    assert describe({"kill": "children of executor"}) == "kill children of executor"
