"""In which order faults are told and done."""

from __future__ import annotations

import signal
import threading
from typing import Any, cast

import pytest

from harness.machines.agent.faults import Faults
from harness.machines.agent.helpers import Call
from harness.machines.agent.problem import AgentProblem

KILL = {"kill": "executor", "signal": 9}


class _Caller:
    parent = 77


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

    faults = Faults(emit, kill, lambda _: False, put)
    good = faults.carry_out(actions, cast(Call, _Caller()))
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
    assert log[0] == ("told", "resume executor", "")
    assert log[1] == ("put", "/a"), "nobody waits for it"
    assert log[-1] == ("resumed", "executor")


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
