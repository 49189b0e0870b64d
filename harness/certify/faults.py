"""Level 4's faults, as data: what goes wrong in a backup, and at which instant.

An instant that is left to chance is drawn by the seed: a phase of the run, and a fraction of the
time which that phase usually takes here, measured in a backup before. So the same seed gives the
same instants again on a machine of another speed. Over the rounds each phase has its turn: the
freeze and the snapshot are short, and chance alone would rarely meet them.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from harness.history import History
from harness.oracles.freezing import own_calls
from harness.oracles.instants import first_start, post_start
from harness.targets.situation import SnapshotAnswer, at_call, when_started

#: The phases of a run in which a fault may come, each until the next one begins.
Phase = Literal["pre", "freeze", "snapshot", "thaw", "post"]
PHASES: tuple[Phase, ...] = get_args(Phase)

#: What begins with each phase, for a person.
BEGINS: Mapping[Phase, str] = {
    "pre": "the pre-script was started",
    "freeze": "the first freeze was asked for",
    "snapshot": "the snapshot was asked for",
    "thaw": "the first thaw was asked for",
    "post": "the post-script was started",
}

#: FRZ-03's bound where the snapshot hangs, in seconds, for an executor that heeds a shorter one.
SHORT_BOUND = 2.0

#: How a history tells that the disks were filled.
FILLED = "fill disks"

Victim = Literal["executor", "pre", "post", "disk"]

#: The process that fills the disks, once it gets its signal.
FILLER = "filler"
#: Who gets the signal of a fault, in the words of the agent's plan.
_SIGNALLED: Mapping[Victim, str] = {
    "executor": "executor",
    "pre": "caller",
    "post": "caller",
    "disk": FILLER,
}
#: From these signals one is drawn.
_SIGNALS: Mapping[Victim, tuple[signal.Signals, ...]] = {
    "executor": (signal.SIGKILL,),
    "pre": (signal.SIGKILL, signal.SIGTERM),
    "post": (signal.SIGKILL, signal.SIGTERM),
    "disk": (signal.SIGTERM,),
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong in one fault round.

    `name` is the round's own word; `number` counts the rounds of one kind from 1. `victim` is
    killed, or the disks that are filled; None where only the snapshot command misbehaves.
    `snapshots` are its answers. `phases` are those in which the instant may lie that is drawn;
    none: at the start.
    """

    name: str
    text: str
    victim: Victim | None = None
    snapshots: tuple[SnapshotAnswer, ...] = ("take",)
    freeze_bound: float | None = None
    phases: tuple[Phase, ...] = ()
    number: int = 1

    @property
    def refused(self) -> bool:
        """Whether the snapshot command takes no set."""
        return self.snapshots[-1] in ("fail", "hang")


#: After so many tries in vain a phase is taken for too short to be met.
_GIVEN_UP = 2

#: One round of each; the kills of the executor come besides, as many as rounds are asked for.
CHOSEN = (
    Fault("snapshot-fails", "the snapshot command fails", snapshots=("fail",)),
    Fault(
        "snapshot-hangs",
        "the snapshot command hangs beyond its bound",
        snapshots=("hang",),
        freeze_bound=SHORT_BOUND,
    ),
    Fault("snapshot-slow", "the snapshot command takes its time", snapshots=("slow",)),
    Fault("disk-full", "the disks are full from the start", victim="disk"),
    Fault("disk-fills", "the disks are filled", victim="disk", phases=("pre", "post")),
    Fault("pre-killed", "the pre-script was killed", victim="pre", phases=("pre",)),
    Fault("post-killed", "the post-script was killed", victim="post", phases=("post",)),
)


def planned(rounds: int) -> tuple[Fault, ...]:
    """The faults of a certification: `rounds` kills of the executor, and one of each other."""
    kills = (
        Fault(
            f"executor-killed-{number:02}",
            "the executor was killed",
            victim="executor",
            phases=PHASES,
            number=number,
        )
        for number in range(1, rounds + 1)
    )
    return (*kills, *CHOSEN)


