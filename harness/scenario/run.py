"""What a scenario expects of one backup run: its history is judged by what is said to happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, get_args

from harness.contract.clauses import CATALOGUE
from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    Happening,
    Policy,
    PostSucceeded,
    PreSucceeded,
    SnapshotTaken,
)
from harness.history import Expected, Finding, Harm, History, ScriptName
from harness.oracles import recovery
from harness.oracles.consequences import found
from harness.oracles.instants import started_times
from harness.oracles.judge import judge
from harness.oracles.recovery import Owed
from harness.oracles.scripts import due_marks
from harness.oracles.terms import Due, ScriptTerms, Terms
from harness.scenario.about import without_consequences
from harness.scenario.expectation import (
    Attempts,
    course_of,
    expected_of,
    freeze_trouble_of,
    refusal_of,
    row_of,
    scripts_of,
    unfrozen_of,
)
from harness.scenario.given import Given
from harness.targets.backup import CALLERS_OWN
from harness.targets.situation import POST_PATH


class Judge(Protocol):
    """Whose run it is: the rule set in force, and where findings go."""

    @property
    def rules(self) -> str:
        """The rule set in force."""
        ...

    @property
    def reference(self) -> bool:
        """Whether the executor is this project's own."""
        ...

    def binds(self, clause: str) -> bool:
        """Whether the rule set binds the executor to this clause, and it claims the rule."""
        ...

    def add(self, finding: Finding, history: History) -> None:
        """Record one finding."""
        ...


@dataclass(frozen=True)
class Run:
    """One backup run of a case; the scenario says what it expects of it."""

    case: Judge
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
        told: bool = True,
    ) -> Run:
        """Judge all that was observed; the verdict must follow from these happenings.

        `attempts` says how often a script is really started, where it is not once; `background`
        are words of the argument vectors of what the scripts may leave running (RUN-07); `due`
        the marks of its own that a fixture script must make; `foreign` the disks that the scenario
        froze or thawed itself; `freezable` those that FRZ-01 names, where it is not all that are
        writable; `may_change` folders in which it changed files itself; `told` is False where the
        executor can't leave an outcome. `about` are the project's clauses for this situation: where
        they do not bind, an executor that breaks one of them is not blamed for what follows.
        """
        rules, reference = self.case.rules, self.case.reference
        row = row_of(self.policy, happenings)
        course = course_of(self.policy, happenings, rules, reference=reference)
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
            unfrozen=unfrozen_of(self.policy, happenings),
            told=told,
        )
        expected = expected_of(self.policy, happenings, rules, reference=reference)
        self._judge(expected, terms, about)
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
        ran = [which for which in get_args(ScriptName) if started_times(self.history, which)]
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

        Where one is not, or comes too late, and its clause does not bind, what comes of it is the
        executor's own affair: nothing more is judged.
        """
        marks = due_marks(self.history, dues, dict.fromkeys(get_args(ScriptName), self.budget))
        if all(mark.holds or self.binds(mark.clause) for mark in marks):
            return self.expect(*happenings, due=dues, **more)
        for mark in marks:
            self.case.add(mark, self.history)
        return self

    def binds(self, clause: str) -> bool:
        """Whether an executor that breaks this clause fails here."""
        return self.case.binds(clause)

    def expect_killed(
        self,
        *,
        pre: Attempts = 1,
        post: Attempts = (0, 1),
        background: Sequence[str] = (),
        may_change: Sequence[str] = (),
        verdict: Happening | None = None,
    ) -> Run:
        """The scenario killed the executor: no verdict is due, but nothing may stay (ROB-02).

        `pre` and `post` say how often the scripts are started, the others are as in `expect`.
        `verdict`: what a main process that still lives makes of the death of another of its own.
        """
        counts = {"pre": pre, "post": post}
        ranges = {s: (n, n) if isinstance(n, int) else n for s, n in counts.items()}
        arguments, paths = self.given.arguments(), self.given.paths()
        clauses = {
            script: "RUN-03.retries" if many else "RUN-03.zero"
            for script, many in self.given.retries().items()
        }
        happenings = [] if verdict is None else [verdict]
        row = row_of(self.policy, happenings)
        terms = Terms(
            row=row.rule,
            status=row.status,
            level=row.level,
            named=row.named,
            # What asked for its set before it died had to freeze before.
            freezes=True if self.policy.fsfreeze and self.history.snapshots else None,
            calls=None,
            scripts=tuple(
                ScriptTerms(
                    script, paths[script], arguments[script], *ranges[script], clauses[script]
                )
                for script in get_args(ScriptName)
            ),
            bound=self.bound,
            background=tuple(background),
            may_change=tuple(may_change),
        )
        expected = None
        if happenings:
            rules, reference = self.case.rules, self.case.reference
            expected = expected_of(self.policy, happenings, rules, reference=reference)
        self._judge(expected, terms)
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

    def check_recovered(self, killed: Run, *, post: Attempts = 1, own: int = 1) -> Run:
        """ROB-02, ROB-05: the killed run's post-script was run, as its config said, before this
        run's pre-script; `post` says how often, `own` how often this run starts its own."""
        least, most = (post, post) if isinstance(post, int) else post
        given = killed.given
        path = given.setting("postScriptLocation", POST_PATH)
        owed = Owed((path,), given.arguments()["post"], least, most, own)
        for finding in recovery.findings(killed.history, self.history, owed):
            self.case.add(finding, self.history)
        return self

    def _judge(self, expected: Expected | None, terms: Terms, about: Sequence[str] = ()) -> None:
        findings = judge(self.history, expected, terms)
        if about and not all(self.binds(clause) for clause in about):
            findings = without_consequences(findings, about, self.history.end.outcome)
        for finding in findings:
            self.case.add(finding, self.history)
