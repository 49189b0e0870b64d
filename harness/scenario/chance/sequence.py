"""Sequences of runs in one guest, kills among them, and what each run then owes and is owed.

The model is small: a run that was killed once its pre-script had started owes its post-script, to
be paid once, by what survives of it or by the next run before its own pre-script (ROB-02, ROB-05).
A payment that fails is told by the next run, which then starts no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any, Literal

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    Happening,
    NotConfigured,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.history import Filesystem
from harness.scenario.chance.circumstances import PLAIN_PLACE, Place
from harness.scenario.chance.draw import Binds
from harness.scenario.chance.ingredients import PLACES
from harness.targets.situation import SnapshotAnswer

#: How often a sequence runs in no plain place, and with a setting of its policy that is false.
_ELSEWHERE, _NO_BACKUP, _NO_FREEZE = 0.6, 0.5, 0.25
_ROBUST = ("FRZ-03.killed", "ROB-02.thawed", "ROB-02.processes", "ROB-02.post")


@dataclass(frozen=True)
class Machine:
    """Where all runs of a sequence take place, and the policy of their config."""

    place: Place = PLAIN_PLACE
    filesystem: Filesystem = "ext4"
    go_on: bool = True
    fsfreeze: bool = True

    @property
    def freezes(self) -> bool:
        """A run that comes so far freezes something."""
        return self.fsfreeze and self.place.layout != "read-only"

    def __str__(self) -> str:
        """In plain words, what is not plain."""
        phrases = [self.place.words] if self.place != PLAIN_PLACE else []
        phrases += [f"on {self.filesystem}"] if self.filesystem != "ext4" else []
        phrases += [] if self.go_on else ["continueBackupOnFailure is false"]
        phrases += [] if self.fsfreeze else ["fsFreezeEnabled is false"]
        return ", ".join(phrases)


@dataclass(frozen=True)
class Step:
    """One run. `pre` and `post` are fixtures; `killed` says when the executor is killed.

    It is the mark of a script ("pre", "start"), or the first call of ("snapshot", ""), of
    ("freeze", "") or ("thaw", ""); None where the run goes to its end. `beside`: the executor is
    started again while the pre-script waits.
    """

    words: str
    pre: str = "succeed"
    post: str = "succeed"
    configured: bool = True
    snapshot: SnapshotAnswer = "take"
    killed: tuple[Literal["pre", "freeze", "snapshot", "thaw", "post"], str] | None = None
    beside: bool = False
    rests_on: tuple[str, ...] = ()

    @property
    def owes(self) -> bool:
        """It is killed before its post-script started."""
        return self.killed is not None and self.killed[0] != "post"

    @property
    def late(self) -> bool:
        """Its pre-script is ended at its deadline."""
        return self.pre == "hang" and self.killed is None

    @property
    def at_a_freeze(self) -> bool:
        """It is killed at a call that comes only where something is frozen."""
        return self.killed is not None and self.killed[0] in ("freeze", "thaw")


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
    Step("the pre-script of one never ends", pre="hang"),
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
    Step("one is killed in its freeze", killed=("freeze", ""), rests_on=_ROBUST),
    Step("one is killed in its thaw", killed=("thaw", ""), rests_on=_ROBUST),
    IN_POST,
    UNDONE,
)

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Runs:
    """A sequence: these steps, one after another, on one machine."""

    machine: Machine
    steps: Steps

    def __str__(self) -> str:
        """In plain words, one after another."""
        told = "; then ".join(step.words for step in self.steps)
        return f"{self.machine}: {told}" if str(self.machine) else told


@dataclass(frozen=True)
class Planned:
    """A step, and what the run before it left to it.

    `recovers`: the run before was killed, so its post-script may run in this one. `owed`: exactly
    one run of that post-script is due, in both together. `tells`: it fails, and this run tells.
    """

    step: Step
    machine: Machine = Machine()
    recovers: bool = False
    owed: bool = False
    tells: bool = False

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """What happens in it, where it comes to its end."""
        answer = SnapshotTaken() if self.step.snapshot == "take" else SnapshotFailed()
        if not self.tells and not self.step.configured:
            return (NotConfigured(), FreezeDone(), answer)  # whatever the policy was before
        begun = self._begun()
        lost = isinstance(begun, ScriptFinding) and not self.machine.go_on
        happened: list[Happening] = [begun]
        if not lost:
            happened += [FreezeDone() if self.machine.fsfreeze else FreezeOff(), answer]
        elif self.machine.place.single_disk:
            happened += [FreezeOff(), answer]
        if self.tells:
            return tuple(happened)
        post: Happening = PostSucceeded()
        if self.step.post == "fail":
            post = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED.value)
        return (*happened, post)

    def _begun(self) -> Happening:
        """What becomes of the recovery, or else of the pre-script."""
        if self.tells:
            return ScriptFinding("recover", ErrorName.POST_EXECUTION_FAILED.value)
        if self.step.late:
            return ScriptFinding("pre", ErrorName.PRE_TIMEOUT.value)
        if self.step.pre == "fail":
            return ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED.value)
        return PreSucceeded()

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


def planned(runs: Runs) -> tuple[Planned, ...]:
    """Each step with what it inherits."""
    before: Sequence[Step | None] = [None, *runs.steps]
    return tuple(
        Planned(
            step,
            runs.machine,
            recovers=last is not None and last.killed is not None,
            owed=last is not None and last.owes,
            tells=last == UNDONE,
        )
        for last, step in zip(before, runs.steps, strict=False)
    )


def settled(machine: Machine, steps: Sequence[Step]) -> Runs:
    """The same, where each kill comes to pass and each failure is told.

    After a kill the next run may begin with the post-script of the run before, which is the one
    that stands there then: it must succeed, and no kill may wait for it. What a failed recovery's
    run tells must not be lost by another kill. Where nothing is frozen no kill waits for a freeze.
    """
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else WELL
        if last == UNDONE:
            found.append(TOLD)
        elif (
            step == TOLD
            or (step.at_a_freeze and not machine.freezes)
            or (last.killed is not None and (step.post == "fail" or step == IN_POST))
        ):
            found.append(WELL)
        else:
            found.append(step)
    return Runs(machine, tuple(found))


def draw_sequence(
    random: Random, binds: Binds, length: int, filesystems: Sequence[Filesystem]
) -> Runs:
    """A sequence of `length` runs; it rests only on clauses for which `binds` is true."""
    places = [place for place in PLACES if all(binds(clause) for clause in place.rests_on)]
    elsewhere = places[random.randrange(len(places))]
    machine = Machine(
        place=elsewhere if random.random() < _ELSEWHERE else PLAIN_PLACE,
        filesystem=filesystems[random.randrange(len(filesystems))],
        go_on=random.random() >= _NO_BACKUP,
        fsfreeze=random.random() >= _NO_FREEZE,
    )
    allowed = [step for step in STEPS if all(binds(clause) for clause in step.rests_on)]
    return settled(machine, [allowed[random.randrange(len(allowed))] for _ in range(length)])


def simpler(runs: Runs) -> Iterator[Runs]:
    """Each sequence with one step less, then with a step that goes well in the place of another,
    then on a machine that is plainer in one way.
    """
    machine, steps = runs.machine, runs.steps
    for place in range(len(steps)):
        if len(steps) > 1:
            yield settled(machine, [*steps[:place], *steps[place + 1 :]])
    for place, step in enumerate(steps):
        if step not in (WELL, TOLD):
            yield settled(machine, [*steps[:place], WELL, *steps[place + 1 :]])
    for field in fields(machine):
        if getattr(machine, field.name) != field.default:
            plain: dict[str, Any] = {field.name: field.default}
            yield settled(replace(machine, **plain), steps)
