"""How the scripts were run: attempts, arguments, environment, budgets, and what they saw.

Attempts are those that were really executed: the kernel's own events, and the scripts' marks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.contract.errors import for_script
from harness.history import Finding, History, Mark
from harness.oracles.consequences import found
from harness.oracles.instants import EVENT_LATE, own_starts, post_start, started_times
from harness.oracles.terms import Due, ScriptTerms, Terms

#: RUN-05: seconds in which the tree of a script that timed out is ended.
TREE_END = 5.0

#: RUN-09: the folders of which PATH must hold one; where /usr is merged they are the same.
SBIN = ("/usr/sbin", "/sbin")

UMASK = 0o022

#: The names by which an outcome says that a script that was started has failed.
_FAILURES = {
    which: tuple(str(for_script(which, kind)) for kind in ("execution-failed", "timeout"))
    for which in ("pre", "post")
}

#: A shell may hold back SIGCHLD for a moment.
_SIGNALS_OF_THE_SHELL = frozenset({17})

#: bash ignores SIGQUIT while it waits for a command.
_IGNORED_BY_BASH = frozenset({3})
_SHELLS = ("sh", "dash", "bash")

#: An argument that no shell would touch.
_PLAIN = re.compile(r"[A-Za-z0-9_./=:,+-]+")

#: What is said of the attempts after the first.
_RETRIES = ("RUN-03.retries", "RUN-03.executed")

#: Variables that start so are the suite's own words to the executor, not to its scripts.
_OF_THE_CALLER = "SNAPCERT_"


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """RUN-02 to RUN-06, RUN-08, RUN-09, CFG-06 and the scenario's own marks."""
    result: list[Finding] = []
    for script in terms.scripts:
        result += _attempts(history, script)
        if terms.scripts_may_run:
            result += _success(history, script)
            result += _arguments(history, script)
            result += _budget(history, script)
    result += _surroundings(history, terms)
    result += due_marks(history, terms.due, {s.script: s.budget for s in terms.scripts})
    result += _output(history, terms)
    return tuple(result)


def _attempts(history: History, script: ScriptTerms) -> Iterator[Finding]:
    seen = started_times(history, script.script)
    count = str(script.least)
    if script.most != script.least:
        count = f"{script.least} to {script.most}"
    yield found(
        script.attempts,
        script.least <= seen <= script.most,
        f"{count} executions of the {script.script}-script",
        f"{seen} executions",
    )
    for clause in script.run:
        if seen == 0 and clause in _RETRIES:
            continue  # that it is started at all is another clause's word
        yield found(
            clause,
            seen >= script.least,
            f"the {script.script}-script is really executed, {script.least} times",
            f"{seen} executions",
        )


def _success(history: History, script: ScriptTerms) -> Iterator[Finding]:
    outcome = history.end.outcome
    if outcome is None:
        return
    blamed = [name for name in outcome.errors if name in _FAILURES[script.script]]
    for clause in script.succeeds:
        yield found(
            clause,
            not blamed,
            f"the {script.script}-script counts as succeeded",
            f"errors: {', '.join(outcome.errors) or 'none'}",
        )


def _arguments(history: History, script: ScriptTerms) -> Iterator[Finding]:
    marks = [m for m in own_starts(history, script.script) if m.argv]
    if not marks:
        return
    special = any(not _PLAIN.fullmatch(word) for word in script.arguments)
    wrong = [m for m in marks if not verbatim(m.argv, script.paths, script.arguments)]
    yield found(
        "CFG-06.verbatim" if special else "CFG-06.arguments",
        not wrong,
        f"arguments {list(script.arguments)!r}",
        f"argument vector {list((wrong or marks)[0].argv)!r}",
    )


def verbatim(argv: tuple[str, ...], paths: tuple[str, ...], arguments: tuple[str, ...]) -> bool:
    """Whether an argument vector ends with exactly these arguments after the script itself.

    In front stand the script alone, or its interpreter with one word of its own at most.
    """
    head = argv[: len(argv) - len(arguments)]
    if argv[len(head) :] != arguments or not 1 <= len(head) <= 3:
        return False
    return not paths or head[-1] in paths


def _budget(history: History, script: ScriptTerms) -> Iterator[Finding]:
    # A recovery's post-script (ROB-05), before this run's pre-script, has a budget of its own.
    own = post_start(history) if script.script == "post" else None
    since = own.early if own else -math.inf
    runs = [r for r in history.script_runs if r.script == script.script and r.started >= since]
    if script.budget is None or not runs:
        return
    began = min(r.started for r in runs)
    ended = max(history.ended if r.ended is None else r.ended for r in runs)
    # The event of the end may be read late, the one of the start too.
    took, slack = ended - began, 2 * EVENT_LATE
    yield found(
        "RUN-05.bound" if script.times_out else "RUN-04.all-attempts",
        took <= script.budget + TREE_END + slack,
        f"all attempts together end within {script.budget:g} s, and {TREE_END:g} s to end the tree",
        f"they took {took:.3f} s",
    )
    if script.times_out:
        yield found(
            "RUN-04.separate",
            took >= script.budget - slack,
            f"the script has {script.budget:g} s of its own",
            f"it was ended after {took:.3f} s",
        )


