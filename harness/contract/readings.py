"""The readings of the contract: every verdict that may be given, and the clause of each error.

The sources leave some verdicts open; outside the rule set "strict" each of their readings is
accepted. The executor never asks for these, only the harness does.
"""

from __future__ import annotations

from typing import FrozenSet, List, Mapping, Sequence, Tuple

from .clauses import CATALOGUE
from .errors import ErrorName
from .rulesets import STRICT
from .verdict import (
    ConfigFinding,
    FreezeFailed,
    Happening,
    NotConfigured,
    PluginHostFinding,
    Policy,
    Refused,
    ScriptFinding,
    SnapshotFailed,
    Verdict,
    any_of,
    effective_policy,
    judge,
)


def accepted(
    policy: Policy, happenings: Sequence[Happening], rules: str, *, reference: bool = False
) -> Tuple[Verdict, ...]:
    """Every verdict that an executor may give under `rules`; the first is `judge`'s.

    `policy` is what the config file says, also where it can't be trusted. Under every rule set:
    the two readings of FBK-08 where continueBackupOnFailure is true (the `reference` executor has
    but one, it tells what it froze), and SnapshotFailed without FsFreezeFailed (FRZ-06). Outside
    "strict" also what the sources leave open: FBK-02b and FBK-05 with continueBackupOnFailure
    false, FBK-05's level, a freeze failure with false, the run that fails where only this project
    says that it goes on (after a freeze failure, a permission finding, a recovery), and, where a
    finding rests on a reason of this project alone (FILE-03 with mode 400, a duplicate key, a
    recovery), the run that did not make it and went well.
    """
    expected = judge(policy, happenings)
    readings = [expected]
    either = _either_level(policy, happenings) and not reference
    if either and expected.consistency == "file-system":
        readings.append(expected._replace(consistency="crash"))
    if any_of(happenings, SnapshotFailed):
        readings.extend(_one_error_enough(expected, happenings))
    if rules != STRICT:
        readings.extend(_left_open(policy, happenings, expected))
    return tuple(dict.fromkeys(readings))


def _either_level(policy: Policy, happenings: Sequence[Happening]) -> bool:
    return (
        policy.single_disk
        and effective_policy(policy, happenings).continue_on_failure
        and any_of(happenings, ScriptFinding)
    )


def _one_error_enough(expected: Verdict, happenings: Sequence[Happening]) -> List[Verdict]:
    """FRZ-06: thawed too early, and the snapshot failed: which came first can't be told."""
    thawed = [h for h in happenings if isinstance(h, FreezeFailed) and h.phase != "freeze"]
    if not thawed or any(isinstance(h, FreezeFailed) and h.phase == "freeze" for h in happenings):
        return []
    pair = (ErrorName.FREEZE_FAILED.value, ErrorName.SNAPSHOT_FAILED.value)
    rest = tuple(name for name in expected.errors if name not in pair)
    before = tuple(
        name for name in expected.errors[: expected.errors.index(pair[0])] if name not in pair
    )
    after = rest[len(before) :]
    return [
        expected._replace(errors=before + names + after)
        for names in ((pair[1],), (pair[1], pair[0]), pair)
    ]


#: Reasons that only this project gives; what another executor makes of such a file is its own
#: affair outside "strict". Reasons that leave nothing to run (an empty path) are not among them.
_OWN_REASONS: Mapping[type, FrozenSet[str]] = {
    ConfigFinding: frozenset(
        (
            "bom",
            "bool-is-no-number",
            "constant",
            "directory",
            "duplicate-key",
            "encoding",
            "float-is-no-number",
            "narrow",
            "negative",
            "nul",
            "null",
            "params",
            "poll",
            "relative-path",
            "surrogate",
            "timeout",
            "type",
        )
    ),
    PluginHostFinding: frozenset(
        (
            "dangling",
            "empty",
            "empty-value",
            "encoding",
            "missing-key",
            "missing-section",
            "no-plugin",
            "not-a-number",
            "not-regular",
            "owner",
            "permissions",
        )
    ),
    ScriptFinding: frozenset(("directory", "special-bits")),
}
_PERMISSION = frozenset((ErrorName.PRE_PERMISSION.value, ErrorName.POST_PERMISSION.value))


def _left_open(policy: Policy, happenings: Sequence[Happening], expected: Verdict) -> List[Verdict]:
    """The readings that the documented sources allow beside the project's."""
    if any_of(happenings, SnapshotFailed, Refused):
        return []
    errors = expected.errors
    fallen = [Verdict("succeeded", "crash", errors)]
    if policy.fsfreeze and not any_of(happenings, FreezeFailed):
        fallen.insert(0, Verdict("succeeded", "file-system", errors))
    readings: List[Verdict] = []
    if _may_fail(policy, happenings):
        readings.append(Verdict("failed", "none", errors))
    scripts = [h for h in happenings if isinstance(h, ScriptFinding)]
    refused = [h for h in scripts if h.phase == "precheck" and str(h.name) in _PERMISSION]
    if any_of(happenings, ConfigFinding, PluginHostFinding):
        readings.extend(fallen)
        if not policy.continue_on_failure:
            readings.append(Verdict("failed", "none", errors))
    elif scripts and len(refused) == len(scripts) and not policy.continue_on_failure:
        readings.extend(fallen)
    elif any_of(happenings, FreezeFailed) and not scripts and expected.status == "failed":
        readings.append(Verdict("succeeded", "crash", errors))
    findings = [
        h for h in happenings if isinstance(h, (ConfigFinding, PluginHostFinding, ScriptFinding))
    ]
    if findings and all(map(_own_reason, findings)) and not any_of(happenings, FreezeFailed):
        readings.append(Verdict("succeeded", "application"))
    return readings


