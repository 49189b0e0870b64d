"""The verdict: a pure fold over what happened in a backup run.

`judge` is what the reference executor writes; `proceeds` is the same fold asked in the middle of a
run: what comes next. The other readings that the sources allow are in `readings`.
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

from .errors import ErrorName
from .happenings import (
    PHASES,
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    NotConfigured,
    PluginHostFinding,
    PostSucceeded,
    PreSucceeded,
    Refused,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)

__all__ = [
    "PHASES",
    "ConfigFinding",
    "FreezeDone",
    "FreezeFailed",
    "FreezeOff",
    "Happening",
    "Next",
    "NotConfigured",
    "PluginHostFinding",
    "Policy",
    "PostSucceeded",
    "PreSucceeded",
    "Refused",
    "ScriptFinding",
    "SnapshotFailed",
    "SnapshotTaken",
    "Verdict",
    "any_of",
    "effective_policy",
    "judge",
    "proceeds",
]


class Policy(NamedTuple):
    """What the config (and the guest) say about failures; the defaults are CFG-02's."""

    continue_on_failure: bool = True
    fsfreeze: bool = True
    single_disk: bool = False


class Verdict(NamedTuple):
    """`status`: succeeded | failed; `consistency`: application | file-system | crash | none."""

    status: str
    consistency: str
    errors: Tuple[str, ...] = ()


class Next(NamedTuple):
    """What the run still does, given what has happened; each flag is a duty not yet fulfilled.

    `pre`: start the pre-script. `freeze`: attempt the freeze. `snapshot`: ask for the snapshot
    set. `post`: run this run's post-script (after the last thaw). `discard`: a set was taken that
    the failed run does not want. A duty that comes later stands beside an earlier one: before
    anything went wrong all of the first four are due.
    """

    pre: bool
    freeze: bool
    snapshot: bool
    post: bool
    discard: bool


def effective_policy(policy: Policy, happenings: Sequence[Happening]) -> Policy:
    """The policy that holds: the defaults, where there is no config or it can't be trusted.

    `single_disk` is a fact of the guest and stays (FILE-02, FBK-05, FBK-06, ROB-05).
    """
    if any_of(happenings, NotConfigured, ConfigFinding, PluginHostFinding):
        return Policy(single_disk=policy.single_disk)
    return policy


def judge(policy: Policy, happenings: Sequence[Happening]) -> Verdict:
    """The verdict on a run that has ended; a run that never took a snapshot has failed.

    Total: any sequence in any order has a verdict. `errors` are distinct names, the earliest phase
    first, within a phase in the order in which they arose.
    """
    errors = _errors(happenings)
    if _fails(policy, happenings) or not any_of(happenings, SnapshotTaken):
        return Verdict("failed", "none", errors)
    return Verdict("succeeded", _level(policy, happenings), errors)


def proceeds(policy: Policy, happenings: Sequence[Happening]) -> Next:
    """What the run does next, after these happenings (FBK-01 to FBK-08, RUN-06, FRZ-02).

    The executor asks before each step and never decides on its own.
    """
    if any_of(happenings, Refused):
        return Next(False, False, False, False, False)
    fails = _fails(policy, happenings)
    settled = any_of(happenings, SnapshotTaken, SnapshotFailed)
    pre_over = _pre_attempted(happenings)
    finding = any_of(happenings, ScriptFinding)
    scripts_may_run = not finding and not any_of(
        happenings, NotConfigured, ConfigFinding, PluginHostFinding
    )
    frozen = any_of(happenings, FreezeDone, FreezeOff, FreezeFailed)
    post_over = any_of(happenings, PostSucceeded) or any(
        isinstance(h, ScriptFinding) and h.phase == "post" for h in happenings
    )
    pre = scripts_may_run and not pre_over and not frozen and not settled
    snapshot = not fails and not settled
    return Next(
        pre=pre,
        freeze=snapshot
        and not frozen
        and effective_policy(policy, happenings).fsfreeze
        and not _mercy(policy, happenings),
        snapshot=snapshot,
        post=(pre_over or pre) and not post_over,
        discard=fails and any_of(happenings, SnapshotTaken),
    )


def any_of(happenings: Sequence[Happening], *kinds: type) -> bool:
    """Whether something of one of these kinds has happened."""
    return any(isinstance(h, kinds) for h in happenings)


def _pre_attempted(happenings: Sequence[Happening]) -> bool:
    """A start of the pre-script was attempted, or given up at the door (FILE-09): RUN-06."""
    return any_of(happenings, PreSucceeded) or any(
        isinstance(h, ScriptFinding) and h.phase == "pre" for h in happenings
    )


def _forbidden(policy: Policy, happenings: Sequence[Happening]) -> bool:
    """Something that continueBackupOnFailure false does not tolerate has happened."""
    return not effective_policy(policy, happenings).continue_on_failure and any_of(
        happenings, ScriptFinding, FreezeFailed
    )


def _mercy(policy: Policy, happenings: Sequence[Happening]) -> bool:
    """FBK-08: the single disk falls back to crash where any other guest would have failed."""
    return policy.single_disk and _forbidden(policy, happenings)


def _fails(policy: Policy, happenings: Sequence[Happening]) -> bool:
    if any_of(happenings, Refused, SnapshotFailed):
        return True
    return _forbidden(policy, happenings) and not policy.single_disk


def _level(policy: Policy, happenings: Sequence[Happening]) -> str:
    if _mercy(policy, happenings) or any_of(happenings, FreezeFailed):
        return "crash"
    spoilt = any_of(happenings, NotConfigured, ConfigFinding, PluginHostFinding, ScriptFinding)
    if not spoilt and any_of(happenings, PreSucceeded) and any_of(happenings, PostSucceeded):
        return "application"
    return "file-system" if any_of(happenings, FreezeDone) else "crash"


def _errors(happenings: Sequence[Happening]) -> Tuple[str, ...]:
    found: List[Tuple[int, str]] = []
    for happening in happenings:
        phase, name = _error_of(happening)
        if name:
            found.append((PHASES.index(phase) if phase in PHASES else len(PHASES), name))
    found.sort(key=lambda pair: pair[0])
    return tuple(dict.fromkeys(name for _, name in found))


def _error_of(happening: Happening) -> Tuple[str, str]:
    if isinstance(happening, (ConfigFinding, PluginHostFinding)):
        return "precheck", str(happening.name)
    if isinstance(happening, ScriptFinding):
        return happening.phase, str(happening.name)
    if isinstance(happening, FreezeFailed):
        return happening.phase, ErrorName.FREEZE_FAILED.value
    if isinstance(happening, SnapshotFailed):
        return "snapshot", ErrorName.SNAPSHOT_FAILED.value
    if isinstance(happening, Refused):
        return "recover", ErrorName.BACKUP_IN_PROGRESS.value
    return "", ""
