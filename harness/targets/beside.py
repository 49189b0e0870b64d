"""A second start of the executor, while the first one is under way or right after its death."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from harness.history import Outcome
from harness.machines.guest import Guest
from harness.targets.backup import environment_of
from harness.targets.outcome import read_outcome
from harness.targets.situation import Situation
from harness.targets.target import Target

#: Seconds in which a killed process is gone.
_KILLED = 10.0


@dataclass(frozen=True)
class Beside:
    """How the second start ended; `exit_status` is None where it had to be killed.

    `seconds` is how long it ran; `problem` says why there is no outcome.
    """

    outcome: Outcome | None
    exit_status: int | None
    seconds: float
    problem: str | None = None

    def __str__(self) -> str:
        if self.outcome is None:
            return f"{self.problem}, after {self.seconds:.1f} s"
        errors = ", ".join(self.outcome.errors) or "no error"
        return f"{self.outcome.status}, {self.outcome.consistency}, {errors}"


def run_beside(guest: Guest, target: Target, situation: Situation, *, deadline: float) -> Beside:
    """Start the executor once more, with a status path of its own, and wait for its end.

    It is killed, with all that it started, after `deadline` seconds.
    """
    run = secrets.token_hex(6)
    launch = target.launch()
    process = guest.spawn("second", launch.argv, env=environment_of(launch, situation, run))
    end = process.wait(deadline)
    exit_status = None if end is None else end.exit
    if end is None:
        process.kill(tree=True)
        end = process.wait(_KILLED)
    ended = guest.now() if end is None else end.at
    outcome, problem = read_outcome(guest.read(situation.status_path(run)))
    return Beside(outcome, exit_status, ended - process.started, problem)
