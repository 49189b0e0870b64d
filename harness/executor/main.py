"""The main process of a backup: locks, output, signals, and what to do if the worker dies."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from types import FrameType
from typing import List, Optional

from ..contract.verdict import Policy, Refused, SnapshotFailed, judge
from .channel import Lifeline, ignore_signals, receive_packet
from .journal import Journal, explain
from .mounts import device_of
from .precheck import Paths
from .recovery import recover
from .run import Run, write_status
from .settings import Settings
from .state import InProgress, StateFolder
from .system import standard_descriptors

# How long, after the worker's death, its helpers may take to thaw and to end what was running.
_SURVIVORS = 15.0


def backup(settings: Settings, paths: Optional[Paths] = None) -> int:
    """Do one backup run; the exit status: 0 succeeded, 1 failed. Raises UsageError."""
    # Whatever the caller had: files of the executor are root's alone.
    os.umask(0o077)
    standard_descriptors()
    state = StateFolder(settings.state_folder)
    try:
        state.claim()
    except InProgress as refusal:
        return _refuse(settings, str(refusal))
    identity = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = os.fork()
    if worker == 0:
        mine.close()
        _work(settings, state, theirs, identity, paths)
    theirs.close()
    _pass_signals_on(mine)
    _print_until_end(mine)
    _, status = os.waitpid(worker, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) in (0, 1):
        return os.WEXITSTATUS(status)
    return _worker_died(settings, state, identity)


def _work(
    settings: Settings,
    state: StateFolder,
    end: socket.socket,
    identity: str,
    paths: Optional[Paths],
) -> None:
    """The worker's whole life; never returns."""
    status = 70
    try:
        # A session of its own: what ends the caller's processes as a group leaves it alone.
        os.setsid()
        ignore_signals()
        _leave_the_callers_files()
        lifeline = Lifeline(end)
        journal = Journal(state.path, lifeline.print)
        try:
            run = Run(settings, state, journal, lifeline, identity=identity, paths=paths or Paths())
            status = run.execute()
        except Exception as problem:  # noqa: BLE001 - the main process recovers
            where = _place(problem)
            journal.release()
            journal.say("verdict", f"internal error: {type(problem).__name__}: {problem} ({where})")
        else:
            device = run.frozen_by_others
            if device is None or device != device_of(settings.log_folder):
                _store(journal, settings, state, identity)
    finally:
        os._exit(status)


def _store(journal: Journal, settings: Settings, state: StateFolder, identity: str) -> None:
    problem = journal.store(settings.log_folder, f"run-{identity}.log", state.let_go)
    if problem is not None:
        journal.say("verdict", f"warning: {problem}")


def _worker_died(settings: Settings, state: StateFolder, identity: str) -> int:
    # Its helpers thaw and end by themselves; what is left to do is the next run's recovery, now.
    over = state.wait_for_survivors(_SURVIVORS)
    reason = "the executor's worker process was killed or failed; see the log"
    # Nobody else is there to be gone: both ends are held here.
    other, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    journal = Journal(state.path, _print)
    if not over:
        journal.say("recover", "what survives of the worker has not ended")
    recover(state, journal, Lifeline(end))
    verdict = judge(Policy(single_disk=settings.single_disk), [SnapshotFailed(reason)])
    reasons = dict.fromkeys(verdict.errors, reason)
    journal.verdict(verdict, reasons)
    write_status(settings.status, verdict, [], reasons)
    _store(journal, settings, state, identity)
    other.close()
    return 1


def _refuse(settings: Settings, reason: str) -> int:
    # No log: the run that is under way may have frozen the disk that it would lie on.
    verdict = judge(Policy(), [Refused()])
    reasons = dict.fromkeys(verdict.errors, reason)
    _print([f"status {verdict.status}, consistency {verdict.consistency}"])
    for name in verdict.errors:
        _print(explain(name, reason))
    problem = write_status(settings.status, verdict, [], reasons)
    if problem is not None:
        _print([problem])
    return 1


def _pass_signals_on(worker: socket.socket) -> None:
    def tell(number: int, _frame: Optional[FrameType]) -> None:
        with contextlib.suppress(OSError):
            worker.send(str(number).encode(), socket.MSG_DONTWAIT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, tell)


def _print_until_end(worker: socket.socket) -> None:
    while True:
        packet = receive_packet(worker)
        if not packet:
            return
        _print([packet.decode("utf-8", "replace")])


def _print(lines: List[str]) -> None:
    """To standard output; dropped where nobody reads it, so that it never blocks the run."""
    text = "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace")
    with contextlib.suppress(OSError, ValueError):
        poll = select.poll()
        poll.register(1, select.POLLOUT)
        # A pipe that is ready takes a page without blocking.
        for begin in range(0, len(text), 4096):
            if poll.poll(100):
                os.write(1, text[begin : begin + 4096])


def _leave_the_callers_files() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    os.chdir("/")


def _place(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
