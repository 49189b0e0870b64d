"""ROB-04.form: the log that the reference executor stores of each run, in a file of its own."""

from __future__ import annotations

from harness.history import GuestState
from harness.oracles.log import Told, form
from harness.scenario.case import Case, Run

#: Where the reference executor's logs lie.
_FOLDER = "/var/log/snapcert-executor/"


def logs_of(state: GuestState | None) -> set[str]:
    """The paths of the stored logs."""
    files = state.files if state is not None else {}
    return {path for path in files if path.startswith(_FOLDER) and path.endswith(".log")}


def check_log(case: Case, run: Run, told: Told) -> None:
    """The log of this very run stands in its folder and tells this; of the reference only."""
    if not case.reference:
        return
    new = logs_of(run.history.after) - logs_of(run.history.before)
    text = b"".join(case.guest.read(path) or b"" for path in sorted(new)).decode()
    case.add(form(text, told), run.history)
