"""A sequence of runs, followed in one guest and judged at each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.contract.config import CONFIG_PATH
from harness.contract.errors import ErrorName
from harness.machines.files import GuestFile
from harness.scenario.case import Case, Run
from harness.scenario.chance.sequence import Planned, Runs, Step, planned
from harness.scenario.chance.staging import LATE_BUDGET
from harness.scenario.given import Given, configured, scripts
from harness.targets.beside import Beside
from harness.targets.situation import KILL, at_call, when_asked, when_marked

#: Seconds for a script to begin, and for a second run to be refused (ROB-01 gives it 5).
_TO_BEGIN = 20.0
_TO_REFUSE = 8.0


def follow(case: Case, runs: Runs) -> None:
    """Every run in its order; what a killed one owes must have been paid in the next."""
    before: Run | None = None
    for plan in planned(runs):
        run = _run(case, plan)
        if plan.owed and before is not None:
            run.check_recovered(before, own=plan.own)
        before = run


def _run(case: Case, plan: Planned) -> Run:
    step = plan.step
    seconds: list[Beside] = []
    run = case.backup(
        _given(plan),
        snapshots=(step.snapshot,),
        triggers=_triggers(step),
        during=_start_second(case, seconds) if step.beside else None,
    )
    if step.killed is not None:
        return run.expect_killed(post=plan.posts)
    run.expect(*plan.happenings, attempts={"post": plan.posts})
    for second in seconds:
        _check_refused(run, second)
    return run


def _given(plan: Planned) -> Given:
    step, machine = plan.step, plan.machine
    files = scripts(pre=step.pre, post=step.post)
    if not step.configured:
        return Given(None, (*files, GuestFile(CONFIG_PATH, kind="absent")))
    settings: dict[str, Any] = {"timeoutInSeconds": LATE_BUDGET} if step.late else {}
    settings["continueBackupOnFailure"] = machine.go_on
    settings["fsFreezeEnabled"] = machine.fsfreeze
    return Given(configured(**settings), files)


def _triggers(step: Step) -> tuple[Mapping[str, Any], ...]:
    if step.killed is None:
        return ()
    where, point = step.killed
    if where == "snapshot":
        return (when_asked(1, [KILL]),)
    if where in ("freeze", "thaw"):
        return (at_call(where, KILL, number=1),)
    return (when_marked(where, point, KILL),)


def _start_second(case: Case, seconds: list[Beside]) -> Callable[[], None]:
    """Starts the executor once more while the pre-script waits, then lets that one go on."""
    since = len(case.guest.events)
    waiting = {"script": "pre", "point": "waiting"}

    def start() -> None:
        case.guest.events.wait(
            lambda e: e.name == "mark" and waiting.items() <= e.data.items(),
            case.patience(_TO_BEGIN),
            since,
        )
        seconds.append(case.backup_beside(deadline=_TO_REFUSE))
        # Opened for reading and writing, it never waits for a reader that is not there.
        go = "[ ! -p /run/fixture/pre ] || echo go 1<>/run/fixture/pre"
        case.guest.run(["/bin/sh", "-c", go], deadline=case.patience(_TO_BEGIN))

    return start


def _check_refused(run: Run, second: Beside) -> None:
    outcome, name = second.outcome, ErrorName.BACKUP_IN_PROGRESS.value
    claim = (outcome.status, outcome.consistency, outcome.errors[:1]) if outcome else None
    run.check(
        "ROB-01.refused",
        claim == ("failed", "none", (name,)),
        expected=f"the second is refused: failed, none, {name}",
        observed=str(second),
    )
