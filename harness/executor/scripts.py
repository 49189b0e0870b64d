"""Run one script of the kit: its attempts, its budget, and the judgement before each start."""

from __future__ import annotations

import itertools
from typing import Any, Callable, Mapping, NamedTuple, Optional, Tuple

from ..contract.errors import ErrorName, for_script
from ..contract.permissions import Finding, judge_script
from ..contract.verdict import ScriptFinding
from .channel import Interrupted, Lifeline
from .facts import look_again
from .journal import Journal
from .system import now
from .warden import Command, Ended, Warden

#: The environment of a script (RUN-09): nothing of the caller's.
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
#: How long a post-script that runs when the main process dies may still end by itself, in seconds.
#: ROB-02 gives ten for everything.
INTERRUPTED_GRACE = 4.0


class Script(NamedTuple):
    """A script as the precheck found it; `seconds` for all attempts together (RUN-04).

    `path` is what the config names, `resolved` what runs (FILE-08, FILE-09).
    """

    which: str
    path: str
    resolved: str
    params: Tuple[str, ...]
    retries: int
    seconds: float

    def warden(self) -> Warden:
        """A warden, ready to start it."""
        return Warden(Command((self.resolved, *self.params), ENVIRONMENT))

    def record(self) -> Mapping[str, Any]:
        """As JSON, for a recovery by a later run (ROB-05)."""
        return self._asdict()

    @staticmethod
    def of_record(record: Mapping[str, Any]) -> Script:
        """The other way round. Raises TypeError, KeyError or ValueError for what is no record."""
        return Script(
            which=str(record["which"]),
            path=str(record["path"]),
            resolved=str(record["resolved"]),
            params=tuple(str(word) for word in record["params"]),
            retries=int(record["retries"]),
            seconds=float(record["seconds"]),
        )


class _StartOver(Exception):
    """The post-script was ended because the main process is gone; it is due from the start."""


def run_script(
    script: Script,
    warden: Warden,
    phase: str,
    journal: Journal,
    lifeline: Lifeline,
    *,
    started: Callable[[], None] = lambda: None,
) -> Optional[ScriptFinding]:
    """Run a script until it succeeds, its retries are used up or its budget is spent.

    `started` is called after each start: for what can wait until the script is on its way.

    None is success. Raises Interrupted in the phase "pre"; in "post" and "recover" a script that
    is running then gets a few seconds to end, else it is ended and run once more from the start.
    """
    try:
        return _attempts(script, warden, phase, journal, lifeline, started=started)
    except _StartOver:
        journal.say(phase, "interrupted: the post-script was ended and is run again")
        return _attempts(script, warden, phase, journal, lifeline, started=started)


def _attempts(
    script: Script,
    warden: Warden,
    phase: str,
    journal: Journal,
    lifeline: Lifeline,
    *,
    started: Callable[[], None],
) -> Optional[ScriptFinding]:
    deadline = now() + script.seconds
    for attempt in itertools.count(1):
        finding = _judge_again(script)
        if finding is not None:
            return _found(finding, phase, journal)
        warden.start(deadline)
        started()
        ended = _await(warden, phase, lifeline)
        _log(script, attempt, ended, phase, journal)
        if ended.success:
            return None
        if ended.timed_out:
            return _failed(script, phase, "timeout", f"no end within {script.seconds:g} s")
        if ended.error is not None:
            finding = _judge_again(script)  # it vanished between the judgement and the start
            if finding is not None:
                return _found(finding, phase, journal)
        if attempt > script.retries:
            return _failed(script, phase, "execution-failed", _reason(attempt, ended))
        if now() >= deadline:
            what = f"{script.seconds:g} s were over after attempt {attempt}, {ended.describe()}"
            return _failed(script, phase, "timeout", what)
    return None


def _await(warden: Warden, phase: str, lifeline: Lifeline) -> Ended:
    ended: Optional[Ended] = None
    try:
        ended = warden.wait(lifeline)
    except Interrupted:
        if phase == "pre":
            raise
        ended = warden.wait(deadline=now() + INTERRUPTED_GRACE)
        if ended is None:
            warden.stop()
            raise _StartOver from None
    return ended or Ended(0.0, timed_out=True)


def _judge_again(script: Script) -> Optional[Finding]:
    return judge_script(script.which, look_again(script.path, script.resolved))


def _found(finding: Finding, phase: str, journal: Journal) -> ScriptFinding:
    journal.say(phase, f"not started: {finding.detail}")
    return ScriptFinding(phase, str(finding.name), f"{finding.reason}: {finding.detail}")


def _failed(script: Script, phase: str, kind: str, reason: str) -> ScriptFinding:
    name: ErrorName = for_script(script.which, kind)
    return ScriptFinding(phase, str(name), f"{script.path}: {reason}")


def _reason(attempt: int, ended: Ended) -> str:
    last = (ended.err or ended.out).strip().splitlines()
    said = f"; its last line was: {last[-1][:200]}" if last else ""
    return f"{ended.describe()} at attempt {attempt}{said}"


def _log(script: Script, attempt: int, ended: Ended, phase: str, journal: Journal) -> None:
    journal.say(
        phase,
        f"{script.path} attempt {attempt} of {script.retries + 1}: "
        f"{ended.describe()} after {ended.seconds:.3f} s",
    )
    journal.tail(phase, "stdout", ended.out)
    journal.tail(phase, "stderr", ended.err)
    if ended.left:
        journal.say(phase, f"{ended.left} of its processes could not be ended")
