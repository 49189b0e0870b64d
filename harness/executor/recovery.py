"""The phase recover: clear up after a run that was interrupted (ROB-02, ROB-05)."""

from __future__ import annotations

import contextlib
import os
from typing import Optional

from ..contract.errors import ErrorName
from ..contract.verdict import ScriptFinding
from .channel import Lifeline
from .journal import Journal
from .scripts import run_script
from .state import Record, StateFolder
from .system import boot_id, encode, thaw

PHASE = "recover"


def recover(state: StateFolder, journal: Journal, lifeline: Lifeline) -> Optional[ScriptFinding]:
    """Thaw what the interrupted run left frozen and run its post-script, if that is still due.

    The finding is this run's first error. A recovery is tried once: its failure stays recorded
    until a run has told it in its outcome.
    """
    record = state.read()
    if record is None:
        journal.say(PHASE, "nothing to recover")
        return None
    journal.say(PHASE, f"the run {record.run} was interrupted")
    _thaw(record, journal)
    if record.failed is not None:
        journal.say(PHASE, "its post-script failed when it was recovered")
        return ScriptFinding(PHASE, *record.failed)
    finding: Optional[ScriptFinding] = None
    if record.recovering:
        reason = f"the recovery of the run {record.run} was interrupted itself"
        finding = ScriptFinding(PHASE, ErrorName.POST_EXECUTION_FAILED.value, reason)
    elif record.post is not None:
        with contextlib.suppress(OSError):
            state.write(record._replace(recovering=True, frozen=()))
        warden = record.post.warden()
        finding = run_script(record.post, warden, PHASE, journal, lifeline)
        warden.close()
    settle(state, record.run, finding)
    return finding


def settle(state: StateFolder, run: str, finding: Optional[ScriptFinding]) -> None:
    """The post-script of a run that can't tell its outcome is over: keep its failure, if any."""
    if finding is None:
        state.remove()
    else:
        with contextlib.suppress(OSError):
            state.write(Record(run, boot_id(), failed=(finding.name, finding.reason)))


def _thaw(record: Record, journal: Journal) -> None:
    if record.boot != boot_id():
        return
    for path in reversed(record.frozen):
        with contextlib.suppress(OSError):
            descriptor = os.open(encode(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                thaw(descriptor)
                journal.say(PHASE, f"{path} was still frozen and is thawed")
            finally:
                os.close(descriptor)
