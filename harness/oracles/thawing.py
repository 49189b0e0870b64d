"""That nothing stays frozen, whatever comes in between: FRZ-03 to FRZ-07, ROB-02.

A freeze that fails, somebody else who thaws or has frozen already, an executor that is killed.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.history import Finding, Freeze, Harm, History, ProgramStart
from harness.oracles.consequences import found
from harness.oracles.freezing import own_calls, own_freezes
from harness.oracles.terms import Terms

#: An executor's own timer may fire this many seconds late on a busy machine.
TIMER_LATE = 1.0

#: ROB-02: seconds in which what a killed executor left frozen must be thawed.
AFTER_KILL = 10.0

#: Levels that a run may claim whose freeze failed, or was undone by somebody else.
_AT_MOST_CRASH = ("crash", "none")


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """All rules of the thaw that apply to this run."""
    return tuple(
        finding
        for oracle in (_bound, _left, _killed, _writes, _programs, _failed, _meddled, _foreign)
        for finding in oracle(history, terms)
    )


def _bound(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    if not freezes:
        return
    held = max(_given_back(history, f) for f in freezes) - min(f.first for f in freezes)
    yield found(
        "FRZ-03.bound",
        held <= terms.bound + TIMER_LATE,
        f"from the first freeze to the last thaw at most {terms.bound:g} s",
        f"frozen for {held:.3f} s at least",
    )


def _given_back(history: History, freeze: Freeze) -> float:
    """When the executor asked for the thaw; how long the kernel takes for it is not its doing."""
    asked = [c.at for c in own_calls(history, "thaw", freeze.disk) if c.at > freeze.first]
    return min([freeze.last, *asked[:1]])


def _left(history: History, terms: Terms) -> Iterator[Finding]:
    own = own_freezes(history, terms)
    frozen = history.after.frozen if history.after else ()
    left = [f"{f.disk} had to be thawed by the host" for f in own if f.rescued]
    left += [f"{f.disk} was never seen thawed again" for f in own if f.thawed_after is None]
    # Of a disk with a freeze on record the freeze speaks: the state may be older than its thaw.
    told = {f.disk for f in history.freezes} | set(terms.foreign)
    left += [f"{disk} is still frozen" for disk in frozen if disk not in told]
    yield found(
        _clause_of_left(history, terms),
        not left,
        "no filesystem stays frozen",
        "; ".join(left) or "nothing is frozen",
        harm=Harm.LEFT_FROZEN,
    )


def _clause_of_left(history: History, terms: Terms) -> str:
    """What came in the way of the thaw decides which clause speaks of it."""
    if history.end.killed is not None:
        return "FRZ-03.killed"
    if any(s.answered is None for s in history.snapshots):
        return "FRZ-03.snapshot-hangs"
    if any(s.answer != 0 for s in history.snapshots):
        return "FRZ-03.snapshot-failed"
    return "FRZ-03.freeze-failed" if _fails(terms) else "FRZ-01.thaw"


def _killed(history: History, terms: Terms) -> Iterator[Finding]:
    killed = history.end.killed
    if killed is None:
        return
    late = [
        f"{f.disk} was seen frozen {f.last - killed:.3f} s after the kill"
        for f in own_freezes(history, terms)
        if f.last > killed + AFTER_KILL
    ]
    yield found(
        "ROB-02.thawed",
        not late,
        f"everything is thawed within {AFTER_KILL:g} s of the executor's death",
        "; ".join(late) or "nothing was seen frozen later than that",
    )
    running = [
        f"{run.script} (pid {run.pid})"
        for run in history.script_runs
        if run.started < killed and (run.ended is None or run.ended > killed + AFTER_KILL)
    ]
    yield found(
        "ROB-02.processes",
        not running,
        f"a script that was still running is ended within {AFTER_KILL:g} s of the death",
        f"still running: {', '.join(running)}" if running else "no such script was left",
    )


def _writes(history: History, _: Terms) -> Iterator[Finding]:
    if not own_calls(history, "freeze"):
        return
    who = [f"{' '.join(b.argv) or '?'} (pid {b.pid})" for b in history.blocked]
    yield found(
        "FRZ-05.writes",
        not who,
        "no process of the executor's writes to a frozen filesystem",
        f"waiting to write: {'; '.join(who)}" if who else "none waited to write",
    )


def _programs(history: History, terms: Terms) -> Iterator[Finding]:
    freezes = own_freezes(history, terms)
    if not freezes:
        return
    started = [
        program.path
        for program in history.programs
        if any(_surely_frozen(history, f, program) for f in freezes)
    ]
    yield found(
        "FRZ-05.programs",
        not started,
        "no program is started from a frozen filesystem that would have to write its access time",
        f"started: {', '.join(dict.fromkeys(started))}" if started else "no such program",
    )


def _surely_frozen(history: History, freeze: Freeze, program: ProgramStart) -> bool:
    """Seen frozen before and after, or between the calls that froze and thawed it."""
    if freeze.disk != program.disk:
        return False
    froze = own_calls(history, "freeze", freeze.disk)
    returned = [c.returned for c in froze if c.returned is not None and c.at <= freeze.first]
    began = min([freeze.first, *returned])
    thaws = [c.at for c in own_calls(history, "thaw", freeze.disk) if c.at > began]
    return began <= program.at <= max([freeze.last, *thaws[:1]])


def _fails(terms: Terms) -> bool:
    return terms.freeze_trouble is not None and terms.freeze_trouble.kind == "fails"


def _failed(history: History, terms: Terms) -> Iterator[Finding]:
    """FRZ-04: a freeze that failed is undone before the run goes on."""
    if not _fails(terms):
        return
    held = {f.disk for f in own_freezes(history, terms)}
    late = []
    for call in history.snapshots:
        late += [disk for disk in held if (seen := call.disks.get(disk)) and seen.frozen_before]
    late += [f.disk for f in own_freezes(history, terms) if f.rescued or f.thawed_after is None]
    yield found(
        "FRZ-04.undo",
        not late,
        "what was frozen before is thawed at once",
        f"{', '.join(dict.fromkeys(late))} stayed frozen" if late else "nothing stayed frozen",
        harm=Harm.LEFT_FROZEN,
    )
    yield from _level("FRZ-04.level", history)


def _level(clause: str, history: History) -> Iterator[Finding]:
    outcome = history.end.outcome
    if outcome is None or history.end.killed is not None:
        return
    yield found(
        clause,
        outcome.consistency in _AT_MOST_CRASH,
        "at most crash consistent",
        f"consistency {outcome.consistency}",
        harm=Harm.FALSE_CONSISTENCY,
    )


def _meddled(history: History, terms: Terms) -> Iterator[Finding]:
    """FRZ-06: somebody else thawed before the snapshot command returned."""
    trouble = terms.freeze_trouble
    outcome = history.end.outcome
    if trouble is None or trouble.kind != "thawed" or outcome is None:
        return
    yield from _level("FRZ-06.level", history)
    if trouble.fails_run and history.sets():
        yield found(
            "FRZ-06.status",
            outcome.status == "failed",
            "the run has failed, because continueBackupOnFailure is false",
            f"status {outcome.status}",
        )


def _foreign(history: History, terms: Terms) -> Iterator[Finding]:
    """FRZ-07: somebody else has frozen a disk before the executor tried to."""
    for disk in history.disks:
        if disk.name not in terms.foreign:
            continue
        others = [f.at for f in history.faults if f.what == f"freeze {disk.mountpoint}"]
        others += [
            c.at
            for c in history.freeze_calls
            if c.disk == disk.name and c.what == "freeze" and not c.executors
        ]
        if not others:
            continue
        touched = [c for c in own_calls(history, "thaw", disk.name) if c.at >= min(others)]
        yield found(
            "FRZ-07.not-thawed",
            not touched,
            f"{disk.name}, which somebody else froze, is not thawed",
            f"it was thawed {len(touched)} times" if touched else "the executor did not thaw it",
        )
        if _fails(terms):
            yield from _level("FRZ-07.failure", history)