@dataclass(frozen=True)
class Instant:
    """When a fault comes: so many seconds after a phase began, which usually takes `usual`."""

    phase: Phase
    after: float
    usual: float
    signal: int

    def __str__(self) -> str:
        """For a person, and for who wants to come back to it."""
        return f"{self.after * 1000:.0f} ms after {BEGINS[self.phase]}"


def draw(fault: Fault, seed: int, usual: Mapping[Phase, float], again: int = 0) -> Instant | None:
    """The instant of a fault; None where it is not left to chance.

    `usual` has the usual seconds of the phases that runs have here, `again` how often the fault
    came too late before: the run was faster than usual, so each time it comes in half the time,
    and at last in the longest phase: another may be too short to be met.
    """
    phases = [phase for phase in fault.phases if phase in usual]
    if not phases or fault.victim is None:
        return None
    turns = _chance(seed, fault.victim, (fault.number - 1) // len(phases))
    turns.shuffle(phases)
    phase = phases[(fault.number - 1) % len(phases)]
    if again >= _GIVEN_UP:
        phase = max(phases, key=lambda name: usual[name])
    chance = _chance(seed, fault.name)
    after = chance.random() * usual[phase] / 2**again
    chosen = chance.choice(_SIGNALS[fault.victim])
    return Instant(phase, after, usual[phase], int(chosen))


def trigger(fault: Fault, instant: Instant) -> Mapping[str, Any] | None:
    """The agent's part of a fault: a signal at its instant; None where nobody gets one."""
    if fault.victim is None:
        return None
    action = {"kill": _SIGNALLED[fault.victim], "signal": instant.signal, "after": instant.after}
    match instant.phase:
        case "pre" | "post":
            return when_started(instant.phase, action)
        case "freeze" | "thaw":
            return at_call(instant.phase, action, number=1)
        case "snapshot":
            return {"when": {"request": "snapshot", "number": 1}, "do": [action]}


def beginnings(history: History) -> dict[Phase, float]:
    """When each phase of a run began, as far as it came; those that it does not have are left out.

    A freeze or a snapshot that the executor does not ask for is no phase of its runs.
    """
    pre, post = first_start(history, "pre"), post_start(history)
    freezes = own_calls(history, "freeze")
    asked = [call.requested for call in history.snapshots]
    thaws = [c.at for c in own_calls(history, "thaw") if freezes and c.at > freezes[0].at]
    known: dict[Phase, float | None] = {
        "pre": pre.late if pre else None,
        "freeze": freezes[0].at if freezes else None,
        "snapshot": asked[0] if asked else None,
        "thaw": thaws[0] if thaws else None,
        "post": post.late if post else None,
    }
    return {phase: at for phase, at in known.items() if at is not None}


def usual_spans(history: History) -> dict[Phase, float]:
    """How long each phase of a run without a fault took, until the next one or the run's end."""
    begun = sorted(beginnings(history).items(), key=lambda item: item[1])
    ends = [at for _, at in begun[1:]] + [history.end.ended]
    return {phase: end - at for (phase, at), end in zip(begun, ends, strict=True) if end > at}


def landed(fault: Fault, history: History) -> bool:
    """Whether the fault met the run, and did not come after its end."""
    if fault.victim == "executor":
        return history.end.signal == signal.SIGKILL and not history.end.hung
    if fault.victim == "disk":
        return any(f.what == FILLED and f.at <= history.end.ended for f in history.faults)
    if fault.victim in ("pre", "post"):
        told = [f.at for f in history.faults if f.what == "kill caller"]
        ends = [run.ended for run in history.script_runs if run.script == fault.victim]
        return bool(told) and any(end is None or end >= told[0] for end in ends[:1])
    return True


def _chance(seed: int, *words: object) -> random.Random:
    return random.Random(" ".join(map(str, (seed, *words))))  # noqa: S311  # no secret
