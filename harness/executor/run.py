"""The worker: one backup run, phase by phase. What comes next is always the contract's to say."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Dict, List, Optional, Tuple

from ..contract.verdict import (
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
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
    Verdict,
    judge,
    proceeds,
)
from .channel import Interrupted, Lifeline
from .freezer import Freezer, Held
from .journal import Journal
from .mounts import find_filesystems, find_partial, open_root
from .precheck import Paths, precheck
from .recovery import recover, settle
from .scripts import Script, run_script
from .settings import Settings
from .state import Record, StateFolder, write_whole
from .system import boot_id, now
from .warden import Command, Ended, Warden

#: How long the snapshot command may take to discard a set that is not wanted, in seconds.
_DISCARD = 10.0


class Run:
    """One run. `identity` names it in the log and in the record for a recovery."""

    def __init__(
        self,
        settings: Settings,
        state: StateFolder,
        journal: Journal,
        lifeline: Lifeline,
        *,
        identity: str,
        paths: Paths = Paths(),  # noqa: B008 - frozen
    ) -> None:
        self._settings = settings
        self._state = state
        self._journal = journal
        self._lifeline = lifeline
        self._identity = identity
        self._paths = paths
        self._policy = Policy(single_disk=settings.single_disk)
        self._happenings: List[Happening] = []
        self._reasons: Dict[str, str] = {}
        self._warnings: List[str] = list(settings.warnings)
        self._pre: Optional[Script] = None
        self._post: Optional[Script] = None
        self._wardens: Dict[str, Warden] = {}
        self._freezer: Optional[Freezer] = None
        #: The device of a filesystem that somebody else has frozen: it takes no log (FRZ-05).
        self.frozen_by_others: Optional[str] = None

    def execute(self) -> int:
        """Do the run; the exit status: 0 succeeded, 1 failed."""
        try:
            try:
                self._recover()
                self._precheck()
                self._run_pre()
                self._frozen_snapshot()
            except Interrupted:
                self._give_up()
            self._run_post()
            if proceeds(self._policy, self._happenings).discard:
                self._discard()
        finally:
            for warden in self._wardens.values():
                warden.close()
        return self._tell()

    def _recover(self) -> None:
        finding = recover(self._state, self._journal, self._lifeline)
        if finding is not None:
            self._happen(finding)
        self._lifeline.check()

    def _precheck(self) -> None:
        found = precheck(self._settings.single_disk, self._paths)
        self._policy = found.policy
        for warning in found.warnings:
            self._warn("precheck", warning)
        self._journal.say("precheck", found.detail)
        if found.happening is not None:
            self._happen(found.happening, found.detail)
        self._pre, self._post = found.pre, found.post
        self._lifeline.check()

    def _run_pre(self) -> None:
        if not proceeds(self._policy, self._happenings).pre or self._pre is None:
            self._journal.say("pre", "no script is run")
            self._post = None
            return
        # From here on the post-script is due, whatever comes (RUN-06, ROB-02).
        self._record(Record(self._identity, boot_id(), post=self._post))
        # All that a command needs is made ready now: the application waits later.
        self._snapshot_warden()
        if self._post is not None:
            self._wardens["post"] = self._post.warden()
        warden = self._wardens["pre"] = self._pre.warden()
        finding = run_script(self._pre, warden, "pre", self._journal, self._lifeline)
        self._happen(PreSucceeded() if finding is None else finding)

    def _frozen_snapshot(self) -> None:
        plan = proceeds(self._policy, self._happenings)
        if not plan.snapshot:
            for phase in ("freeze", "snapshot", "thaw"):
                self._journal.say(phase, "not attempted: the run has failed")
            return
        if not plan.freeze:
            self._happen(FreezeOff())
            self._journal.say("freeze", "no freeze is wanted")
        elif self._freeze_all():
            return
        if proceeds(self._policy, self._happenings).snapshot:
            self._snapshot(None)
        else:
            self._journal.say("snapshot", "not attempted: the run has failed")
        self._journal.say("thaw", "nothing is frozen")

    def _freeze_all(self) -> bool:
        """Freeze, and take the snapshot if that succeeds; False: the snapshot is still to come."""
        # Before anything is opened: no other helper may hold on to the descriptors.
        self._snapshot_warden()
        held = self._open_filesystems()
        if held is None:
            return False
        if not held:
            self._happen(FreezeDone())
            self._journal.say("freeze", "there is nothing to freeze")
            return False
        frozen = tuple(one.filesystem.mounts[0].mountpoint for one in held)
        self._still_frozen(frozen)
        self._journal.hold()
        with Freezer(held, self._settings.bound) as freezer:
            self._freezer = freezer
            trouble = freezer.freeze(self._lifeline)
            for filesystem, seconds in freezer.times:
                self._journal.say("freeze", f"{filesystem.name} frozen in {seconds:.3f} s")
            if trouble is None:
                self._happen(FreezeDone())
                self._snapshot(freezer)
                self._thaw(freezer)
                return True
        reason = f"{trouble.filesystem.name}: {trouble.reason}"
        self._journal.say("freeze", f"failed and undone: {reason}")
        if trouble.foreign:
            self.frozen_by_others = trouble.filesystem.device
        self._happen(FreezeFailed("freeze", reason))
        self._after_the_freeze()
        return False

    def _after_the_freeze(self) -> None:
        """What may be done only when all is thawed, and need not be before the post-script runs."""
        if self._freezer is not None:
            self._freezer.close()
            self._freezer = None
        self._journal.release()
        self._still_frozen(())

    def _open_filesystems(self) -> Optional[List[Held]]:
        """What is to be frozen, as it is now, after the pre-script; None where that fails."""
        partial = find_partial()
        if partial:
            names = ", ".join(filesystem.name for filesystem in partial)
            reason = f"{names}: not frozen, because only a folder in it is mounted"
            self._warn("freeze", f"{reason}: mount the whole filesystem too, writable")
            self._happen(FreezeFailed("freeze", reason))
            return None
        held: List[Held] = []
        for filesystem in find_filesystems():
            try:
                descriptor = open_root(filesystem)
            except OSError as problem:
                reason = f"{filesystem.name}: it can't be opened: {problem.strerror}"
                self._journal.say("freeze", reason)
                self._happen(FreezeFailed("freeze", reason))
                for one in held:
                    os.close(one.descriptor)
                return None
            if descriptor is None:
                self._warn("freeze", f"{filesystem.name} lies hidden under another mount")
            else:
                held.append(Held(filesystem, descriptor))
        return held

    def _snapshot(self, freezer: Optional[Freezer]) -> None:
        warden = self._snapshot_warden()
        bound = self._settings.bound
        deadline = freezer.deadline if freezer else now() + bound - min(1.0, bound / 10)
        warden.start(None)
        ended = warden.wait(self._lifeline, deadline)
        if ended is not None and ended.success:
            self._tails("snapshot", ended)
            self._journal.say("snapshot", f"taken in {ended.seconds:.3f} s")
            self._happen(SnapshotTaken())
            return
        # Thaw first: what the command waits for may be waiting for the thaw (SNP-02).
        if freezer is not None:
            self._thaw(freezer)
        if ended is None:
            # One that succeeds only now may have copied what was thawed already: no success.
            ended = warden.stop()
            reason = f"the snapshot command did not return within the bound of {bound:g} s"
        else:
            reason = f"the snapshot command: {ended.describe()}"
        left = ended.left or warden.sweep()
        self._tails("snapshot", ended)
        self._journal.say("snapshot", f"{reason}, after {ended.seconds:.3f} s")
        if left:
            self._journal.say("snapshot", f"{left} of its processes could not be ended")
        self._happen(SnapshotFailed(reason))

    def _thaw(self, freezer: Freezer) -> None:
        if freezer.over:
            return
        began = now()
        for trouble in freezer.thaw():
            reason = f"{trouble.filesystem.name}: {trouble.reason}"
            self._journal.say("thaw", reason)
            self._happen(FreezeFailed("thaw", reason))
        frozen = now() - (freezer.began or began)
        self._journal.say(
            "thaw", f"all thawed in {now() - began:.3f} s; {frozen:.3f} s after the first freeze"
        )

    def _give_up(self) -> None:
        """The main process is gone or was told to end; what was frozen is thawed already."""
        who = "killed" if self._lifeline.killed else f"told to end (signal {self._signal()})"
        if "snapshot" in self._wardens:
            # It may have failed at this very moment, and left something behind (SNP-02).
            self._wardens["snapshot"].sweep()
        for name in ("pre", "snapshot"):
            if name in self._wardens:
                self._wardens.pop(name).close()
        self._journal.say("thaw", f"the main process was {who}: what was running is ended")
        self._after_the_freeze()
        self._happen(SnapshotFailed(f"the executor was {who}"))

    def _run_post(self) -> None:
        warden = self._wardens.get("post")
        if self._post is None or warden is None:
            self._after_the_freeze()
            self._journal.say("post", "no script is run")
            return
        finding = run_script(
            self._post,
            warden,
            "post",
            self._journal,
            self._lifeline,
            started=self._after_the_freeze,
        )
        self._after_the_freeze()
        self._happen(PostSucceeded() if finding is None else finding)
        if self._lifeline.killed:
            settle(self._state, self._identity, finding)

    def _discard(self) -> None:
        warden = Warden(Command((self._settings.snapshot, "discard"), self._settings.environment))
        warden.start(now() + _DISCARD)
        ended = warden.wait()
        warden.close()
        what = ended.describe() if ended else "no answer"
        self._journal.say("verdict", f"the set of this failed run is not wanted; discard: {what}")

    def _tell(self) -> int:
        verdict = judge(self._policy, self._happenings)
        status = 0 if verdict.status == "succeeded" else 1
        if self._lifeline.killed:
            self._journal.say("verdict", "none: the main process was killed, nobody waits for one")
            record = self._state.read()
            if record is not None and record.post is None and record.failed is None:
                self._state.remove()
        else:
            self._state.remove()
            self._journal.verdict(verdict, self._reasons)
            problem = write_status(self._settings.status, verdict, self._warnings, self._reasons)
            if problem is not None:
                self._journal.say("verdict", problem)
                status = 1
        return status

    def _snapshot_warden(self) -> Warden:
        if "snapshot" not in self._wardens:
            command = Command((self._settings.snapshot,), self._settings.environment)
            self._wardens["snapshot"] = Warden(command)
        return self._wardens["snapshot"]

    def _happen(self, happening: Happening, detail: str = "") -> None:
        self._happenings.append(happening)
        if isinstance(happening, (ConfigFinding, PluginHostFinding)):
            self._reasons.setdefault(happening.name, f"{happening.reason}: {detail}")
        elif isinstance(happening, ScriptFinding):
            self._reasons.setdefault(happening.name, happening.reason)
        elif isinstance(happening, FreezeFailed):
            self._reasons.setdefault("FsFreezeFailed", happening.reason)
        elif isinstance(happening, SnapshotFailed):
            self._reasons.setdefault("SnapshotFailed", happening.reason)
        elif isinstance(happening, NotConfigured):
            self._warnings.append(detail)

    def _warn(self, phase: str, text: str) -> None:
        self._warnings.append(text)
        self._journal.say(phase, f"warning: {text}")

    def _still_frozen(self, mountpoints: Tuple[str, ...]) -> None:
        record = self._state.read()
        if mountpoints or (record is not None and record.frozen):
            self._record((record or Record(self._identity, boot_id()))._replace(frozen=mountpoints))

    def _record(self, record: Record) -> None:
        try:
            self._state.write(record)
        except OSError as problem:
            self._warn("recover", f"this run could not be recovered later: {problem.strerror}")

    def _tails(self, phase: str, ended: Ended) -> None:
        self._journal.tail(phase, "stdout", ended.out)
        self._journal.tail(phase, "stderr", ended.err)

    def _signal(self) -> int:
        return self._lifeline.signalled or 0


def write_status(
    path: Optional[str], verdict: Verdict, warnings: List[str], reasons: Dict[str, str]
) -> Optional[str]:
    """Write the outcome, whole or not at all; a sentence where it can't be written."""
    if path is None:
        return None
    content = {
        "status": verdict.status,
        "consistency": verdict.consistency,
        "errors": list(verdict.errors),
        "warnings": warnings,
        "reasons": {name: reasons[name] for name in verdict.errors if name in reasons},
    }
    with contextlib.suppress(UnicodeError):
        try:
            write_whole(path, json.dumps(content) + "\n")
            return None
        except OSError as problem:
            return f"the status could not be written to {path}: {problem.strerror}"
    return f"the status could not be written to {path}"
