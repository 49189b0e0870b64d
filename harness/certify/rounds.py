"""One round: a backup of the application under load, its set restored in a fresh guest and asked.

The executor's run itself is a callable, so that a round knows nothing of executors: it gets the
guest with the application under load, and gives the history of one backup run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.certify.application import Application, KitFailed
from harness.certify.kit import Kit
from harness.history import Application as ApplicationHistory
from harness.history import GuestState, History, Restore
from harness.machines.errors import RequestFailed
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import Layout

Backup = Callable[[Guest], History]


@dataclass(frozen=True)
class Load:
    """How much load a round needs: operations acknowledged before the backup and after it.

    `within` is how long each may take, in seconds: an application that does not go on within it
    is left quiesced.
    """

    before: int = 150
    after: int = 50
    within: float = 20.0


#: Called with the guest before it is closed, and with the history, None where the kit failed.
BeforeClose = Callable[[Guest, History | None], None]


def run_round(
    kit: Kit,
    host: Host,
    backup: Backup,
    *,
    image: str = "",
    load: Load | None = None,
    before_close: BeforeClose | None = None,
) -> History:
    """One round in guests of `image` ("" for the host's); the history with its application.

    Raises KitFailed where the kit's application fails before or beside the backup, a Problem where
    a machine does.
    """
    layout = replace(kit.manifest.layout, image=image)
    with host.guest(layout) as guest:
        try:
            history = _round(kit, host, guest, backup, load or Load())
        except KitFailed:
            if before_close is not None:
                before_close(guest, None)
            raise
        if before_close is not None:
            before_close(guest, history)
        forget_sets(host, guest, [history])
        return history


def forget_sets(host: Host, guest: Guest, histories: Iterable[History]) -> None:
    """Give back the room of all sets of these runs, unless their guest is kept for a person."""
    if host.keeps(guest):
        return
    for history in histories:
        for snapshot in history.sets():
            if snapshot.set_id is not None:
                host.forget(snapshot.set_id)


def _round(kit: Kit, host: Host, guest: Guest, backup: Backup, load: Load) -> History:
    application = Application(kit, guest)
    application.install(empty=True)
    application.start()
    application.load(load.before, load.within)
    state = application.state()
    history = backup(guest)
    observed = _after(application, guest, state, kit, load)
    # Whoever reads this in a restored guest looks at these disks, not at the set's.
    marker = secrets.token_hex(8)
    host.write_marker(guest, marker)
    restores = [
        restore(kit, host, guest.layout, snapshot.set_id, marker)
        for snapshot in history.sets()
        if snapshot.set_id is not None
    ]
    kept = without_own_changes(history, kit.manifest.own_folders)
    return replace(kept, application=replace(observed, restores=tuple(restores)))


def _after(
    application: Application, guest: Guest, state: str, kit: Kit, load: Load
) -> ApplicationHistory:
    """What the application does after the run: it answers, goes on, and is as it was."""
    goes_on = application.wait_acknowledged(load.after, guest.now(), load.within)
    if not goes_on:
        application.require_load()
    operations = application.end_load()
    answers = application.answers()
    return ApplicationHistory(
        operations=operations,
        stops_writes=kit.manifest.stops_writes,
        state_before=state,
        state_after=application.state() if answers else "",
        answers_after=answers and goes_on,
    )


def restore(
    kit: Kit,
    host: Host,
    layout: Layout,
    set_id: str,
    marker: str,
    *,
    prepare: Callable[[Guest], None] | None = None,
) -> Restore:
    """Start the application on a restored set in a fresh guest, without help, and ask it.

    `prepare` is what the fault that the suite made needs undone there, and nothing of the kit's.
    """
    try:
        guest = host.restore(set_id, layout)
    except RequestFailed as problem:
        if problem.code != "mount":
            raise
        return Restore(set_id, False, False, None, problem=problem.message)
    with guest:
        original = marker in host.read_marker(guest).values()
        if prepare is not None:
            prepare(guest)
        application = Application(kit, guest)
        application.install(empty=False)
        try:
            seconds = application.start()
        except KitFailed as failure:
            return Restore(
                set_id,
                mounted=True,
                started=False,
                verify_exit=None,
                original=original,
                problem=str(failure),
                log_tail=application.log_tail,
            )
        result, held = application.verify()
        said = result.err.decode(errors="replace").strip()
        return Restore(
            set_id,
            mounted=True,
            started=True,
            verify_exit=result.exit,
            has=held.has,
            half=held.half,
            faults=(*held.faults, *(f"its lines can't be read: {p}" for p in held.problems)),
            original=original,
            problem=said if result.exit != 0 else "",
            seconds_to_ready=seconds,
        )


def without_own_changes(history: History, folders: Sequence[str]) -> History:
    """The history without the files and locks in the application's own folders: one under load
    changes them all the time, which is no residue of a run.
    """
    own = tuple(f"{folder}/" for folder in folders)

    def elsewhere(state: GuestState | None) -> GuestState | None:
        if state is None:
            return None
        files: Mapping[str, str] = {
            path: facts for path, facts in state.files.items() if not path.startswith(own)
        }
        locks = tuple(lock for lock in state.locks if not lock.rpartition(" ")[2].startswith(own))
        return replace(state, files=files, locks=locks)

    return replace(history, before=elsewhere(history.before), after=elsewhere(history.after))
