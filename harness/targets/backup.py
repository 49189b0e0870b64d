"""One backup run of an executor in a guest, recorded from outside.

Prepare what the situation asks for, start the executor, serve its snapshot calls, wait until it
ended and the guest is quiet, then write down what was seen. Nothing is judged here.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from harness.history import ExecutorEnd, Fault, GuestState, History, Image, Shape
from harness.machines.agent import wire
from harness.machines.errors import RequestFailed
from harness.machines.events import Event
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.process import Ended, Process
from harness.targets.outcome import is_whole, read_outcome
from harness.targets.recording import (
    blocked_of,
    faults_of,
    freeze_calls_of,
    freezes_of,
    marks_of,
    programs_of,
    script_runs_of,
)
from harness.targets.reviewable import words_left
from harness.targets.situation import Situation
from harness.targets.snapshots import SnapshotService
from harness.targets.target import Launch, Target

#: Where residue is looked for (ROB-03); the disks' mount points are added.
_WATCHED_ROOTS = ("/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/local", "/var")
#: Ours: marks, helpers and the status folder; what fixture scripts write; and the package
#: manager's thousands of files, which would be most of each record.
_LEFT_OUT = (
    "/run/snapcert",
    "/run/fixture",
    "/var/log/fixture",
    "/var/cache",
    "/var/lib/dpkg",
)

#: A killed executor has this long to leave the guest quiet (ROB-02); a finished one this long.
#: What is judged is when it was quiet: waiting longer on a slow machine lets nobody off.
_SETTLE_KILLED = 10.0
_SETTLE_ENDED = 2.0

#: Variables of the executor's caller, which RUN-09 keeps from the scripts.
CALLERS_OWN = ("SNAPCERT_CANARY", "SNAPCERT_STATUS", "SNAPCERT_SNAPSHOT")

_CALLER = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "SNAPCERT_CANARY": "of the caller",
}


def backup(
    host: Host,
    guest: Guest,
    target: Target,
    situation: Situation,
    *,
    scenario: str,
    shape: Shape,
    timeout_scale: float = 1.0,
    during: Callable[[], None] | None = None,
) -> History:
    """Run one backup; returns its history. Raises a Problem where a machine failed.

    `during` is called once the executor has been started, in this thread (a kit's load, a second
    executor); its time counts within the executor's deadline.
    """
    run = secrets.token_hex(6)
    guest.check()
    guest.put(*situation.files)
    guest.watch_scripts(pre=situation.pre, post=situation.post, read=situation.read)
    guest.plan(situation.triggers)
    before = observe(guest)
    first_event = len(guest.events)
    first_host_event = len(host.events)
    launch = target.launch()
    environment = environment_of(launch, situation, run)
    deadline = (target.deadline or situation.contract_deadline()) * timeout_scale
    calls = SnapshotService(host, guest, situation, run)
    host.watch(guest, situation.bound)
    try:
        with calls:
            process, refused = _start(guest, (*situation.caller, *launch.argv), environment)
            started = process.started if process is not None else guest.now()
            if during is not None:
                during()
            end: Ended | None = None
            hung = False
            if process is not None:
                end = process.wait(max(started + deadline - guest.now(), 0.0))
                hung = end is None
            if process is not None and end is None:
                process.kill(tree=True)
                end = process.wait(_SETTLE_KILLED * timeout_scale)
            killed = _killed(faults_of(guest.events.since(first_event)))
            settle = _SETTLE_KILLED if killed is not None or hung else _SETTLE_ENDED
            settle *= timeout_scale
            _settle(guest, before, settle)
            faults = {fault.what for fault in faults_of(guest.events.since(first_event))}
            _until_thawed(
                host,
                guest,
                settle,
                [d.name for d in guest.disks if f"freeze {d.mountpoint}" not in faults],
            )
        calls.raise_problem()
        after = observe(guest)
        seen = host.events.since(first_host_event)
    finally:
        _thaw(host, guest, _SETTLE_ENDED * timeout_scale)
        host.unwatch(guest)
    ended = guest.now()
    events = guest.events.since(first_event)
    images: list[Image] = []
    for snapshot in calls.taken:
        if snapshot.set_id is not None:
            images.extend(host.examine(snapshot.set_id))
    told = guest.read(situation.status_path(run))
    outcome, problem = (None, refused) if refused else read_outcome(told)
    log = end.tail if end is not None else b""
    return History(
        id=run,
        scenario=scenario,
        executor=target.identity.name,
        shape=shape,
        single_disk=situation.single_disk,
        disks=guest.disks,
        began=before.at,
        ended=ended,
        end=ExecutorEnd(
            started=started,
            ended=end.at if end is not None else started if refused else ended,
            exit_status=end.exit if end is not None else None,
            signal=end.signal if end is not None else None,
            hung=hung,
            killed=killed,
            outcome=outcome,
            problem=problem,
            log_tail=log.decode(errors="replace"),
            session=process.pid if process is not None else 0,
            partial=not is_whole(told),
        ),
        marks=marks_of(events),
        script_runs=script_runs_of(events),
        freezes=freezes_of(seen, guest.name, after.at),
        freeze_calls=freeze_calls_of(events),
        blocked=blocked_of(events),
        programs=programs_of(events),
        snapshots=calls.taken,
        images=tuple(images),
        faults=faults_of(events),
        before=before,
        after=after,
        reviewable=words_left(situation.sought, guest, before, after, (log, told or b"")),
    )


def environment_of(launch: Launch, situation: Situation, run: str) -> Mapping[str, str]:
    """The whole environment that the executor's main process is started with."""
    environment = {
        **_CALLER,
        **launch.env,
        **situation.environment,
        "SNAPCERT_RUN": run,
        "SNAPCERT_SNAPSHOT": situation.command,
        "SNAPCERT_STATUS": situation.status_path(run),
        "SNAPCERT_SINGLE_DISK": "1" if situation.single_disk else "0",
    }
    if situation.freeze_bound is not None:
        environment["SNAPCERT_FREEZE_BOUND"] = f"{situation.freeze_bound:g}"
    return environment


