"""One scenario of a certification at work: it does its level's part, judges, and keeps the record.

What is judged of the kit always binds: the claim (FBK-07), APP-01 and certification's own clauses.
The rest of the contract speaks of the executor, and binds as the rule set says.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from harness.certify import aftermath
from harness.certify.application import KitFailed, script_files, usable_config
from harness.certify.clauses import CLAUSES, kit_finding, kit_line
from harness.certify.controls import oracle_lines, script_line, variants
from harness.certify.faults import Fault, Phase
from harness.certify.kit import Kit
from harness.certify.measures import round_line
from harness.certify.resilience import FaultRound, Meets, run_fault_round
from harness.certify.rounds import Load, run_round
from harness.certify.situations import Part, judge_situations
from harness.contract.clauses import CATALOGUE
from harness.contract.config import effective_timeout
from harness.contract.rulesets import binding
from harness.history import Expected, Finding, History
from harness.machines.engine import Engine
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.images import ImageSpec, Progress, ensure_image
from harness.machines.layout import Layout
from harness.oracles.application import Proof, ledger
from harness.oracles.judge import judge
from harness.oracles.sabotage import prove_controls
from harness.oracles.terms import ScriptTerms, Terms
from harness.problem import UsageProblem
from harness.results.record import CheckLine, Line, RunLine, Status, check_of
from harness.results.verdict import is_bad, status_of, worst
from harness.targets.backup import backup
from harness.targets.situation import Situation, SnapshotAnswer
from harness.targets.target import Target

#: Rules that speak of what the user gets, and so of the kit.
_ALWAYS = ("APP-01", "FBK-07")


#: Operations that tell, after each situation of level 2, that the application goes on.
_GOES_ON = 12
#: One run can't tell what a kit keeps for good (a stamp, a log) from what it forgot.
_NEVER = ("ROB-03.files",)
#: What a backup under load must claim; anything less is no application consistent backup.
_CERTIFIED = Expected(("succeeded",), ("application",), (None,))


_Done = TypeVar("_Done")


class NotCertified(AssertionError):
    """Something that binds does not hold; the message lists it."""


def kit_image(engine: Engine, kit: Kit, target: Target, progress: Progress) -> str:
    """The image of a kit's guests: its own packages or Dockerfile, with the executor's packages."""
    manifest = kit.manifest
    if target.image is not None:
        raise UsageProblem(
            f"the executor brings an image of its own ({target.image}), and kit {kit.name} needs "
            "another one",
            "name the executor's Debian packages in executor.toml instead of an image",
            "kit.image",
        )
    packages = (*manifest.packages, *target.packages)
    if manifest.dockerfile:
        spec = ImageSpec(kit.image_name, dockerfile=str(kit.folder / manifest.dockerfile))
    else:
        spec = ImageSpec(kit.image_name, tuple(dict.fromkeys(packages)))
    return ensure_image(engine, spec, progress)


@dataclass
class Session:
    """A scenario's hands. `image` is the kit's guests' image; `record` takes the lines."""

    kit: Kit
    host: Host
    target: Target
    rules: str
    image: str
    scenario: str
    record: Callable[[Line], None]
    timeout_scale: float = 1.0
    #: With a round's number it decides how far the load is when the backup begins.
    seed: int = 0
    #: For so many seconds the guest of a failed round is kept; `kept` is then its name.
    keep_seconds: float = 0.0
    kept: str | None = None
    load: Load = field(default_factory=Load)
    #: Why something was run and proves nothing: the certificate is then incomplete.
    doubts: list[str] = field(default_factory=list)
    checks: list[CheckLine] = field(default_factory=list)

    # -- level 2

    def contract(self, part: Part | None = None) -> None:
        """The scripts in every situation of `situations`, or in those of one part."""
        with self._kit_at_work(), self.host.guest(self._layout()) as guest:
            for finding in judge_situations(
                self.kit, guest, replace(self._scaled(), after=_GOES_ON), part
            ):
                self._add(
                    kit_line(
                        finding,
                        self.scenario,
                        filesystem=self.filesystem,
                        shape=self.kit.manifest.layout.shape,
                        file=self._file_of(finding),
                    )
                )

    # -- level 3

    def round(self, number: int) -> None:
        """One round, judged, with its oracle control."""
        self._begin_later(number)
        with self._kit_at_work():
            self._run(self.kit, partial(self._judge, number))

    def _judge(self, number: int, history: History) -> None:
        terms = self._terms(self.kit)
        status = self._judge_clean(history, terms)
        self.record(
            round_line(history, terms, number=number, scenario=self.scenario, status=status)
        )

    def _judge_clean(self, history: History, terms: Terms) -> Status:
        """A backup that nothing disturbed: all that it must show, and its oracle control."""
        before = len(self.checks)
        for finding in judge(history, _CERTIFIED, terms):
            self._add(self._line(finding, history))
        status = worst(line.status for line in self.checks[before:])
        proof = ledger(history)
        if proof.proof is Proof.NOT_PROVEN and not is_bad(status):
            status = "skipped"
            self.doubts += proof.doubts
        controls = prove_controls(history, terms)
        if status not in ("passed", "warned"):
            # Evidence that is itself against the kit, or none, says nothing when it is sabotaged.
            controls = tuple(control for control in controls if control.caught)
        for line in oracle_lines(controls, self.scenario, self.filesystem):
            self.record(line)
        return status

    def _begin_later(self, *words: object) -> None:
        """A backup begins up to half as many operations later as the seed has it, so that rounds
        meet the application in different instants of its work.
        """
        chance = random.Random(" ".join(map(str, (self.seed, *words))))  # noqa: S311  # no secret
        later = chance.randrange(self.load.before // 2 + 1)
        self.load = replace(self.load, before=self.load.before + later)

    def script_control(self) -> None:
        """The rounds of the script control; information only."""
        with self._kit_at_work():
            for variant in variants(self.kit):
                history = self._run(variant.kit, answer="apart" if variant.apart else "take")
                self.record(script_line(variant, history, self.scenario, self.filesystem))

    # -- level 4

    def fault_round(
        self, fault: Fault, number: int, usual: MutableMapping[Phase, float] | None = None
    ) -> None:
        """A backup under a fault and the next one, judged; `usual` are this kit's usual spans."""
        self._begin_later(fault.name)
        with self._kit_at_work():
            run_fault_round(
                self.kit,
                self.host,
                self._backups(self.kit),
                fault,
                seed=self.seed,
                usual={} if usual is None else usual,
                image=self.image,
                load=self._scaled(),
                before_close=partial(self._close, partial(self._judge_faults, number)),
            )

    def _judge_faults(self, number: int, done: FaultRound) -> None:
        for trial in done.trials:
            self.record(RunLine(trial.history.id, self.scenario, trial.history))
        terms = self._terms(self.kit)
        again = replace(terms, scripts=aftermath.after_a_fault(terms.scripts))
        bad: list[str] = []
        for trial in done.trials:
            before = len(self.checks)
            if trial.role == "faulty":
                self._judge_faulty(number, done, terms)
                continue
            status = self._judge_clean(trial.history, again if trial.role == "next" else terms)
            if trial.role == "next":
                bad = [line.clause for line in self.checks[before:] if is_bad(line.status)]
                self.record(
                    aftermath.next_line(
                        done, trial, again, number=number, scenario=self.scenario, status=status
                    )
                )
        if done.faulty is None and all(trial.back == "back" for trial in done.trials):
            self.doubts.append(f"{aftermath.what_happened(done)}: nothing met it")
            return
        for finding in (
            aftermath.comes_back(done),
            aftermath.true_sets(done, terms),
            aftermath.next_clean(done, bad),
        ):
            self._add(kit_line(finding, self.scenario, filesystem=self.filesystem))

    def _judge_faulty(self, number: int, done: FaultRound, terms: Terms) -> None:
        trial = done.faulty
        if trial is None:
            return
        history, before = trial.history, len(self.checks)
        heeds = self.target.identity.kind == "reference"
        held = aftermath.terms_of_faulty(terms, done.fault, history, heeds=heeds)
        for finding in aftermath.faulty_findings(done, held):
            self._add(self._line(finding, history))
        status = worst((line.status for line in self.checks[before:]), "passed")
        self.record(
            aftermath.faulty_line(
                done, trial, held, number=number, scenario=self.scenario, status=status
            )
        )

    # -- the verdict of this scenario

    def conclude(self) -> None:
        """Raise NotCertified with all that binds and does not hold."""
        require(self.checks)

    @property
    def failed(self) -> bool:
        """Whether something that binds does not hold."""
        return any(is_bad(line.status) for line in self.checks)

    @property
    def filesystem(self) -> str:
        """That of the kit's first disk, for the record."""
        return self.kit.manifest.layout.disks[0].filesystem

    # -- inside

    @contextlib.contextmanager
    def _kit_at_work(self) -> Iterator[None]:
        """What the kit's application does wrong is a finding, and no end of the session."""
        try:
            yield
        except KitFailed as failure:
            finding = kit_finding("KIT-0.application", False, str(failure))
            self._add(kit_line(finding, self.scenario, filesystem=self.filesystem))

    def _file_of(self, finding: Finding) -> str:
        """The file of the kit to look at where this does not hold, "" where that is unknown."""
        files = {"pre": self.kit.pre.path, "post": self.kit.post.path}
        return "" if finding.holds else files.get(CLAUSES[finding.clause].script, "")

    def _layout(self) -> Layout:
        return replace(self.kit.manifest.layout, image=self.image)

    def _scaled(self) -> Load:
        return replace(self.load, within=self.load.within * self.timeout_scale)

    def _run(
        self,
        kit: Kit,
        judge_it: Callable[[History], None] | None = None,
        answer: SnapshotAnswer = "take",
    ) -> History:
        """One round, recorded, and judged while its guest is still there to be kept."""

        def recorded(history: History) -> None:
            self.record(RunLine(history.id, self.scenario, history))
            if judge_it is not None:
                judge_it(history)

        backups = self._backups(kit)
        return run_round(
            kit,
            self.host,
            lambda guest: backups(guest, Meets(snapshots=(answer,))),
            image=self.image,
            load=self._scaled(),
            before_close=partial(self._close, recorded),
        )

    def _close(self, judge_it: Callable[[_Done], None], guest: Guest, done: _Done | None) -> None:
        """Judge what was done in a guest, None where the kit failed, and keep it if it is bad."""
        if done is not None:
            judge_it(done)
        if self.keep_seconds and (done is None or self.failed):
            self.host.keep(guest, self.keep_seconds)
            self.kept = guest.name

    def _backups(self, kit: Kit) -> Callable[[Guest, Meets], History]:
        """The executor's runs with this kit, in guests in which it is installed at the first."""
        config = usable_config(kit)
        plain = Situation(
            files=script_files(kit),
            timeout=float(effective_timeout(config, None)[0]),
            heeds_bound=self.target.identity.kind == "reference",
            single_disk=kit.manifest.layout.single_disk,
            pre=config.pre_location,
            post=config.post_location,
            read=True,
        )
        installed: set[str] = set()

        def run(guest: Guest, meets: Meets) -> History:
            if guest.name not in installed:
                self.target.install(guest)
                installed.add(guest.name)
            return backup(
                self.host,
                guest,
                self.target,
                replace(
                    plain,
                    triggers=meets.triggers,
                    snapshots=meets.snapshots,
                    freeze_bound=meets.freeze_bound,
                ),
                scenario=self.scenario,
                shape=kit.manifest.layout.shape,
                timeout_scale=self.timeout_scale,
                during=meets.during,
            )

        return run

    def _add(self, line: CheckLine) -> None:
        self.checks.append(line)
        self.record(line)

    def _line(self, finding: Finding, history: History) -> CheckLine:
        clause = CATALOGUE[finding.clause]
        reason = self.target.not_applicable.get(clause.rule)
        binds = clause.rule in _ALWAYS or binding(clause, self.rules)
        binds = binds and finding.clause not in _NEVER
        return check_of(
            finding,
            status="not-applicable" if reason else status_of(finding, binds, history.end),
            basis=clause.basis,
            scenario=self.scenario,
            run=history.id,
            filesystem=self.filesystem,
            shape=history.shape,
        )

    def _terms(self, kit: Kit) -> Terms:
        config = usable_config(kit)
        budget = float(effective_timeout(config, None)[0])
        return Terms(
            row="FBK-01",
            freezes=config.fsfreeze,
            scripts=(
                ScriptTerms(
                    "pre",
                    paths=(config.pre_location,),
                    arguments=config.pre_params,
                    most=1 + config.pre_retries,
                    budget=budget,
                ),
                ScriptTerms(
                    "post",
                    paths=(config.post_location,),
                    arguments=config.post_params,
                    most=1 + config.post_retries,
                    budget=budget,
                ),
            ),
        )


def require(checks: Sequence[CheckLine]) -> None:
    """Raise NotCertified with every check that binds and does not hold."""
    bad = [line for line in checks if is_bad(line.status)]
    if bad:
        raise NotCertified("\n".join(_failure(line) for line in bad))


def _failure(line: CheckLine) -> str:
    text = f"{line.clause}: {line.expected}\n  observed: {line.observed}"
    return f"{text}\n  consequence: {line.consequence}" if line.consequence else text
