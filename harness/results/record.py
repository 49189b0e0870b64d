"""The lines of results.jsonl, typed, and how they become JSON and come back.

One JSON object a line, `type` first; a field that has its default value is left out. Text of a
guest may hold surrogate escapes, so the file is plain ASCII with JSON escapes. Lines appear in
this order: a header, a plan, then scenarios, checks, runs, rounds and controls as they happen,
and a footer. Durations are seconds; `started` and `ended` are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import cattrs

from harness import serialize
from harness.history import Consistency, Finding, Harm, History

#: Version of the file format; a reader refuses a newer one.
SCHEMA = 1

Status = Literal[
    "not-applicable",
    "skipped",
    "passed",
    "warned",
    "failed",
    "hung",
    "crashed",
    "harness-error",
]
VerdictWord = Literal[
    "conforms",
    "does-not-conform",
    "incomplete",
    "not-proven",
    "harness-failed",
    "wrong-usage",
]


@dataclass(frozen=True)
class ExecutorInfo:
    """The executor under test; `not_applicable` maps rules that it declares so to its reasons.

    `digest` is a sha256 over all its files, `files` the one of each.
    """

    name: str
    version: str = ""
    kind: str = "reference"
    digest: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KitInfo:
    """The script kit that a certification is about; `level` and `rounds` are what was asked for.

    `digest` is a sha256 over all its files, `files` the one of each by its path in the kit;
    `packages` are the versions of what its guests need besides the base; `folder` is where the kit
    was, relative to where the command was given if it lay below.
    """

    name: str
    version: str = ""
    vendor: str = ""
    level: int = 3
    digest: str = ""
    rounds: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True)
class Deviation:
    """A failure that is known and accepted for a while, as `deviations.parse` reads it.

    It is about a clause or a rule (`clause`), a scenario, or both; in the certification of one
    `kit`, or everywhere. `expires` is a day (ISO 8601) from which on it is an error.
    """

    reason: str
    link: str
    owner: str
    expires: str
    clause: str = ""
    scenario: str = ""
    kit: str = ""


@dataclass(frozen=True)
class Header:
    """What was run, and on what; `command` is the command line that runs it again.

    `selection` are the options that chose a part of the scenarios.

    `deviations` are the known ones that this run was judged with. `replay`: nothing was run, the
    runs of that record were judged again.
    """

    suite: str
    command: str
    rules: str
    executor: ExecutorInfo
    engine: str
    kernel: str
    image: str
    seed: int
    started: str
    selection: str = ""
    workers: int = 1
    kit: KitInfo | None = None
    deviations: tuple[Deviation, ...] = ()
    replay: str = ""
    schema: int = SCHEMA


@dataclass(frozen=True)
class PlanLine:
    """The scenarios that were selected: what a finished record must account for.

    `left_out` are those that the selection kept out: records that hold each other's make a whole.
    """

    scenarios: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScenarioLine:
    """How one scenario ended.

    `status` is the worst of its checks, or what kept it from being judged. `message` and `remedy`
    say what went wrong where that is not a check; `replay` is the command that runs it alone.
    `stories` are real failures of this kind, each with its source. `deviation` says that it failed,
    and by which known deviation that is accepted; its status is then "warned".
    """

    id: str
    status: Status
    seconds: float
    message: str = ""
    remedy: str = ""
    ref: str = ""
    skipped_reason: str = ""
    title: str = ""
    worker: str = ""
    replay: str = ""
    stories: tuple[str, ...] = ()
    deviation: str = ""


@dataclass(frozen=True)
class CheckLine:
    """One observation held against one clause of the contract.

    `run` is the id of the RunLine it was read from, empty where there was none; `harm` is the
    name of a `history.Harm` in lower case with hyphens, empty unless the check failed or warned.
    `deviation` is as in the scenario's line.
    `file` is the file of the kit that it speaks of, relative to the kit's folder, `at` the line in
    it, 0 where the whole file is meant.
    """

    scenario: str
    run: str
    clause: str
    rule: str
    basis: str
    status: Status
    expected: str
    observed: str
    harm: str = ""
    consequence: str = ""
    filesystem: str = ""
    shape: str = ""
    deviation: str = ""
    file: str = ""
    at: int = 0


@dataclass(frozen=True)
class RunLine:
    """Everything that was observed of one backup run."""

    id: str
    scenario: str
    history: History


@dataclass(frozen=True)
class RoundLine:
    """One round of a certification: a backup under load, restored and proven.

    `claimed` is the executor's level, `reached` what the restored set showed, None where that was
    not proven. Counts are operations of the workload: acknowledged ones in the round, and of the
    restored ones lost, phantom (issued after the set) and torn (there by half). Seconds:
    `quiesced` from the start of the pre-script to the end of the post-script, `pause` from the
    last acknowledgement before the set to the first after it, `gap` the longest silence between
    two acknowledgements at any other time, `freeze` from the first freeze to the last thaw.
    `fault` says what was injected and when, with `after_fault` what the backup before had met.
    What a faulty set holds that nobody called application consistent is told in `detail` alone.
    """

    number: int
    scenario: str
    run: str
    status: Status
    claimed: Consistency
    reached: Consistency | None
    acknowledged: int = 0
    lost: int = 0
    phantom: int = 0
    torn: int = 0
    quiesced: float | None = None
    pause: float | None = None
    gap: float | None = None
    freeze: float | None = None
    filesystem: str = ""
    fault: str = ""
    after_fault: bool = False
    detail: str = ""


@dataclass(frozen=True)
class ControlLine:
    """A control: what the proof itself is worth.

    kind "oracle": the evidence was sabotaged; `caught` must be True. kind "script": the same round
    without what the scripts do, or on storage that is no single instant; information, `caught`
    tells whether it made a difference.
    """

    name: str
    kind: Literal["oracle", "script"]
    caught: bool
    detail: str = ""
    scenario: str = ""
    filesystem: str = ""


@dataclass(frozen=True)
class Footer:
    """The end of a complete record.

    `counts` has "scenarios" and "checks", each a mapping of status to number; `why` are the
    sentences that the verdict rests on; `digest` is the sha256 of all bytes before this line.
    """

    counts: Mapping[str, Mapping[Status, int]]
    verdict: VerdictWord
    exit_code: int
    ended: str
    digest: str
    why: tuple[str, ...] = ()
    interrupted: str = ""


Line = Header | PlanLine | ScenarioLine | CheckLine | RunLine | RoundLine | ControlLine | Footer

TYPES: Mapping[str, type[Line]] = {
    "header": Header,
    "plan": PlanLine,
    "scenario": ScenarioLine,
    "check": CheckLine,
    "run": RunLine,
    "round": RoundLine,
    "control": ControlLine,
    "footer": Footer,
}
_NAMES: Mapping[type[Line], str] = {kind: name for name, kind in TYPES.items()}

_converter = cattrs.Converter(omit_if_default=True)
# A stored history has one form, whoever stores it.
_converter.register_unstructure_hook(History, serialize.to_data)
_converter.register_structure_hook(History, lambda data, _: serialize.from_data(data))
_converter.register_structure_hook(float, serialize.finite)
_AnyLine = TypeVar("_AnyLine", bound=Line)


@dataclass(frozen=True)
class Record:
    """All lines of one results.jsonl; `footer` is None where the run did not reach its end.

    What belongs to one scenario stands together, the scenarios in the order of their ids: the
    order in which workers happened to finish says nothing.
    """

    header: Header
    plan: tuple[str, ...] = ()
    scenarios: tuple[ScenarioLine, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    runs: tuple[RunLine, ...] = ()
    rounds: tuple[RoundLine, ...] = ()
    controls: tuple[ControlLine, ...] = ()
    footer: Footer | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def lines(self) -> tuple[Line, ...]:
        """What a verdict is judged from: every line but header and footer."""
        plan = (PlanLine(self.plan, self.left_out),) if self.plan or self.left_out else ()
        return (*plan, *self.scenarios, *self.checks, *self.rounds, *self.controls, *self.runs)

    def checks_of(self, scenario: str) -> tuple[CheckLine, ...]:
        """The checks of one scenario, in the order in which they were made."""
        return tuple(c for c in self.checks if c.scenario == scenario)

    def run(self, run_id: str) -> RunLine | None:
        """One run by its id."""
        return next((r for r in self.runs if r.id == run_id), None)


def encode(line: Line) -> bytes:
    """One line as it stands in the file, newline included."""
    body = {"type": _NAMES[type(line)], **_converter.unstructure(line)}
    if isinstance(line, Header):
        body["schema"] = line.schema  # stands in each file, also while it is the default
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def decode(body: Mapping[str, Any]) -> Line:
    """The typed line of one JSON object; unknown keys are left out of account.

    Raises ValueError, in words, where `type` is unknown or a field is missing or of a wrong kind.
    """
    name = body.get("type")
    if not isinstance(name, str) or name not in TYPES:
        raise ValueError(f"unknown type of line: {name!r}")
    return _structure(body, TYPES[name])


def _structure(body: Mapping[str, Any], kind: type[_AnyLine]) -> _AnyLine:
    try:
        return _converter.structure(body, kind)
    except Exception as error:  # cattrs has no common base for what it raises
        details = "; ".join(cattrs.transform_error(error, path=body.get("type", "line")))
        raise ValueError(details) from error


def harm_name(harm: Harm) -> str:
    """A harm as it is written: `Harm.FALSE_CONSISTENCY` is "false-consistency"."""
    return harm.name.lower().replace("_", "-")


def check_of(
    finding: Finding,
    *,
    status: Status,
    basis: str,
    scenario: str,
    run: str = "",
    filesystem: str = "",
    shape: str = "",
) -> CheckLine:
    """The line of a finding; `status` is `verdict.status_of`'s, `basis` the clause's."""
    bad = not finding.holds
    return CheckLine(
        scenario=scenario,
        run=run,
        clause=finding.clause,
        rule=finding.rule,
        basis=basis,
        status=status,
        expected=finding.expected,
        observed=finding.observed,
        harm=harm_name(finding.harm) if bad else "",
        consequence=finding.consequence if bad else "",
        filesystem=filesystem,
        shape=shape,
    )