def _surroundings(history: History, terms: Terms) -> Iterator[Finding]:
    starts = [m for m in history.marks if m.point == "start" and m.environ]
    checks: tuple[tuple[str, str, Callable[[Mark], str]], ...] = (
        (
            "RUN-09.environment",
            "PATH with the sbin folders, HOME, LANG and nothing of the caller's",
            lambda m: _environment(m, terms.foreign_names),
        ),
        ("RUN-09.cwd", "the current directory is /", lambda m: _is(m.cwd, "/", "cwd")),
        ("RUN-09.umask", "umask 022", lambda m: _is(oct(m.umask), oct(UMASK), "umask")),
        ("RUN-09.stdin", "stdin is at its end", _stdin),
        ("RUN-09.signals", "default signal dispositions", _signals),
        (
            "RUN-09.session",
            "a session other than the executor's, and than the other script's",
            lambda m: _session(m, history.end.session, starts),
        ),
        ("RUN-09.root", "uid 0", lambda m: _is(str(m.uid), "0", "uid")),
    )
    if not starts:
        return
    for clause, expected, check in checks:
        wrong = [f"{m.script} attempt {m.attempt}: {why}" for m in starts if (why := check(m))]
        yield found(clause, not wrong, expected, "; ".join(wrong) or "so it was at each start")


def _environment(mark: Mark, foreign: tuple[str, ...]) -> str:
    environ = mark.environ
    folders = environ.get("PATH", "").split(":")
    parts = [] if any(f in folders for f in SBIN) else [f"PATH is {environ.get('PATH')!r}"]
    parts += [f"{name} is not set" for name in ("HOME", "LANG") if not environ.get(name)]
    names = sorted(n for n in environ if n in foreign or n.startswith(_OF_THE_CALLER))
    parts += [f"{', '.join(names)} of the caller's"] if names else []
    return ", ".join(parts)


def _is(seen: str, due: str, what: str) -> str:
    return "" if seen == due else f"{what} is {seen}"


def _stdin(mark: Mark) -> str:
    return "stdin is open" if mark.stdin_eof is False else ""


def _session(mark: Mark, executors: int, starts: Sequence[Mark]) -> str:
    """It need not lead its session: `setsid timeout 30 SCRIPT` gives it one of its own too.

    Two scripts in one session are in that of a process of the executor's that runs both.
    """
    if mark.session_leader or not mark.session:
        return ""
    if mark.session == executors:
        return "it is in the executor's session"
    shared = any(m.script != mark.script and m.session == mark.session for m in starts)
    return "both scripts are in one session" if shared else ""


def _signals(mark: Mark) -> str:
    """Of a shell only: other interpreters ignore signals of their own accord."""
    if mark.argv and mark.argv[0].rsplit("/", 1)[-1] not in _SHELLS:
        return ""
    ignored = sorted(set(mark.ignored_signals) - _IGNORED_BY_BASH)
    blocked = sorted(set(mark.blocked_signals) - _SIGNALS_OF_THE_SHELL)
    parts = [f"ignored {ignored}"] if ignored else []
    parts += [f"blocked {blocked}"] if blocked else []
    return ", ".join(parts)


def due_marks(
    history: History, dues: Sequence[Due], budgets: Mapping[str, float | None]
) -> tuple[Finding, ...]:
    """Whether the marks that only a fixture script can make are there, or are not.

    One that is made too late shows that its script was kept from it, and counts as not made: after
    the script's budget, in seconds, or by a pre-script that the snapshot did not wait for.
    """
    return tuple(_due(history, due, budgets.get(due.script)) for due in dues)


def _due(history: History, due: Due, budget: float | None) -> Finding:
    marks = [m for m in history.marks if (m.script, m.point) == (due.script, due.point)]
    latest = math.inf if due.left else _latest(history, due.script, budget)
    in_time = [m for m in marks if m.at <= latest]
    late = due.there and bool(marks) and not in_time
    seen = "reported too late" if late else "reported" if marks else "not reported"
    return found(
        due.clause,
        bool(in_time) if due.there else not marks,
        due.expected
        or f"the {due.script}-script {'reports' if due.there else 'never reports'} {due.point!r}",
        f"{due.point!r} was {seen}",
    )


def _latest(history: History, script: str, budget: float | None) -> float:
    """Until when a script can have done its work as it should: its budget counts from its start."""
    starts = own_starts(history, script)
    latest = starts[0].at + budget if starts and budget is not None else math.inf
    asked = [s.requested for s in history.snapshots] if script == "pre" else []
    return min([latest, *asked[:1]])


def _output(history: History, terms: Terms) -> Iterator[Finding]:
    """What is left to read of the output of failing attempts, wherever it stands."""
    if not terms.tails:
        return
    lost = [
        f"attempt {number}: {len(missing)} of its last {len(words)} lines are nowhere"
        for number, words in enumerate(terms.tails, 1)
        if (missing := set(words) - set(history.reviewable))
    ]
    yield found(
        "RUN-08.tail",
        not lost,
        "the last 1 KiB of the output of each failing attempt can be read afterwards",
        "; ".join(lost) or "it is there",
    )
    any_left = bool(set(terms.tails[-1]) & set(history.reviewable))
    yield found(
        "RUN-08.logs",
        any_left,
        "what the script said before it failed for good can be read afterwards",
        "some of it is there" if any_left else "none of its last lines is anywhere",
    )
