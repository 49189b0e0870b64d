"""One scenario of a certification at work: it does its level's part, judges, and keeps the record.

What is judged of the kit always binds: the claim (FBK-07), APP-01 and certification's own clauses.
The rest of the contract speaks of the executor, and binds as the rule set says.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.certify.application import KitFailed, script_files, usable_config
from harness.certify.clauses import CLAUSES, kit_finding, kit_line
from harness.certify.controls import oracle_lines, script_line, variants
from harness.certify.kit import Kit
from harness.certify.lint import LintFinding, lint
from harness.certify.rounds import Load, freeze_of, gap_of, pause_of, run_round
from harness.certify.situations import judge_situations
from harness.contract.clauses import CATALOGUE
from harness.contract.config import effective_timeout
from harness.contract.rulesets import binding
from harness.history import Consistency, Expected, Finding, History
from harness.machines.engine import Engine
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.images import ImageSpec, Progress, ensure_image
from harness.machines.layout import Layout
from harness.oracles.application import Proof, ledger
from harness.oracles.contract import reached_level
from harness.oracles.judge import judge
from harness.oracles.sabotage import prove_controls
from harness.oracles.terms import ScriptTerms, Terms
from harness.problem import UsageProblem
from harness.results.record import CheckLine, Line, RoundLine, RunLine, Status, check_of
from harness.results.verdict import is_bad, status_of, worst
from harness.targets.backup import backup
from harness.targets.situation import Situation
from harness.targets.target import Target

#: Rules that speak of what the user gets, and so of the kit.
_ALWAYS = ("APP-01", "FBK-07")


#: Operations that tell, after each situation of level 2, that the application goes on.
_GOES_ON = 12
#: One run can't tell what a kit keeps for good (a stamp, a log) from what it forgot.
_NEVER = ("ROB-03.files",)
#: What a backup under load must claim; anything less is no application consistent backup.
_CERTIFIED = Expected(("succeeded",), ("application",), (None,))


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
        spec = ImageSpec(kit.name, dockerfile=str(kit.folder / manifest.dockerfile))
    else:
        spec = ImageSpec(kit.name, tuple(dict.fromkeys(packages)))
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

    def contract(self) -> None:
        """The scripts in every situation of `situations`."""
        with self._kit_at_work(), self.host.guest(self._layout()) as guest:
            for finding in judge_situations(
                self.kit, guest, replace(self._scaled(), after=_GOES_ON)
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
        """One round, judged, with its oracle control.

        It begins up to half as many operations later as the seed has it, so that the rounds meet
        the application in different instants of its work.
        """
        chance = random.Random(f"{self.seed} {number}")  # noqa: S311  # nothing is kept secret
        later = chance.randrange(self.load.before // 2 + 1)
        self.load = replace(self.load, before=self.load.before + later)
        with self._kit_at_work():
            self._run(self.kit, lambda history: self._judge(number, history))

    def _judge(self, number: int, history: History) -> None:
        terms = self._terms(self.kit)
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
        self.record(round_line(number, self.scenario, status, history, terms))

    def script_control(self) -> None:
        """The rounds without scripts; information only."""
        with self._kit_at_work():
            for variant in variants(self.kit):
                history = self._run(variant.kit)
                self.record(script_line(variant, history, self.scenario, self.filesystem))

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

    def _run(self, kit: Kit, judge_it: Callable[[History], None] | None = None) -> History:
        """One round, recorded, and judged while its guest is still there to be kept."""
        config = usable_config(kit)
        situation = Situation(
            files=script_files(kit),
            timeout=float(effective_timeout(config, None)[0]),
            single_disk=kit.manifest.layout.single_disk,
            pre=config.pre_location,
            post=config.post_location,
        )

        def run(guest: Guest) -> History:
            self.target.install(guest)
            return backup(
                self.host,
                guest,
                self.target,
                situation,
                scenario=self.scenario,
                shape=kit.manifest.layout.shape,
                timeout_scale=self.timeout_scale,
            )

        def before_close(guest: Guest, history: History | None) -> None:
            if history is not None:
                self.record(RunLine(history.id, self.scenario, history))
                if judge_it is not None:
                    judge_it(history)
            if self.keep_seconds and (history is None or self.failed):
                self.host.keep(guest, self.keep_seconds)
                self.kept = guest.name

        return run_round(
            kit,
            self.host,
            run,
            image=self.image,
            load=self._scaled(),
            before_close=before_close,
        )

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


def round_line(
    number: int, scenario: str, status: Status, history: History, terms: Terms
) -> RoundLine:
    """The numbers of one round; `reached` is None where the round proves nothing."""
    proof = ledger(history)
    outcome = history.end.outcome
    level: Consistency | None = reached_level(history, terms).level
    if proof.proof is Proof.NOT_PROVEN:
        level = None
    operations = history.application.operations if history.application else ()
    return RoundLine(
        number=number,
        scenario=scenario,
        run=history.id,
        status=status,
        claimed=outcome.consistency if outcome else "none",
        reached=level,
        acknowledged=sum(o.acknowledged is not None for o in operations),
        lost=len(proof.lost),
        phantom=len(proof.phantom),
        torn=len(proof.halved) + len(proof.doubled),
        pause=pause_of(history),
        gap=gap_of(history),
        freeze=freeze_of(history),
        filesystem=history.disks[0].filesystem if history.disks else "",
        detail="; ".join(proof.doubts) or proof.counts,
    )


def static_lines(kit: Kit, scenario: str) -> tuple[CheckLine, ...]:
    """Level 1 as checks: one for each finding of lint, and one for each clause without any."""
    findings = lint(kit)
    lines = []
    for clause in ("KIT-1.config", "KIT-1.scripts", "KIT-1.shellcheck"):
        own = [f for f in findings if _clause_of(f) == clause]
        for found in own:
            place = f"{found.file}:{found.line}" if found.line else found.file
            observed = f"{place}: {found.message} [{found.rule}]; {found.remedy}"
            finding = kit_finding(clause, False, observed)
            lines.append(
                kit_line(
                    finding,
                    scenario,
                    warned=found.severity == "warning",
                    file=found.file,
                    at=found.line or 0,
                )
            )
        if not own:
            lines.append(kit_line(kit_finding(clause, True, "nothing was found"), scenario))
    return tuple(lines)


def require(checks: Sequence[CheckLine]) -> None:
    """Raise NotCertified with every check that binds and does not hold."""
    bad = [line for line in checks if is_bad(line.status)]
    if bad:
        raise NotCertified("\n".join(_failure(line) for line in bad))


def _clause_of(found: LintFinding) -> str:
    if found.rule.startswith("SC"):
        return "KIT-1.shellcheck"
    if found.rule.startswith(("CFG", "FILE-03")) or found.rule == "lint.same-script":
        return "KIT-1.config"
    return "KIT-1.scripts"


def _failure(line: CheckLine) -> str:
    text = f"{line.clause}: {line.expected}\n  observed: {line.observed}"
    return f"{text}\n  consequence: {line.consequence}" if line.consequence else text
