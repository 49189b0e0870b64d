"""What a run left behind: the guest before and after it, and the application's own state.

Processes, mounts, files outside the folders that a run may change, locks, frozen filesystems. What
a script may leave (RUN-07) is named by the scenario; a process of the application is the
application's. `growth` compares many runs: lasting state may stand, but must not grow (ROB-03).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.history import Application, Finding, GuestState, History, Process
from harness.oracles.application import shown
from harness.oracles.consequences import found
from harness.oracles.terms import Terms

#: Where an executor may keep lasting state, in one entry each (ROB-03).
STATE_ROOTS = ("/run/", "/var/lib/", "/var/log/")

#: Files that may grow from run to run (ROB-03: logs aside): by their folder, or by their name,
#: where an executor keeps its log beside its state.
LOGS = ("/var/log/",)
LOG_NAMES = (".log",)


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """ROB-03 of one run, RUN-05's process tree, and the application's state."""
    result: list[Finding] = []
    if history.before is not None and history.after is not None:
        result += _left(history.before, history.after, terms)
    if history.application is not None:
        result.append(_released(history.application))
    return tuple(result)


def left_processes(
    before: GuestState, after: GuestState, background: Sequence[str] = ()
) -> tuple[Process, ...]:
    """Processes that were not there before and are nobody's business but the run's.

    `background` are words of argument vectors of processes that a script may leave.
    """
    known = {(p.pid, p.start_ticks) for p in before.processes}
    return tuple(
        p
        for p in after.processes
        if (p.pid, p.start_ticks) not in known
        and p.role != "application"
        and not any(word in argument for word in background for argument in p.argv)
    )


def _left(before: GuestState, after: GuestState, terms: Terms) -> Iterator[Finding]:
    processes = left_processes(before, after, terms.background)
    timed_out = any(s.times_out for s in terms.scripts)
    of_scripts = tuple(p for p in processes if p.role == "script") if timed_out else ()
    if timed_out:
        yield found(
            "RUN-05.tree",
            not of_scripts,
            "nothing is left of a script that timed out",
            named(of_scripts) or "no process of a script is left",
        )
    others = tuple(p for p in processes if p not in of_scripts)
    yield found(
        "ROB-03.processes",
        not others,
        "no process is left",
        named(others) or "no process is left",
    )
    yield _difference("ROB-03.mounts", "mounts", before.mounts, after.mounts)
    yield _difference("ROB-03.locks", "locks", (), _own_locks(before, after))
    changed = changed_files(before, after, terms.may_change)
    yield found(
        "ROB-03.files",
        not changed,
        "no file is new, changed or gone but in one folder of the executor's own",
        shown(tuple(_change(path, before, after) for path in changed)) or "no file has changed",
    )


def changed_files(
    before: GuestState, after: GuestState, may_change: Sequence[str] = ()
) -> tuple[str, ...]:
    """Paths that are new, changed or gone, without what one folder of the executor's may hold.

    Below each of `STATE_ROOTS` one entry may come and change; a second one is residue, and all of
    them are then named.
    """
    paths = sorted(
        path
        for path in {*before.files, *after.files}
        if before.files.get(path) != after.files.get(path)
        and not path.startswith(tuple(may_change))
    )
    own: dict[str, set[str]] = {root: set() for root in STATE_ROOTS}
    for path in paths:
        for root in STATE_ROOTS:
            if path.startswith(root):
                own[root].add(path[len(root) :].split("/", 1)[0])
    single = tuple(root for root, entries in own.items() if len(entries) == 1)
    return tuple(path for path in paths if not path.startswith(single))


def _own_locks(before: GuestState, after: GuestState) -> tuple[str, ...]:
    """Locks that are new and not the application's; a lock is "KIND ACCESS PID PATH"."""
    others = {str(p.pid) for p in before.processes}
    others |= {str(p.pid) for p in after.processes if p.role == "application"}
    return tuple(
        lock
        for lock in _new(before.locks, after.locks)
        if not others.intersection(lock.split(" ", 3)[2:3])
    )


def growth(histories: Sequence[History]) -> tuple[Finding, ...]:
    """ROB-03 over runs in a row, the first to the last: what is there after a later run was there
    after the second, and is no larger; logs aside. Fewer than three runs show nothing.
    """
    after = [h.after for h in histories if h.after is not None]
    if len(after) < 3:
        return ()
    second, last = after[1], after[-1]
    grown = tuple(
        path
        for path, facts in sorted(last.files.items())
        if not path.startswith(LOGS)
        and not path.endswith(LOG_NAMES)
        and _size(facts) > _size(second.files.get(path, ""))
    )
    more = len(last.processes) - len(second.processes)
    mounts = _new(second.mounts, last.mounts)
    parts = [f"{shown(grown)} grew"] if grown else []
    parts += [f"{more} processes more"] if more > 0 else []
    parts += [f"mounts more: {shown(mounts)}"] if mounts else []
    return (
        found(
            "ROB-03.growth",
            not parts,
            f"nothing grows from run 2 to run {len(after)}",
            "; ".join(parts) or "nothing grew",
        ),
    )


def _released(application: Application) -> Finding:
    same = application.state_before == application.state_after
    parts = [] if application.answers_after else ["it does not answer"]
    parts += [] if same else [_line_difference(application)]
    return found(
        "APP-01.released",
        not parts,
        "after the run the application answers, and its own state is what it was",
        "; ".join(parts) or "it answers, and its state is the same",
    )


def _line_difference(application: Application) -> str:
    before = Counter(application.state_before.splitlines())
    after = Counter(application.state_after.splitlines())
    gone = tuple(f"-{line}" for line in before - after)
    new = tuple(f"+{line}" for line in after - before)
    return shown(gone + new) or "the same lines in another order"


def _difference(clause: str, what: str, before: Sequence[str], after: Sequence[str]) -> Finding:
    gone, new = _new(after, before), _new(before, after)
    parts = tuple(f"-{line}" for line in gone) + tuple(f"+{line}" for line in new)
    return found(clause, not parts, f"the same {what} as before", shown(parts) or "the same")


def _new(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    return tuple((Counter(after) - Counter(before)).elements())


def named(processes: Sequence[Process]) -> str:
    """Some processes in a sentence; "" for none."""
    return shown(tuple(f"{' '.join(p.argv) or '?'} (pid {p.pid}, {p.role})" for p in processes))


def _change(path: str, before: GuestState, after: GuestState) -> str:
    was, is_ = before.files.get(path), after.files.get(path)
    if was is None:
        return f"{path} is new"
    return f"{path} is gone" if is_ is None else f"{path}: {was} became {is_}"


def _size(facts: str) -> int:
    """The size in "mode uid:gid size", -1 of a file that is not there."""
    last = facts.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else -1
