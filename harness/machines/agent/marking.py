"""What /proc says about a script while it waits for its mark to be answered."""

from __future__ import annotations

import os

from . import linux, procfs
from .reaper import wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .helpers import Call

# A script that does not wait for its mark is taken as it is after this time.
_AT_REST_SECONDS = 0.5


def facts_of_caller(call: Call) -> dict[str, Any]:
    """What /proc says about the script that called; fields keep defaults where it is gone."""
    pid = call.parent
    facts: dict[str, Any] = {
        "pid": pid,
        "argv": procfs.argv(pid),
        "environ": procfs.environ(pid),
        "cwd": "",
        "umask": 0,
        "uid": 0,
        "session": 0,
        "session_leader": False,
        "stdin_eof": procfs.stdin_at_end(pid),
        "ignored_signals": [],
        "blocked_signals": [],
    }
    process = procfs.read(pid)
    try:
        status = _status_at_rest(pid)
        with linux.AsUser(*procfs.owner(pid)):
            facts["cwd"] = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return facts
    facts.update(
        umask=int(status["Umask"], 8),
        uid=int(status["Uid"].split()[1]),
        session=0 if process is None else process.sid,
        session_leader=process is not None and process.sid == pid,
        ignored_signals=procfs.signals(status["SigIgn"]),
        blocked_signals=procfs.signals(status["SigBlk"]),
    )
    return facts


def _status_at_rest(pid: int) -> dict[str, str]:
    """/proc/PID/status once the process waits for the command that called us.

    A shell that starts a command holds back every signal until that runs, and may be seen so for
    a moment. Raises FileNotFoundError, ProcessLookupError.
    """
    status: dict[str, str] = {}

    def rests() -> bool:
        status.update(procfs.status_fields(pid))
        return status["State"].startswith("S")

    wait_until(rests, _AT_REST_SECONDS, 0.002)
    return status
