"""One fault round: a backup under a fault, the next one in the same guest, and all sets restored.

The executor's runs are a callable, as in `rounds`, which is told what a run is to meet. Nothing is
judged here; `aftermath` reads what this records.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.certify import space
from harness.certify.application import Application, KitFailed
from harness.certify.faults import FILLED, Fault, Instant, Phase, draw, landed, trigger, usual_spans
from harness.certify.kit import Kit
from harness.certify.rounds import Load, forget_sets, restore, without_own_changes
from harness.history import Application as ApplicationHistory
from harness.history import Fault as FaultHistory
from harness.history import GuestState, History
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.oracles.instants import first_start
from harness.targets.situation import SnapshotAnswer

#: A fault that comes too late is tried again so often, each time in half the time.
TRIES = 4


@dataclass(frozen=True)
class Meets:
    """What one backup run meets, as `targets.situation` and `targets.backup` take it."""

    triggers: tuple[Mapping[str, Any], ...] = ()
    snapshots: tuple[SnapshotAnswer, ...] = ("take",)
    freeze_bound: float | None = None
    during: Callable[[], None] | None = None


Backup = Callable[[Guest, Meets], History]

#: "before": without a fault, or one that came too late; "faulty"; "next": without one, after it.
Role = Literal["before", "faulty", "next"]

#: Whether the application came back after a run: it did, it is left quiesced, or the executor
#: still owes it the post-script, so that nothing can be said of the kit yet.
Back = Literal["back", "stuck", "owed"]


@dataclass(frozen=True)
class Trial:
    """One backup of a fault round, with its application and restores; `why` it is not back."""

    role: Role
    history: History
    back: Back
    why: str = ""


@dataclass(frozen=True)
class FaultRound:
    """What a fault round saw, in order. `instant` is the drawn one, of the last try."""

    fault: Fault
    trials: tuple[Trial, ...]
    instant: Instant | None = None
    restarted: bool = False

    @property
    def faulty(self) -> Trial | None:
        """The backup that met the fault; None where it always came too late."""
        return next((t for t in self.trials if t.role == "faulty"), None)

    @property
    def next(self) -> Trial | None:
        """The clean backup after it; None where the application never came back for it."""
        return next((t for t in self.trials if t.role == "next"), None)


#: Called with the guest before it is closed, and with the round, None where the kit failed.
BeforeClose = Callable[[Guest, FaultRound | None], None]


def run_fault_round(
    kit: Kit,
    host: Host,
    backup: Backup,
    fault: Fault,
    *,
    seed: int,
    usual: MutableMapping[Phase, float],
    image: str = "",
    load: Load | None = None,
    before_close: BeforeClose | None = None,
) -> FaultRound:
    """One fault round in guests of `image` ("" for the host's).

    `usual` has the usual lengths of the phases here; it is filled where it is empty and one is
    needed, and brought up to date by the next backup. Raises KitFailed where the kit's application
    fails by itself, a Problem where a machine does.
    """
    layout = replace(kit.manifest.layout, image=image)
    with host.guest(layout) as guest:
        work = _AtWork(kit, host, guest, backup, fault, load or Load(), seed, usual)
        try:
            done = work.run()
        except KitFailed:
            if before_close is not None:
                before_close(guest, None)
            raise
        if before_close is not None:
            before_close(guest, done)
        forget_sets(host, guest, (trial.history for trial in done.trials))
        return done


@dataclass
class _AtWork:
    """A fault round under way; `state` is the application's before all of it."""

    kit: Kit
    host: Host
    guest: Guest
    backup: Backup
    fault: Fault
    load: Load
    seed: int
    usual: MutableMapping[Phase, float]
    state: str = ""
    instant: Instant | None = None
    restarted: bool = False
    trials: list[Trial] = field(default_factory=list)

    def run(self) -> FaultRound:
        self.application = Application(self.kit, self.guest)
        self.application.install(empty=True)
        self.application.start()
        self.application.load(self.load.before, self.load.within)
        self.state = self.application.state()
        if self.fault.phases and not self.usual:
            history = self.backup(self.guest, Meets())
            self._learn(history)
            self._tried("before", history)
        going = all(trial.back == "back" for trial in self.trials) and self._meet_the_fault()
        if going:
            history = self.backup(self.guest, Meets())
            self._tried("next", history)
            self._learn(history)
        operations = self.application.end_load(disturbed=self.fault.victim == "disk")
        # Whoever reads this in a restored guest looks at these disks, not at the set's.
        marker = secrets.token_hex(8)
        self.host.write_marker(self.guest, marker)
        trials = tuple(self._restored(trial, operations, marker) for trial in self.trials)
        return FaultRound(self.fault, trials, self.instant, self.restarted)

    def _learn(self, history: History) -> None:
        """How long its phases took; one that waited for what a fault had left is not usual."""
        for phase, seconds in usual_spans(history).items():
            self.usual[phase] = min(seconds, self.usual.get(phase, seconds))

    def _meet_the_fault(self) -> bool:
        """Whether a next backup makes sense: the application came back, or is owed to."""
        for again in range(TRIES):
            self.instant = draw(self.fault, self.seed, self.usual, again)
            history = self._faulty_backup()
            met = landed(self.fault, history)
            if not met:  # what came after the run's end was no fault of it
                history = replace(history, end=replace(history.end, killed=None))
            back = self._tried("faulty" if met else "before", history)
            if met or back != "back":
                return met and back != "stuck"
        return False

    def _faulty_backup(self) -> History:
        fault, instant = self.fault, self.instant
        action = trigger(fault, instant) if instant is not None else None
        filler = space.Filler.waiting(self.guest) if fault.victim == "disk" else None
        history = self.backup(
            self.guest,
            Meets(
                triggers=(action,) if action else (),
                snapshots=fault.snapshots,
                freeze_bound=fault.freeze_bound,
                during=filler.fill if filler and instant is None else None,
            ),
        )
        if filler is None:
            return history
        filled = filler.dismiss()
        self._revive()
        told = () if filled is None else (FaultHistory(filled, FILLED),)
        return replace(history, faults=(*history.faults, *told))

    def _revive(self) -> None:
        """An application may end where its disk is full, and is then started as it usually is."""
        if self.application.revive(self.load.within):
            self.restarted = True
            self.state = self.application.state()
        if not self.application.loaded:
            self.application.load(self.load.after, self.load.within)

    def _tried(self, role: Role, history: History) -> Back:
        back, why, state = self._look(history)
        seen = ApplicationHistory(
            operations=(),
            stops_writes=self.kit.manifest.stops_writes,
            state_before=self.state,
            state_after=state,
            answers_after=back == "back",
        )
        self.trials.append(Trial(role, replace(history, application=seen), back, why))
        return back

    def _look(self, history: History) -> tuple[Back, str, str]:
        """Whether the application came back, why not, and its state where it answers."""
        if post_owed(history):
            return "owed", "", ""
        application, load = self.application, self.load
        goes_on = application.wait_acknowledged(load.after, self.guest.now(), load.within)
        if not goes_on:
            application.require_load()
            return not_back(history), f"it does not go on within {load.within:g} s", ""
        if not application.answers():
            return not_back(history), "it does not answer", ""
        return "back", "", application.state()

    def _restored(self, trial: Trial, operations: tuple[Any, ...], marker: str) -> Trial:
        history = trial.history
        prepare = space.give_back if self.fault.victim == "disk" else None
        restores = []
        for snapshot in history.sets():
            if snapshot.set_id is not None:
                layout = self.guest.layout
                restores.append(
                    restore(self.kit, self.host, layout, snapshot.set_id, marker, prepare=prepare)
                )
        seen = history.application
        if seen is None:
            raise ValueError("a trial without its application")
        whole = replace(seen, operations=operations, restores=tuple(restores))
        kept = without_own_changes(history, self.kit.manifest.own_folders)
        kept = without_files(kept, space.fillers(self.guest))
        return replace(trial, history=replace(kept, application=whole))


def post_owed(history: History) -> bool:
    """Whether a pre-script was started, and no post-script ran to its end for it.

    One that was running when the executor was killed may have been ended half-way.
    """
    pre = first_start(history, "pre")
    if pre is None:
        return False
    killed = history.end.killed
    return not any(
        run.ended is not None
        and run.started > pre.late
        and (killed is None or run.ended < killed or run.started > killed)
        for run in history.script_runs
        if run.script == "post"
    )


def not_back(history: History) -> Back:
    """What an application that does not go on after a run is: left quiesced by its kit, unless the
    executor was killed. What survived may have ended the post-script half-way, which the next run
    then runs once more (ROB-02).
    """
    return "stuck" if history.end.killed is None else "owed"


def without_files(history: History, paths: tuple[str, ...]) -> History:
    """The history without these files, which the suite itself put there."""

    def other(state: GuestState | None) -> GuestState | None:
        if state is None:
            return None
        return replace(
            state, files={path: facts for path, facts in state.files.items() if path not in paths}
        )

    return replace(history, before=other(history.before), after=other(history.after))
