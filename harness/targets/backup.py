"""One backup run of an executor in a guest, recorded from outside.

Prepare what the situation asks for, start the executor, serve its snapshot calls, wait until it
ended and the guest is quiet, then write down what was seen. Nothing is judged here.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from harness.history import (
    ExecutorEnd,
    Fault,
    GuestState,
    History,
    Image,
    Process,
    Shape,
)
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.targets.outcome import read_outcome
from harness.targets.recording import faults_of, freezes_of, marks_of, script_runs_of
from harness.targets.situation import Situation
from harness.targets.snapshots import SnapshotService
from harness.targets.target import Target

#: Where residue is looked for (ROB-03); the disks' mount points are added.
_WATCHED_ROOTS = ("/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/local", "/var")
#: Ours: marks, helpers and the status folder.
_OURS = ("/run/snapcert",)

#: A killed executor has this long to leave the guest quiet (ROB-02); a finished one this long.
_SETTLE_KILLED = 10.0
_SETTLE_ENDED = 2.0

#: The caller's environment; RUN-09 wants nothing of it to reach a script, the canary tells.
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
    status = f"/run/snapcert/status/{run}.json"
    guest.check()
    guest.put(*situation.files)
    guest.watch_scripts(pre=situation.pre, post=situation.post)
    guest.plan(*situation.triggers)
    before = observe(guest)
    first_event = guest.events.mark()
    first_host_event = host.events.mark()
    name = f"executor-{run}"
    launch = target.launch()
    environment = {
        **_CALLER,
        **launch.env,
        **situation.environment,
        "SNAPCERT_RUN": run,
        "SNAPCERT_SNAPSHOT": "/run/snapcert/bin/snapshot",
        "SNAPCERT_STATUS": status,
        "SNAPCERT_SINGLE_DISK": "1" if situation.single_disk else "0",
    }
    if situation.freeze_bound is not None:
        environment["SNAPCERT_FREEZE_BOUND"] = f"{situation.freeze_bound:g}"
    allowed = target.deadline or situation.contract_deadline()
    with host.watch(guest, situation.bound), SnapshotService(host, guest, situation, run) as calls:
        process = guest.spawn("executor", launch.argv, env=environment, alias=name)
        if during is not None:
            during()
        left = process.started + allowed * timeout_scale - guest.now()
        hung = not process.wait(max(left, 0.0))
        if hung:
            process.kill(tree=True)
            process.wait(_SETTLE_KILLED)
        killed = _killed(faults_of(guest.events.since(first_event)))
        after = _settle(guest, before, _SETTLE_KILLED if killed or hung else _SETTLE_ENDED)
        calls.close()
        ended = guest.now()
    events = guest.events.since(first_event)
    freezes = freezes_of(host.events.since(first_host_event), guest.name, ended)
    images: list[Image] = []
    for snapshot in calls.taken:
        if snapshot.set_id is not None:
            images.extend(host.examine(snapshot.set_id))
    outcome, problem = read_outcome(guest.read(status))
    still_frozen = tuple(f.disk for f in freezes if f.thawed_after is None)
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
            started=process.started,
            ended=process.ended if process.ended is not None else ended,
            exit_status=process.exit,
            signal=process.signal,
            hung=hung,
            killed=killed,
            outcome=outcome,
            problem=problem,
            log_tail=process.tail.decode(errors="replace"),
        ),
        marks=marks_of(events),
        script_runs=script_runs_of(events),
        freezes=freezes,
        snapshots=calls.taken,
        images=tuple(images),
        faults=faults_of(events),
        before=before,
        after=GuestState(
            after.at, after.processes, after.mounts, after.files, after.locks, still_frozen
        ),
    )


def observe(guest: Guest) -> GuestState:
    """What the guest holds now; which disks are frozen is the host's to say."""
    roots = (*_WATCHED_ROOTS, *(disk.mountpoint for disk in guest.disks if disk.mountpoint != "/"))
    return GuestState(
        at=guest.now(),
        processes=tuple(
            Process(
                pid=facts["pid"],
                start_ticks=facts["start_ticks"],
                argv=tuple(facts["argv"]),
                role=_role(facts["started_by"], facts["script"]),
                state=facts["state"],
            )
            for facts in guest.processes()
        ),
        mounts=tuple(guest.mounts()),
        files=guest.list_files(roots, exclude=_OURS),
        locks=tuple(guest.locks()),
    )


def _role(started_by: str, script: str) -> str:
    if script:
        return "script"
    if started_by == "executor":
        return "executor"
    return "application" if started_by else "unknown"


def _killed(faults: tuple[Fault, ...]) -> float | None:
    return next((fault.at for fault in faults if fault.what == "kill executor"), None)


def _settle(guest: Guest, before: GuestState, seconds: float) -> GuestState:
    """The state once no process is left that was not there before, or after `seconds`."""
    known = {(process.pid, process.start_ticks) for process in before.processes}
    deadline = time.monotonic() + seconds
    while True:
        left = {(facts["pid"], facts["start_ticks"]) for facts in guest.processes()} - known
        if not left or time.monotonic() > deadline:
            return observe(guest)
        # The kernel tells nobody of a process's end but its parent: look again, until the deadline.
        time.sleep(0.02)
