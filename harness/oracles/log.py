"""ROB-04: that a run leaves a log, and, for the reference executor, what stands in it.

An executor may log as it likes: to its own output, which is kept, or to files. So one without any
of both is to blame, and nobody else. The form is the reference's own: each line is the UTC time,
the phase, and a text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.contract.errors import ERRORS
from harness.contract.happenings import PHASES
from harness.history import Finding, History
from harness.oracles.consequences import found
from harness.oracles.residue import STATE_ROOTS

#: Where else than below `STATE_ROOTS` a log may lie: any file of such a name.
LOG_NAMES = (".log", ".txt", ".journal")

_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z (?P<phase>[a-z]+) +(?P<text>.*)")
_ENDED = re.compile(r"(exit status \d+|signal \d+|deadline|executor|executed: .*)")
_DURATION = re.compile(r"\d+(\.\d+)? s\b")


def findings(history: History) -> tuple[Finding, ...]:
    """ROB-04.log, of an executor that ended by itself."""
    end = history.end
    started = end.exit_status is not None or end.signal is not None
    if end.killed is not None or end.hung or not started:
        return ()
    files = _written(history)
    said = bool(end.log_tail.strip())
    return (
        found(
            "ROB-04.log",
            said or bool(files),
            "the run leaves a log: output of the executor's, or a file",
            f"{len(end.log_tail)} characters of output; files: {', '.join(files[:3]) or 'none'}",
        ),
    )


def _written(history: History) -> tuple[str, ...]:
    """Files that may be logs, and are new or of another size than before."""
    if history.before is None or history.after is None:
        return ()
    before, after = history.before.files, history.after.files
    return tuple(
        path
        for path, facts in sorted(after.items())
        if before.get(path) != facts
        and not facts.startswith("d")
        and not facts.endswith(" 0")  # an empty one is a lock
        and (path.startswith(STATE_ROOTS) or path.endswith(LOG_NAMES))
    )


@dataclass(frozen=True)
class Told:
    """What the log of one run must tell besides its phases.

    `attempts` are the script's phase, its attempt and how it ended ("pre", 1, "exit status 1");
    `tails` words that a script wrote; `errors` the names of the outcome.
    """

    attempts: Sequence[tuple[str, int, str]] = ()
    tails: Sequence[str] = ()
    errors: Sequence[str] = ()


def form(text: str, told: Told) -> Finding:
    """ROB-04.form of the reference's log of one run."""
    lines = [m for line in text.splitlines() if (m := _LINE.fullmatch(line)) is not None]
    phases = {m["phase"] for m in lines}
    texts = [(m["phase"], m["text"]) for m in lines]
    missing = [f"no line of the phase {phase}" for phase in PHASES if phase not in phases]
    missing += [
        f"a line without a time and a phase: {line!r}"
        for line in text.splitlines()
        if not _LINE.fullmatch(line)
    ]
    for script, attempt, how in told.attempts:
        ends = [
            text
            for phase, text in texts
            if phase == script and f"attempt {attempt} " in text and _ENDED.search(text)
        ]
        if not any(how in text and _DURATION.search(text) for text in ends):
            missing.append(f"no attempt {attempt} of {script} with {how!r} and its duration")
    missing += [
        f"no tail with {words!r}" for words in told.tails if not any(words in t for _, t in texts)
    ]
    for name in told.errors:
        for part in (f"error {name}", ERRORS[name].message, ERRORS[name].action):
            if not any(phase == "verdict" and part in t for phase, t in texts):
                missing.append(f"no {part!r}")
    return found(
        "ROB-04.form",
        not missing,
        "each phase, attempt, exit status, duration and output tail, each error's message and "
        "recommended action",
        "; ".join(missing) or "all of it stands in the log",
    )