def _start(
    guest: Guest, argv: Sequence[str], environment: Mapping[str, str]
) -> tuple[Process | None, str]:
    """The executor's main process; or None, and what its author must mend for it to start."""
    try:
        return guest.spawn("executor", argv, env=environment), ""
    except RequestFailed as error:
        if error.code not in (wire.Code.ABSENT, wire.Code.NOT_PERMITTED):
            raise
        reason = error.message.partition("can't be started in ")[2].partition(": ")[2]
        return None, f"the executor can't be started: {reason or error.message} ({error.remedy})"


def observe(guest: Guest) -> GuestState:
    """What the guest holds now, in the folders that a run may change and on its disks."""
    disks = (d.mountpoint for d in guest.disks if d.mountpoint != "/" and not d.foreign)
    return guest.observe((*_WATCHED_ROOTS, *disks), _LEFT_OUT)


def _killed(faults: tuple[Fault, ...]) -> float | None:
    return next((fault.at for fault in faults if fault.what == "kill executor"), None)


def _thaw(host: Host, guest: Guest, seconds: float) -> None:
    """Thaw what was left frozen, once it is on record: the guest's next file must not hang."""
    host.thaw(guest)
    _until_thawed(host, guest, seconds, [disk.name for disk in guest.disks])


def _until_thawed(host: Host, guest: Guest, seconds: float, disks: Collection[str]) -> None:
    """Wait until the watch sees none of `disks` frozen, at most `seconds`: it may lag behind.

    What somebody else froze for the scenario stays so, and is not to be waited for.
    """
    deadline = time.monotonic() + seconds

    def is_thaw(event: Event) -> bool:
        return event.name == wire.Event.THAWED and event.data["guest"] == guest.name

    while True:
        position = len(host.events)
        if not set(disks).intersection(host.frozen(guest)):
            return
        if host.events.wait(is_thaw, deadline - time.monotonic(), position) is None:
            return


def _settle(guest: Guest, before: GuestState, seconds: float) -> None:
    """Wait until no process is left that was not there before, at most `seconds`."""
    known = {(process.pid, process.start_ticks) for process in before.processes}
    deadline = time.monotonic() + seconds
    while {(facts["pid"], facts["start_ticks"]) for facts in guest.processes()} - known:
        if time.monotonic() > deadline:
            return
        # The kernel tells nobody of a process's end but its parent: look again, until the deadline.
        time.sleep(0.02)
