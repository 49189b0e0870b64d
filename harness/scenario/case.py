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
from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    Happening,
    Policy,
    PostSucceeded,
    PreSucceeded,
    SnapshotTaken,
)
from harness.history import Expected, Filesystem, Finding, Harm, History
from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import Layout
from harness.oracles.consequences import found
from harness.oracles.judge import judge
from harness.oracles.scripts import due_marks
from harness.oracles.terms import Due, ScriptTerms, Terms
from harness.results.record import CheckLine, Line, RunLine, check_of
from harness.results.verdict import is_bad, status_of
from harness.scenario.about import without_consequences
from harness.scenario.expectation import (
    Attempts,
    course_of,
    expected_of,
    freeze_trouble_of,
    refusal_of,
    row_of,
    scripts_of,
)
from harness.scenario.given import Given
from harness.targets.backup import CALLERS_OWN, backup
from harness.targets.beside import Beside, run_beside
from harness.targets.situation import SNAPSHOT_COMMAND, Situation, SnapshotAnswer
from harness.targets.target import Target

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


@dataclass(frozen=True)
class Run:
    """One backup run of a case; the scenario says what it expects of it."""

    case: Case
    history: History
    given: Given
    policy: Policy
    budget: float
    bound: float
    shortest_bound: float
    tails: tuple[tuple[str, ...], ...] = ()

    def expect(
        self,
        *happenings: Happening,
        attempts: Mapping[str, Attempts] | None = None,
        background: Sequence[str] = (),
        due: Sequence[Due] = (),
        foreign: Sequence[str] = (),
        freezable: Sequence[str] | None = None,
        may_change: Sequence[str] = (),
        about: Sequence[str] = (),
    ) -> Run:
        """Judge all that was observed; the verdict must follow from these happenings.

        `attempts` says how often a script is really started, where it is not once; `background`
        are words of the argument vectors of what the scripts may leave running (RUN-07); `due`
        the marks of its own that a fixture script must make; `foreign` the disks that the scenario
        froze or thawed itself; `freezable` those that FRZ-01 names, where it is not all that are
        writable; `may_change` folders in which it changed files itself. `about` are the project's
        clauses for this situation: where they do not bind, an executor that breaks one of them is
        not blamed for what follows.
        """
        rules = self.case.rules
        row = row_of(self.policy, happenings)
        course = course_of(self.policy, happenings, rules)
        terms = Terms(
            row=row.rule,
            status=row.status,
            level=row.level,
            named=row.named,
            counted=row.counted,
            freezes=course.freezes,
            calls=course.calls,
            scripts=scripts_of(
                row,
                course,
                happenings,
                attempts=attempts or {},
                arguments=self.given.arguments(),
                paths=self.given.paths(),
                retries=self.given.retries(),
                budget=self.budget,
            ),
            bound=self.bound,
            shortest_bound=self.shortest_bound,
            foreign_names=CALLERS_OWN,
            background=tuple(background),
            due=tuple(due),
            tails=self.tails,
            foreign=tuple(foreign),
            freezable=None if freezable is None else tuple(freezable),
            freeze_trouble=freeze_trouble_of(self.policy, happenings),
            may_change=tuple(may_change),
            refusal=refusal_of(happenings),
        )
        self._judge(expected_of(self.policy, happenings, rules), terms, about)
        return self

    def expect_refused(self, finding: Happening, clause: str) -> Run:
        """This clause makes `finding`, and no script runs.

        Where it does not bind and a script ran, what the executor makes of such a file is its own
        affair: nothing more is judged.
        """
        return self._expect_either(finding, clause, refused=True)

    def expect_taken(self, clause: str, unless: Happening) -> Run:
        """This clause lets both scripts run; where it does not bind, `unless` is accepted too."""
        return self._expect_either(unless, clause, refused=False)

    def _expect_either(self, finding: Happening, clause: str, *, refused: bool) -> Run:
        ran = [which for which in ("pre", "post") if self.history.starts(which)]
        both = len(ran) == 2
        observation = found(
            clause,
            not ran if refused else both,
            "no script runs" if refused else "both scripts run",
            f"{' and '.join(ran) or 'no script'} ran",
            None if refused else Harm.SILENT_DOWNGRADE,
        )
        self.case.add(observation, self.history)
        if refused and ran and not self.binds(clause):
            return self
        if refused or not (both or self.binds(clause)):
            return self.expect(finding, FreezeDone(), SnapshotTaken())
        frozen = FreezeDone() if self.policy.fsfreeze else FreezeOff()
        return self.expect(PreSucceeded(), frozen, SnapshotTaken(), PostSucceeded())

    def expect_where(self, dues: Sequence[Due], *happenings: Happening, **more: Any) -> Run:
        """What happens where these marks are as their clauses want it; `more` as for `expect`.

        Where one is not, and its clause does not bind, what comes of it is the executor's own
        affair: nothing more is judged.
        """
        marks = due_marks(self.history, dues)
        if all(mark.holds or self.binds(mark.clause) for mark in marks):
            return self.expect(*happenings, due=dues, **more)
        for mark in marks:
            self.case.add(mark, self.history)
        return self

    def binds(self, clause: str) -> bool:
        """Whether an executor that breaks this clause fails here."""
        return self.case.binds(clause)

    def expect_killed(self, *, pre: int = 1, post: tuple[int, int] = (0, 1)) -> Run:
        """The scenario killed the executor: no verdict is due, but nothing may stay (ROB-02).

        `post` is the least and the most that the post-script is started.
        """
        least, most = post
        scripts = (
            ScriptTerms("pre", least=pre, most=pre),
            ScriptTerms("post", least=least, most=most),
        )
        # What asked for its set before it died had to freeze before.
        freezes = True if self.policy.fsfreeze and self.history.snapshots else None
        self._judge(None, Terms(freezes=freezes, calls=None, scripts=scripts, bound=self.bound))
        return self

    def check(
        self,
        clause: str,
        holds: bool,
        *,
        expected: str,
        observed: str,
        harm: Harm = Harm.CONTRACT,
    ) -> Run:
        """One more observation of the scenario's own."""
        consequence = CATALOGUE[clause].consequence
        finding = Finding(clause, holds, expected, observed, harm, consequence)
        self.case.add(finding, self.history)
        return self

    def check_recovered(self, killed: Run) -> Run:
        """ROB-02: the killed run's post-script was run, before this run's pre-script."""
        earlier = killed.history.starts("post")
        pre = self.history.starts("pre")
        posts = [m for m in self.history.starts("post") if pre and m.at < pre[0].at]
        times = len(earlier) + len(posts)
        self.check(
            "ROB-02.post",
            times == 1,
            expected="the killed run's post-script is run, once",
            observed=f"it was run {len(earlier)} times by what survived, and {len(posts)} times "
            "by the next run before its pre-script",
            harm=Harm.LEFT_BEHIND,
        )
        return self

    def _judge(self, expected: Expected | None, terms: Terms, about: Sequence[str] = ()) -> None:
        findings = judge(self.history, expected, terms)
        if about and not all(self.binds(clause) for clause in about):
            findings = without_consequences(findings, about, self.history.end.outcome)
        for finding in findings:
            self.case.add(finding, self.history)


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
        self._scenario = scenario
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
    ) -> Run:
        """One backup run of the executor under test, with what it is given and meets.

        `tails` are words of the last KiB of the output of each attempt that will fail (RUN-08);
        `caller` is a command that becomes the executor's, which follows it; `command` is called
        in the place of the snapshot command.
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
            post=places["post"],
            sought=tuple(word for words in tails for word in words),
            caller=tuple(caller),
        )
        history = backup(
            self._workplace.host,
            self.guest,
            self._workplace.target,
            situation,
            scenario=self._scenario,
            shape=self._layout.shape,
            timeout_scale=self._workplace.timeout_scale,
            during=during,
        )
        self._sets += [s.set_id for s in history.sets() if s.set_id is not None]
        self._record(RunLine(history.id, self._scenario, history))
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
            scenario=self._scenario,
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
