"""One scenario at work: it gets a guest, backs it up, judges the history and keeps the record.

A scenario collects findings and goes on; whether it failed is told at its end, with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract.clauses import CATALOGUE
from harness.contract.config import TIMEOUT_CAP
from harness.contract.rulesets import binding
from harness.contract.verdict import Policy
from harness.history import Filesystem, Finding, History
from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import Layout
from harness.results.record import CheckLine, Line, RunLine, check_of
from harness.results.verdict import is_bad, status_of
from harness.scenario.given import Given
from harness.scenario.run import Run
from harness.targets.backup import backup
from harness.targets.beside import Beside, run_beside
from harness.targets.situation import SNAPSHOT_COMMAND, STATUS_FOLDER, Situation, SnapshotAnswer
from harness.targets.target import Target

__all__ = ["Case", "Run", "ScenarioFailed", "Workplace"]

#: The script budget of CFG-02, where the config names none or can't be trusted; seconds.
_DEFAULT_BUDGET = 30.0


class ScenarioFailed(AssertionError):
    """Some clause that binds does not hold; the message lists each with what was observed."""


@dataclass(frozen=True)
class Workplace:
    """What all cases of one worker share."""

    host: Host
    target: Target
    rules: str
    timeout_scale: float = 1.0

    def binds(self, clause: str) -> bool:
        """Whether the rule set binds the executor to this clause, and it claims the rule."""
        claimed = CATALOGUE[clause].rule not in self.target.not_applicable
        return claimed and binding(CATALOGUE[clause], self.rules)


class Case:
    """A scenario's hands: `backup` runs one, `guest` is the machine it has."""

    def __init__(
        self,
        workplace: Workplace,
        scenario: str,
        layout: Layout,
        filesystem: Filesystem,
        record: Callable[[Line], None],
    ) -> None:
        self._workplace = workplace
        self.scenario = scenario
        self._layout = layout
        self._guest: Guest | None = None
        self._sets: list[str] = []
        self._record = record
        self._checks: list[CheckLine] = []
        self.filesystem = filesystem

    @property
    def rules(self) -> str:
        """The rule set in force."""
        return self._workplace.rules

    @property
    def reference(self) -> bool:
        """Whether the executor is this project's own."""
        return self._workplace.target.identity.kind == "reference"

    @property
    def host(self) -> Host:
        """The host that carries this case's disks."""
        return self._workplace.host

    @property
    def guest(self) -> Guest:
        """The case's guest; started, and the executor installed, when it is first asked for."""
        if self._guest is None:
            self._guest = self._workplace.host.guest(self._layout)
            self._workplace.target.install(self._guest)
        return self._guest

    @property
    def single_disk(self) -> bool:
        """FBK-08: the only disk carries the root filesystem."""
        return self._layout.single_disk

    def backup(
        self,
        given: Given,
        *,
        snapshots: Sequence[SnapshotAnswer] = ("take",),
        command: GuestFile | None = None,
        triggers: Sequence[Mapping[str, Any]] = (),
        freeze_bound: float | None = None,
        tails: Sequence[Sequence[str]] = (),
        caller: Sequence[str] = (),
        during: Callable[[], None] | None = None,
        status_folder: str = STATUS_FOLDER,
        post: str = "",
    ) -> Run:
        """One backup run of the executor under test, with what it is given and meets.

        `tails` are words of the last KiB of the output of each attempt that will fail (RUN-08);
        `caller` is a command that becomes the executor's, which follows it; `command` is called
        in the place of the snapshot command; `post` is the file whose executions are seen as the
        post-script's, where it is not the config's: an interrupted run's.
        """
        places = given.places()
        situation = Situation(
            files=(*given.all_files(), *((command,) if command else ())),
            command=command.path if command else SNAPSHOT_COMMAND,
            triggers=tuple(triggers),
            snapshots=tuple(snapshots),
            timeout=float(min(given.setting("timeoutInSeconds", _DEFAULT_BUDGET), TIMEOUT_CAP)),
            freeze_bound=freeze_bound,
            heeds_bound=self.reference,
            single_disk=self.single_disk,
            pre=places["pre"],
            post=post or places["post"],
            sought=tuple(word for words in tails for word in words),
            caller=tuple(caller),
            status_folder=status_folder,
        )
        history = self.observe(situation, during)
        self._sets += [s.set_id for s in history.sets() if s.set_id is not None]
        self._record(RunLine(history.id, self.scenario, history))
        policy = Policy(
            continue_on_failure=given.setting("continueBackupOnFailure", True),
            fsfreeze=given.setting("fsFreezeEnabled", True),
            single_disk=self.single_disk,
        )
        return Run(
            self,
            history,
            given,
            policy,
            situation.timeout,
            situation.bound,
            situation.shortest_bound,
            tuple(tuple(attempt) for attempt in tails),
        )

    def observe(self, situation: Situation, during: Callable[[], None] | None = None) -> History:
        """What happens in this situation: one run in the case's guest."""
        return backup(
            self._workplace.host,
            self.guest,
            self._workplace.target,
            situation,
            scenario=self.scenario,
            shape=self._layout.shape,
            timeout_scale=self._workplace.timeout_scale,
            during=during,
        )

    def binds(self, clause: str) -> bool:
        """Whether the rule set binds the executor to this clause, and it claims the rule."""
        return self._workplace.binds(clause)

    def patience(self, seconds: float) -> float:
        """How long the scenario waits for what is no bound of the contract: scaled as asked for."""
        return seconds * self._workplace.timeout_scale

    def backup_beside(self, *, deadline: float) -> Beside:
        """One more start of the executor while a run of this case is under way (ROB-01).

        It is waited for as long as `patience` gives for `deadline` seconds.
        """
        situation = Situation(single_disk=self.single_disk)
        patience = self.patience(deadline)
        return run_beside(self.guest, self._workplace.target, situation, deadline=patience)

    def add(self, finding: Finding, history: History) -> None:
        """Record one finding with the status that the rule set gives it."""
        clause = CATALOGUE[finding.clause]
        reason = self._workplace.target.not_applicable.get(clause.rule)
        binds = binding(clause, self.rules)
        status = "not-applicable" if reason else status_of(finding, binds, history.end)
        line = check_of(
            finding,
            status=status,
            basis=clause.basis,
            scenario=self.scenario,
            run=history.id,
            filesystem=self.filesystem,
            shape=history.shape,
        )
        self._checks.append(line)
        self._record(line)

    def conclude(self) -> None:
        """Raise ScenarioFailed with every binding clause that does not hold."""
        bad = [line for line in self._checks if is_bad(line.status)]
        if not self._checks:
            raise ScenarioFailed("the scenario checked nothing")
        if bad:
            raise ScenarioFailed("\n".join(_failure(line) for line in bad))

    @property
    def failed(self) -> bool:
        """Whether a binding clause does not hold."""
        return any(is_bad(line.status) for line in self._checks)

    def keep(self, seconds: float) -> str | None:
        """Leave the guest for a person to look into; its name, None where there is none."""
        if self._guest is None:
            return None
        guest, self._guest = self._guest, None
        self._workplace.host.keep(guest, seconds)
        return guest.name

    def close(self) -> None:
        """Give the guest back: thaw, kill, unmount, detach, remove; its sets' room too."""
        if self._guest is not None:
            guest, self._guest = self._guest, None
            guest.close()
            while self._sets:
                self._workplace.host.forget(self._sets.pop())


def _failure(line: CheckLine) -> str:
    text = (
        f"{line.clause}: {CATALOGUE[line.clause].text}\n"
        f"  expected: {line.expected}\n  observed: {line.observed}"
    )
    return f"{text}\n  consequence: {line.consequence}" if line.consequence else text
