"""What must happen in a run, by what it meets: read off the contract's rules, one after another.

Nothing here asks the contract's own fold, which judges the run later: a test holds both against
each other over every kind of situation.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.contract.errors import ErrorName, for_script
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    NotConfigured,
    PluginHostFinding,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.scenario.chance.circumstances import Behaviour, Circumstances, FileFault
from harness.scenario.chance.ingredients import CHANGED
from harness.scenario.expectation import Attempts


def happenings_of(met: Circumstances) -> tuple[Happening, ...]:
    """What happens in a correct executor's run, in its order."""
    refused = refusal_of(met)
    started = refused is None
    happened: list[Happening] = [refused] if refused is not None else [_pre(met)]
    trusted = not isinstance(refused, NotConfigured | ConfigFinding | PluginHostFinding)
    go_on = met.go_on is not False or not trusted
    freeze = met.fsfreeze is not False or not trusted
    # With false a script that can't be used costs the backup, or on a single disk the freeze.
    lost = not go_on and any(isinstance(h, ScriptFinding) for h in happened)
    if (lost and met.place.single_disk) or (not lost and not freeze):
        happened += [FreezeOff(), *_snapshot(met, frozen=False)]
    elif not lost and meddled(met, "freeze"):
        happened.append(FreezeFailed("freeze"))
        if go_on or met.place.single_disk:
            happened += _snapshot(met, frozen=False)
    elif not lost:
        happened += [FreezeDone(), *_snapshot(met, frozen=True)]
    return (*happened, _post(met)) if started else tuple(happened)


def refusal_of(met: Circumstances) -> Happening | None:
    """The first finding of the precheck, in FILE-07's order; None where both scripts may run."""
    if not met.configured:
        return NotConfigured()
    if met.plugin_host is not None and met.plugin_host.reason:
        return PluginHostFinding(met.plugin_host.reason)
    if met.config_file is not None:
        return ConfigFinding(met.config_file.reason)
    if met.content is not None and met.content.reason:
        return ConfigFinding(met.content.reason)
    for which, fault in (("pre", met.pre_file), ("post", met.post_file)):
        finding = _script(which, fault, met.open_folder)
        if finding is not None:
            return finding
    return None


def attempts_of(met: Circumstances) -> Mapping[str, Attempts]:
    """How often each script is started, where any is started at all."""
    if refusal_of(met) is not None:
        return {}
    post = 0 if changed(met) else _attempts(met.post, met.post_retries)
    return {"pre": _attempts(met.pre, met.pre_retries), "post": post}


def meddled(met: Circumstances, verb: str) -> bool:
    """Whether somebody does this to /data: the freezer acts while the pre-script runs."""
    if met.meddling is None or met.meddling.verb != verb or not met.place.data:
        return False
    return refusal_of(met) is None and (verb == "thaw" or met.pre.runs)


def changed(met: Circumstances) -> bool:
    """Whether the post-script is another one when it is due."""
    return met.change is not None and refusal_of(met) is None and met.pre.runs


def _script(which: str, fault: FileFault | None, open_folder: bool) -> ScriptFinding | None:
    if fault is not None and not fault.found:
        return _finding("precheck", which, "not-found", fault.reason)
    if fault is not None:
        return _finding("precheck", which, "permission", fault.reason)
    return _finding("precheck", which, "permission", "directory") if open_folder else None


def _pre(met: Circumstances) -> Happening:
    return _outcome("pre", met.pre, met.pre_retries) or PreSucceeded()


def _post(met: Circumstances) -> Happening:
    if met.change is not None and changed(met):
        return ScriptFinding("post", CHANGED[met.change.error].value)
    return _outcome("post", met.post, met.post_retries) or PostSucceeded()


def _outcome(which: str, does: Behaviour, retries: int) -> ScriptFinding | None:
    if does.late:
        return _finding(which, which, "timeout", does.reason)
    if does.succeeds_at is None or does.succeeds_at > retries + 1:
        return _finding(which, which, "execution-failed", does.reason)
    return None


def _attempts(does: Behaviour, retries: int) -> Attempts:
    if does.late:
        return 1
    if not does.runs:
        return (0, retries + 1)
    return min(does.succeeds_at or retries + 1, retries + 1)


def _snapshot(met: Circumstances, *, frozen: bool) -> list[Happening]:
    answer = SnapshotTaken() if met.snapshot == "take" else SnapshotFailed()
    return [answer, FreezeFailed("thaw")] if frozen and meddled(met, "thaw") else [answer]


def _finding(phase: str, which: str, error: str, reason: str) -> ScriptFinding:
    name: ErrorName = for_script(which, error)
    return ScriptFinding(phase, name.value, reason)
