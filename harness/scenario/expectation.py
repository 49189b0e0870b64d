"""From what a scenario says that happens to what is due: the verdict, its clauses, the scripts.

Pure. The verdict comes from the contract's fold, in every reading that the rule set accepts; here
it is only said which clause each part of it is held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ErrorName
from harness.contract.readings import accepted, error_clause
from harness.contract.rulesets import STRICT
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    NotConfigured,
    PluginHostFinding,
    Policy,
    PostSucceeded,
    PreSucceeded,
    Refused,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
    effective_policy,
    judge,
    proceeds,
)
from harness.history import Consistency, Expected, ScriptName, Status
from harness.oracles.terms import FreezeTrouble, Refusal, ScriptTerms

_TIMEOUTS = {ErrorName.PRE_TIMEOUT.value, ErrorName.POST_TIMEOUT.value}
_NOT_FOUND = {ErrorName.PRE_NOT_FOUND.value, ErrorName.POST_NOT_FOUND.value}
_PERMISSION = {ErrorName.PRE_PERMISSION.value, ErrorName.POST_PERMISSION.value}

#: What came in the way of a post-script that is run all the same (RUN-06), by the verdict's row.
_POST_AFTER = {
    "FBK-03": "RUN-06.after-pre",
    "FBK-06": "RUN-06.after-freeze",
    "SNP-02": "RUN-06.after-snapshot",
}

#: The reason of a timeout that found no attempt running: the time was spent between two (RUN-04).
SPENT = "spent"

#: Rows in which a single disk is spared the failure, and the clause that says so (FBK-08).
_MERCY = {
    "FBK-02a": "FBK-08.script-finding",
    "FBK-02b": "FBK-08.script-finding",
    "FBK-03": "FBK-08.script-finding",
    "FBK-04": "FBK-08.script-finding",
    "FBK-06": "FBK-08.freeze-failure",
}

#: What happens only after the pre-script: whether it happens at all is what is asked.
_AFTER_PRE = (
    FreezeDone,
    FreezeOff,
    FreezeFailed,
    SnapshotTaken,
    SnapshotFailed,
    PostSucceeded,
)

#: How often a script is started: a number, or from one number to another.
Attempts = int | tuple[int, int]


@dataclass(frozen=True)
class Row:
    """Where a verdict is looked up: its rule, and the clauses of status, level and error name.

    `counted` is the clause that says that what happened counts as this row.
    """

    rule: str
    status: str
    level: str
    named: str = ""
    counted: str = ""


@dataclass(frozen=True)
class Course:
    """How far the run goes: None where the rule set accepts both.

    `scripts_run` is False where no script may start.
    """

    scripts_run: bool
    freezes: bool | None
    calls: int | None


def expected_of(
    policy: Policy, happenings: Sequence[Happening], rules: str, *, reference: bool = False
) -> Expected:
    """Every verdict that the rule set accepts, of the `reference` executor or of another."""
    verdicts = accepted(policy, happenings, rules, reference=reference)
    return Expected(
        status=tuple(dict.fromkeys(cast(Status, v.status) for v in verdicts)),
        consistency=tuple(dict.fromkeys(cast(Consistency, v.consistency) for v in verdicts)),
        primary=tuple(dict.fromkeys(v.errors[0] if v.errors else None for v in verdicts)),
        errors=tuple(dict.fromkeys(v.errors for v in verdicts)),
    )


def row_of(policy: Policy, happenings: Sequence[Happening]) -> Row:
    """The row of the verdict table that these happenings lead to; the earliest anomaly decides."""
    rows = [row for row in map(_row, happenings) if row is not None]
    # That nothing is configured is no anomaly: whatever else went wrong decides.
    row = next((row for row in rows if row.rule != "FILE-02"), rows[0] if rows else None)
    if row is None:
        # Where nothing went wrong no error may be named either.
        return Row("FBK-01", "FBK-01.status", "FBK-01.level", "PLG-01.primary")
    if any(isinstance(h, SnapshotFailed) for h in happenings):
        return replace(row, status="SNP-02.verdict", level="SNP-02.verdict")
    if not policy.single_disk or row.rule not in _MERCY:
        return row
    if not policy.continue_on_failure:
        return replace(row, status=_MERCY[row.rule], level=_MERCY[row.rule])
    return row if row.rule == "FBK-06" else replace(row, level="FBK-08.either")


def unfrozen_of(policy: Policy, happenings: Sequence[Happening]) -> str:
    """The clause that forbids the freeze where there is none; "" where no clause does."""
    if not effective_policy(policy, happenings).fsfreeze:
        return "FRZ-02.none"
    rule = row_of(policy, happenings).rule
    if policy.single_disk and rule in _MERCY:
        return "FBK-08.no-freeze"
    return "FBK-03.no-snapshot" if rule == "FBK-03" else ""


def _row(happening: Happening) -> Row | None:
    named = error_clause(happening)
    if isinstance(happening, Refused):
        return Row("ROB-01", "ROB-01.refused", "ROB-01.refused", named)
    if isinstance(happening, NotConfigured):
        return _table("FILE-02", named)
    if isinstance(happening, ConfigFinding | PluginHostFinding):
        return _table("FBK-05", named)
    if isinstance(happening, ScriptFinding):
        if happening.phase == "recover":
            return Row("ROB-05", "ROB-05.fallback", "ROB-05.fallback", named)
        if happening.phase == "precheck":
            return _table("FBK-02a" if happening.name in _NOT_FOUND else "FBK-02b", named)
        row = _table("FBK-03" if happening.phase == "pre" else "FBK-04", named)
        return replace(row, counted="FILE-09.failure") if _judged_again(happening) else row
    if isinstance(happening, FreezeFailed):
        return _table("FBK-06", named)
    if isinstance(happening, SnapshotFailed):
        return Row("SNP-02", "SNP-02.verdict", "SNP-02.verdict", named)
    return None


def _judged_again(finding: ScriptFinding) -> bool:
    """FILE-09: what a script was when it was to be started, not what it did."""
    return finding.phase in ("pre", "post") and finding.name in _NOT_FOUND | _PERMISSION


def _table(rule: str, named: str) -> Row:
    return Row(rule, f"{rule}.status", f"{rule}.level", named)


def course_of(
    policy: Policy, happenings: Sequence[Happening], rules: str, *, reference: bool = False
) -> Course:
    """What the executor does in this situation, by the same fold that gives the verdict."""
    before = [
        h
        for h in happenings
        if not isinstance(h, _AFTER_PRE)
        and not (isinstance(h, ScriptFinding) and h.phase == "post")
    ]
    scripts_run = not any(
        isinstance(h, NotConfigured | ConfigFinding | PluginHostFinding | Refused)
        or (isinstance(h, ScriptFinding) and h.phase in ("recover", "precheck"))
        for h in happenings
    )
    due = proceeds(policy, before)
    verdicts = accepted(policy, happenings, rules, reference=reference)
    both = len({verdict.status for verdict in verdicts}) > 1
    levels = {verdict.consistency for verdict in verdicts} - {"none"}
    stops = any(isinstance(h, FreezeFailed) and h.phase == "freeze" for h in happenings)
    goes_on = due.snapshot and not (stops and not policy.continue_on_failure)
    if stops and policy.single_disk:
        goes_on = True
    # No documented source says what becomes of a backup whose framework can't be used (FILE-02).
    unsaid = rules != STRICT and any(
        isinstance(h, NotConfigured | ConfigFinding | PluginHostFinding) for h in happenings
    )
    freezes: bool | None = due.freeze
    # Who goes on where a failure is accepted too has frozen all the same, if that is due by then.
    if (both and not due.snapshot) or len(levels) > 1 or stops or unsaid:
        freezes = None
    return Course(scripts_run, freezes, None if both or unsaid else int(goes_on))


def refusal_of(happenings: Sequence[Happening]) -> Refusal:
    """What the first finding of the precheck means by the clauses of its own file."""
    for happening in happenings:
        if isinstance(happening, ScriptFinding) and happening.phase == "recover":
            return Refusal()  # a script did run: the interrupted run's
        if isinstance(happening, PluginHostFinding):
            return Refusal("FILE-06.no-scripts", "FILE-06.level")
        if isinstance(happening, ConfigFinding) and f"CFG-03.{happening.reason}" in CATALOGUE:
            well = not any(isinstance(h, FreezeFailed | SnapshotFailed) for h in happenings)
            return Refusal("CFG-03.no-scripts", goes_on="CFG-03.policy" if well else "")
        if isinstance(happening, ScriptFinding) and happening.phase == "precheck":
            wrong_mode = error_clause(happening) in ("FILE-04.error", "FILE-04.special-bits")
            return Refusal("FILE-04.no-scripts" if wrong_mode else "")
    return Refusal()


def freeze_trouble_of(policy: Policy, happenings: Sequence[Happening]) -> FreezeTrouble | None:
    """What goes wrong with the freeze, None where it goes well (FRZ-04, FRZ-06)."""
    phases = [h.phase for h in happenings if isinstance(h, FreezeFailed)]
    if not phases:
        return None
    fails_run = judge(policy, happenings).status == "failed"
    return FreezeTrouble("fails" if "freeze" in phases else "thawed", fails_run)


def scripts_of(
    row: Row,
    course: Course,
    happenings: Sequence[Happening],
    *,
    attempts: Mapping[str, Attempts],
    arguments: Mapping[str, tuple[str, ...]],
    paths: Mapping[str, tuple[str, ...]],
    retries: Mapping[str, int],
    budget: float,
) -> tuple[ScriptTerms, ...]:
    """What is due of each script; `attempts` where it is not one start."""
    failed = {h.phase: h for h in happenings if isinstance(h, ScriptFinding)}
    successes = {"pre": PreSucceeded, "post": PostSucceeded}
    terms = []
    names: tuple[ScriptName, ...] = ("pre", "post")
    for script in names:
        if not course.scripts_run and script not in attempts:
            clause = _no_scripts_clause(row, happenings)
            terms.append(ScriptTerms(script, least=0, most=0, attempts=clause))
            continue
        wanted = attempts.get(script, 1)
        least, most = (wanted, wanted) if isinstance(wanted, int) else wanted
        finding = failed.get(script)
        succeeded = any(isinstance(h, successes[script]) for h in happenings)
        retried = retries[script] > 0
        terms.append(
            ScriptTerms(
                script,
                paths=paths[script],
                arguments=arguments[script],
                least=least,
                most=most,
                attempts=_attempts_clause(row, script, most, finding, succeeded and retried),
                run=_run_clauses(row, script, least),
                succeeds=_success_clauses(succeeded, retried),
                budget=budget,
                times_out=finding is not None
                and finding.name in _TIMEOUTS
                and finding.reason != SPENT,
            )
        )
    return tuple(terms)


def _no_scripts_clause(row: Row, happenings: Sequence[Happening]) -> str:
    if row.rule == "ROB-01":
        return "ROB-01.refused"
    unconfigured = any(isinstance(h, NotConfigured) for h in happenings) and row.rule != "ROB-05"
    return "FILE-02.no-scripts" if unconfigured else f"{row.rule}.no-scripts"


def _attempts_clause(
    row: Row, script: str, count: int, finding: ScriptFinding | None, until_success: bool
) -> str:
    if finding is not None and _judged_again(finding):
        if count > 0:
            return "FILE-09.final"
        return "FILE-09.permission" if finding.name in _PERMISSION else "FILE-09.not-found"
    if finding is not None and finding.name in _TIMEOUTS:
        if finding.reason != SPENT:
            return "RUN-05.no-retry"
        return "RUN-04.spent" if count == 1 else "RUN-04.all-attempts"
    if script == "post" and row.rule in ("FBK-03", "FBK-06"):
        return f"{row.rule}.post-runs"
    if script == "post" and row.rule == "SNP-02":
        return "SNP-02.post"
    if until_success:
        return "RUN-03.until-success"
    return "RUN-03.zero" if count == 1 else "RUN-03.retries"


def _run_clauses(row: Row, script: str, least: int) -> tuple[str, ...]:
    """What says, besides the count's own clause, that a script is really executed."""
    clauses = ["RUN-03.retries", "RUN-03.executed"] if least > 1 else []
    if script == "post" and least > 0 and row.rule in _POST_AFTER:
        clauses.append(_POST_AFTER[row.rule])
        clauses += [row.counted] if row.counted else []
    return tuple(clauses)


def _success_clauses(succeeded: bool, retried: bool) -> tuple[str, ...]:
    if not succeeded:
        return ()
    return ("RUN-02.success", "RUN-03.until-success") if retried else ("RUN-02.success",)
