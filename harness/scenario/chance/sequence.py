"""Sequences of runs in one guest, kills among them, and what each run then owes and is owed.

The model is small: a run that was killed once its pre-script had started owes its post-script, to
be paid once, by what survives of it or by the next run before its own pre-script (ROB-02, ROB-05).
A payment that fails is told by the next run, which then starts no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    Happening,
    NotConfigured,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.scenario.chance.draw import Binds
from harness.targets.situation import SnapshotAnswer

_ROBUST = ("FRZ-03.killed", "ROB-02.thawed", "ROB-02.processes", "ROB-02.post")


@dataclass(frozen=True)
class Step:
    """One run. `pre` and `post` are fixtures; `killed` says when the executor is killed.

    It is the mark of a script ("pre", "start"), or ("snapshot", "") for the first call; None where
    the run goes to its end. `beside`: the executor is started again while the pre-script waits.
    """

    words: str
    pre: str = "succeed"
    post: str = "succeed"
    configured: bool = True
    snapshot: SnapshotAnswer = "take"
    killed: tuple[str, str] | None = None
    beside: bool = False
    rests_on: tuple[str, ...] = ()

    @property
    def owes(self) -> bool:
        """It is killed before its post-script started."""
        return self.killed is not None and self.killed[0] != "post"


WELL = Step("a backup goes well")
UNDONE = Step(
    "one is killed in its pre-script, and its post-script fails",
    post="fail",
    killed=("pre", "start"),
    rests_on=(*_ROBUST, "ROB-05.error", "ROB-05.no-scripts"),
)
IN_POST = Step("one is killed in its post-script", killed=("post", "start"), rests_on=_ROBUST)
#: What stands there is still the failing script of the run before, and no script of its own runs.
TOLD = Step("the next tells of it", post="fail")
STEPS = (
    WELL,
    Step("the pre-script of one fails", pre="fail"),
    Step("the post-script of one fails", post="fail"),
    Step("the snapshot of one fails", snapshot="fail"),
    Step("one finds no config", configured=False, rests_on=("FILE-02.no-scripts",)),
    Step(
        "a second is started beside one",
        pre="wait",
        beside=True,
        rests_on=("ROB-01.refused", "ROB-01.undisturbed"),
    ),
    Step(
        "one is killed in its pre-script", pre="hang", killed=("pre", "hanging"), rests_on=_ROBUST
    ),
    Step("one is killed at the end of its pre-script", killed=("pre", "end"), rests_on=_ROBUST),
    Step(
        "one is killed while its snapshot hangs",
        snapshot="hang",
        killed=("snapshot", ""),
        rests_on=_ROBUST,
    ),
    Step("one is killed as its set is taken", killed=("snapshot", ""), rests_on=_ROBUST),
    IN_POST,
    UNDONE,
)

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Planned:
    """A step, and what the run before it left to it.

    `recovers`: the run before was killed, so its post-script may run in this one. `owed`: exactly
    one run of that post-script is due, in both together. `tells`: it fails, and this run tells.
    """

    step: Step
    recovers: bool = False
    owed: bool = False
    tells: bool = False

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """What happens in it, where it comes to its end."""
        answer = SnapshotTaken() if self.step.snapshot == "take" else SnapshotFailed()
        if self.tells:
            failed = ScriptFinding("recover", ErrorName.POST_EXECUTION_FAILED.value)
            return (failed, FreezeDone(), answer)
        if not self.step.configured:
            return (NotConfigured(), FreezeDone(), answer)
        pre: Happening = PreSucceeded()
        if self.step.pre == "fail":
            pre = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED.value)
        post: Happening = PostSucceeded()
        if self.step.post == "fail":
            post = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED.value)
        return (pre, FreezeDone(), answer, post)

    @property
    def own(self) -> int:
        """How often its own post-script is started, at most."""
        return int(self.step.configured and not self.tells)

    @property
    def posts(self) -> tuple[int, int]:
        """The least and the most that a post-script starts in it, an interrupted run's included."""
        least = 0 if self.step.owes else self.own
        most = self.own + int(self.recovers)
        if self.step.killed == IN_POST.killed:
            most += 1  # what survives may run it again, from the start
        return least, most


def planned(steps: Sequence[Step]) -> tuple[Planned, ...]:
    """Each step with what it inherits."""
    before: Sequence[Step | None] = [None, *steps]
    return tuple(
        Planned(
            step,
            recovers=last is not None and last.killed is not None,
            owed=last is not None and last.owes,
            tells=last == UNDONE,
        )
        for last, step in zip(before, steps, strict=False)
    )


def settled(steps: Sequence[Step]) -> Steps:
    """The same, where each kill comes to pass and each failure is told.

    After a kill the next run may begin with the post-script of the run before, which is the one
    that stands there then: it must succeed, and no kill may wait for it. What a failed recovery's
    run tells must not be lost by another kill.
    """
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else WELL
        if last == UNDONE:
            found.append(TOLD)
        elif step == TOLD or (last.killed is not None and (step.post == "fail" or step == IN_POST)):
            found.append(WELL)
        else:
            found.append(step)
    return tuple(found)


def draw_sequence(random: Random, binds: Binds, length: int) -> Steps:
    """A sequence of `length` runs, whose steps rest only on clauses for which `binds` is true."""
    allowed = [step for step in STEPS if all(binds(clause) for clause in step.rests_on)]
    return settled([allowed[random.randrange(len(allowed))] for _ in range(length)])


def simpler(steps: Steps) -> Iterator[Steps]:
    """Each sequence with one step less, then with a step that goes well in the place of another."""
    for place in range(len(steps)):
        if len(steps) > 1:
            yield settled([*steps[:place], *steps[place + 1 :]])
    for place, step in enumerate(steps):
        if step not in (WELL, TOLD):
            yield settled([*steps[:place], WELL, *steps[place + 1 :]])


def describe(steps: Steps) -> str:
    """In plain words, one after another."""
    return "; then ".join(step.words for step in steps)
