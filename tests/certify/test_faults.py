"""Level 4's faults: the matrix, the instants that the seed draws, what they met. No Docker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.certify.faults import (
    CHOSEN,
    FILLED,
    PHASES,
    Fault,
    beginnings,
    draw,
    landed,
    planned,
    trigger,
    usual_spans,
)
from harness.history import ExecutorEnd, FreezeCall, History, ScriptRun
from harness.history import Fault as Injected

from .test_rounds import history

USUAL = {"pre": 0.2, "freeze": 0.05, "snapshot": 0.1, "thaw": 0.02, "post": 0.3}
KILLS = [fault for fault in planned(10) if fault.victim == "executor"]
PRE_KILLED = next(fault for fault in CHOSEN if fault.victim == "pre")


def quiesced(**changes: object) -> History:
    """The run of test_rounds, with the calls that froze and thawed its disk."""
    calls = (
        FreezeCall(10.09, "freeze", "data", 7, True),
        FreezeCall(10.3, "thaw", "data", 7, True),
    )
    return history(**{"freeze_calls": calls, **changes})  # type: ignore[arg-type]


def test_as_many_kills_as_rounds_and_one_of_each_other_fault() -> None:
    faults = planned(3)
    assert sum(fault.victim == "executor" for fault in faults) == 3
    assert faults[3:] == CHOSEN
    assert len({fault.name for fault in faults}) == len(faults)


def test_five_kills_meet_five_phases() -> None:
    for five in (KILLS[:5], KILLS[5:]):
        drawn = [draw(fault, 7, USUAL) for fault in five]
        assert {instant.phase for instant in drawn if instant} == set(PHASES)


def test_the_same_seed_draws_the_same_instants() -> None:
    first, again, other = ([draw(f, seed, USUAL) for f in KILLS] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_an_instant_lies_within_its_phase_and_moves_with_its_length() -> None:
    for fault in planned(10):
        instant = draw(fault, 3, USUAL)
        if instant is None:
            continue
        assert 0 <= instant.after < USUAL[instant.phase]
        slower = draw(fault, 3, {phase: 3 * span for phase, span in USUAL.items()})
        assert slower is not None
        assert slower.after == pytest.approx(3 * instant.after)


def test_what_came_too_late_comes_in_half_the_time() -> None:
    first, again = draw(PRE_KILLED, 5, USUAL), draw(PRE_KILLED, 5, USUAL, again=1)
    assert first is not None
    assert again is not None
    assert again.after == pytest.approx(first.after / 2)


def test_a_phase_that_is_too_short_to_be_met_gives_way_to_the_longest() -> None:
    fills = next(fault for fault in CHOSEN if fault.name == "disk-fills")
    usual = {"pre": 0.2, "post": 0.02}
    seed = next(s for s in range(9) if (drawn := draw(fills, s, usual)) and drawn.phase == "post")
    phases = [instant.phase for n in range(4) if (instant := draw(fills, seed, usual, again=n))]
    assert phases == ["post", "post", "pre", "pre"]


def test_a_phase_that_a_run_does_not_have_is_not_drawn() -> None:
    no_freeze = {phase: span for phase, span in USUAL.items() if phase in ("pre", "post")}
    drawn = [draw(fault, 1, no_freeze) for fault in KILLS]
    assert {instant.phase for instant in drawn if instant} == {"pre", "post"}


def test_a_chosen_fault_has_no_instant() -> None:
    assert draw(CHOSEN[0], 1, USUAL) is None


def test_scripts_get_one_signal_or_the_other() -> None:
    drawn = {draw(PRE_KILLED, seed, USUAL) for seed in range(20)}
    assert {instant.signal for instant in drawn if instant} == {9, 15}


@pytest.mark.parametrize(
    "fault", [f for f in planned(5) if f.victim != "disk"], ids=lambda f: f.name
)
def test_who_is_killed_and_when(fault: Fault) -> None:
    instant = draw(fault, 1, USUAL)
    if instant is None:
        return
    told = trigger(fault, instant)
    assert told is not None
    (action,) = told["do"]
    assert action["after"] == instant.after
    assert action["kill"] == ("executor" if fault.victim == "executor" else "caller")


def test_the_phases_of_a_run_follow_one_another() -> None:
    begun = beginnings(quiesced())
    assert tuple(begun) == PHASES
    assert list(begun.values()) == sorted(begun.values())
    spans = usual_spans(quiesced())
    assert spans["pre"] == pytest.approx(10.09 - 9.9)
    assert spans["post"] == pytest.approx(10.9 - 10.4)
    assert sum(spans.values()) == pytest.approx(10.9 - 9.9)


def test_a_run_without_a_freeze_has_no_phase_of_one() -> None:
    assert set(usual_spans(history())) == {"pre", "snapshot", "post"}


def test_whether_a_kill_met_the_executor() -> None:
    kill = KILLS[0]
    assert not landed(kill, quiesced())
    killed = ExecutorEnd(9.5, 10.0, None, 9, killed=10.0)
    assert landed(kill, quiesced(end=killed))
    assert not landed(kill, quiesced(end=replace(killed, hung=True, killed=None)))


def test_whether_a_kill_met_the_script() -> None:
    early, late = Injected(9.95, "kill caller"), Injected(10.05, "kill caller")
    assert landed(PRE_KILLED, quiesced(faults=(early,)))
    assert not landed(PRE_KILLED, quiesced(faults=(late,)))
    assert not landed(PRE_KILLED, quiesced())
    again = (ScriptRun("pre", 5, 9.9, 9.96), ScriptRun("pre", 8, 9.97, 10.5))
    assert not landed(PRE_KILLED, quiesced(faults=(late,), script_runs=again)), "the next attempt"


def test_whether_the_disks_were_filled_in_time() -> None:
    fills = next(fault for fault in CHOSEN if fault.name == "disk-fills")
    assert landed(fills, quiesced(faults=(Injected(10.8, FILLED),)))
    assert not landed(fills, quiesced(faults=(Injected(10.95, FILLED),)))