def _may_fail(policy: Policy, happenings: Sequence[Happening]) -> bool:
    """That such a run goes on is this project's word alone: FBK-06, FBK-02b, FILE-09, ROB-05.

    On a single disk it does after any script finding of its own (FBK-08).
    """
    scripts = [h for h in happenings if isinstance(h, ScriptFinding)]
    if any_of(happenings, FreezeFailed) or any(h.phase == "recover" for h in scripts):
        return True
    refused = bool(scripts) and all(str(h.name) in _PERMISSION for h in scripts)
    return refused and not policy.single_disk


def _own_reason(finding: Happening) -> bool:
    if isinstance(finding, ScriptFinding) and finding.phase == "recover":
        return True  # ROB-05: no source speaks of recoveries
    if isinstance(finding, ScriptFinding) and finding.phase in ("pre", "post"):
        return str(finding.name) in _PERMISSION  # FILE-09: judged a second time
    if isinstance(finding, (ConfigFinding, PluginHostFinding, ScriptFinding)):
        return finding.reason in _OWN_REASONS[type(finding)]
    return False


_CONFIG_CLAUSES = {
    "dangling": "FILE-02.dangling",
    "directory": "FILE-08.config",
    "narrow": "FILE-03.narrow",
    "permissions": "FILE-03.error",
    "regular": "FILE-03.regular",
}
_PLUGIN_HOST_CLAUSES = {
    "dangling": "FILE-06.dangling",
    "owner": "FILE-06.permissions",
    "not-regular": "FILE-06.format",
    "permissions": "FILE-06.permissions",
    "empty": "FILE-06.format",
    "empty-value": "FILE-06.format",
    "ini": "FILE-06.error",
    "missing-key": "FILE-06.format",
    "missing-section": "FILE-06.format",
    "no-plugin": "FILE-06.format",
    "not-a-number": "FILE-06.format",
}
_NOT_FOUND = {
    ErrorName.PRE_NOT_FOUND.value: "FILE-05.pre",
    ErrorName.POST_NOT_FOUND.value: "FILE-05.post",
}
_TIMEOUT = (ErrorName.PRE_TIMEOUT.value, ErrorName.POST_TIMEOUT.value)


def error_clause(happening: Happening) -> str:
    """The id of the clause that gives a happening its error name; "" where it has no error.

    Reasons of a config's content are the last words of their clauses: "bom" is CFG-03.bom. For the
    file itself: dangling, permissions, directory; a scenario may say narrow or regular, which are
    permissions too, where FILE-03 has a clause of its own.
    """
    if isinstance(happening, NotConfigured):
        return "FILE-02.errors"
    if isinstance(happening, ConfigFinding):
        content = f"CFG-03.{happening.reason}"
        default = content if content in CATALOGUE else "CFG-03.json"
        return _CONFIG_CLAUSES.get(happening.reason, default)
    if isinstance(happening, PluginHostFinding):
        return _PLUGIN_HOST_CLAUSES.get(happening.reason, "FILE-06.error")
    if isinstance(happening, ScriptFinding):
        return _script_clause(happening)
    if isinstance(happening, FreezeFailed):
        return "FRZ-04.error" if happening.phase == "freeze" else "FRZ-06.error"
    if isinstance(happening, SnapshotFailed):
        return "SNP-02.error"
    return "ROB-01.refused" if isinstance(happening, Refused) else ""


def _script_clause(finding: ScriptFinding) -> str:
    name = str(finding.name)
    if finding.phase == "recover":
        return "ROB-05.error"
    precheck = finding.phase == "precheck"
    if name in _NOT_FOUND:
        if precheck and finding.reason == "not-regular":
            return "FILE-05.not-regular"
        return _NOT_FOUND[name] if precheck else "FILE-09.not-found"
    if name in _PERMISSION:
        if not precheck:
            return "FILE-09.permission"
        own = {"directory": "FILE-08.scripts", "special-bits": "FILE-04.special-bits"}
        return own.get(finding.reason, "FILE-04.error")
    if name in _TIMEOUT:
        return "RUN-04.spent" if finding.reason == "spent" else "RUN-05.error"
    reasons = {"signal": "RUN-02.signal", "not-executable": "RUN-02.not-executable"}
    return reasons.get(finding.reason, "RUN-02.exit-status")
