"""In which order faults are told and done."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from harness.machines.agent.faults import Faults
from harness.machines.agent.problem import AgentProblem

CALLER = 77
KILL = {"kill": "executor", "signal": 9}


def carried_out(
    *actions: dict[str, Any], refused: bool = False
) -> tuple[bool, list[tuple[str, ...]]]:
    """Whether all could be done; and what was told and done, in order."""
    log: list[tuple[str, ...]] = []
    done = threading.Event()

    def emit(_: str, facts: dict[str, Any]) -> None:
        log.append(("told", facts["what"], facts["problem"]))

    def kill(target: str | int, number: int, tree: bool) -> list[int]:
        if refused:
            raise AgentProblem("no-such-process", "nothing was started under this name", "")
        log.append(("killed" if number == signal.SIGKILL else "resumed", str(target)))
        done.set()
        return [5]

    def put(files: list[dict[str, Any]]) -> None:
        log.append(("put", files[0]["path"]))

    faults = Faults(
        emit=emit,
        kill=kill,
        own_disk=lambda _: False,
        put=put,
        mount=lambda disk: log.append(("mounted", disk)),
        unmount=lambda disk: log.append(("unmounted", disk)),
    )
    good = faults.carry_out(actions, CALLER)
    if any("resume" in action for action in actions):
        assert done.wait(10)
    return good, log


def test_a_kill_is_told_before_it_is_done() -> None:
    good, log = carried_out(KILL)
    assert good
    assert log == [("told", "kill executor", ""), ("killed", "executor")]


def test_what_was_stopped_is_resumed_later() -> None:
    good, log = carried_out({"resume": "executor", "after": 0.05}, {"put": [{"path": "/a"}]})
    assert good
    assert log[0] == ("put", "/a"), "nobody waits for it"
    assert log.index(("told", "put /a", "")) < log.index(("resumed", "executor"))


def test_a_thaw_is_told_before_it_is_done() -> None:
    good, log = carried_out({"thaw": "/"})
    assert not good, "/ is on none of the guest's disks"
    assert log[0] == ("told", "thaw /", "")
    assert log[1][2], "and told again with its problem"


def test_other_faults_are_told_when_they_have_taken_effect() -> None:
    _, log = carried_out({"put": [{"path": "/a"}]})
    assert log == [("put", "/a"), ("told", "put /a", "")]


def test_a_kill_that_could_not_be_done_is_told_again_with_its_problem() -> None:
    good, log = carried_out(KILL, refused=True)
    assert not good
    assert log[-1] == ("told", "kill executor", "nothing was started under this name")


@pytest.mark.parametrize("target", ["caller", 42])
def test_whom_a_kill_hits(target: str | int) -> None:
    _, log = carried_out({"kill": target})
    assert log[-1] == ("killed", "77" if target == "caller" else "42")


def test_disks_are_mounted_and_unmounted_by_name() -> None:
    good, log = carried_out({"unmount": "log"}, {"mount": "log"})
    assert good
    assert [line for line in log if line[0] != "told"] == [("unmounted", "log"), ("mounted", "log")]


def test_a_refusal_is_told_and_left_to_whom_the_call_waits_for() -> None:
    assert carried_out({"refuse": 5}) == (True, [("told", "refuse 5", "")])


def test_what_comes_after_some_time_is_waited_for_by_nobody() -> None:
    good, log = carried_out({**KILL, "after": 3600})
    assert good
    assert log == []


def test_an_action_waits_for_its_word() -> None:
    log: list[str] = []

    def kill(target: str | int, _number: int, _tree: bool) -> list[int]:
        log.append(f"killed {target}")
        return []

    faults = Faults(
        emit=lambda _, facts: log.append(facts["what"]),
        kill=kill,
        own_disk=lambda _: False,
        put=lambda _: None,
        mount=lambda _: None,
        unmount=lambda _: None,
    )
    faults.say("go")
    assert faults.carry_out([{"await": "go"}, KILL], CALLER)
    assert log == ["await go", "kill executor", "killed executor"]


def test_what_was_to_come_later_is_forgotten_with_its_plan() -> None:
    killed: list[str | int] = []
    done = threading.Event()

    def kill(target: str | int, _number: int, _tree: bool) -> list[int]:
        killed.append(target)
        done.set()
        return []

    faults = Faults(
        emit=lambda *_: None,
        kill=kill,
        own_disk=lambda _: False,
        put=lambda _: None,
        mount=lambda _: None,
        unmount=lambda _: None,
    )
    faults.carry_out([{**KILL, "after": 0.05}], CALLER)
    faults.forget_later()
    faults.carry_out([{"kill": 42, "after": 0.1}], CALLER)
    assert done.wait(10)
    assert killed == [42]
