"""What a run is told by its caller: options, else the SNAPCERT_ variables."""

from __future__ import annotations

import math
from typing import Mapping, NamedTuple, Optional, Tuple

#: From the first freeze to the last thaw, in seconds (FRZ-03).
FREEZE_BOUND = 60.0
#: Where a run keeps its locks, and what is needed to recover it.
STATE_FOLDER = "/run/snapcert-executor"
#: Where the logs of finished runs lie.
LOG_FOLDER = "/var/log/snapcert-executor"


class UsageError(Exception):
    """The caller told something that can't be used; `remedy` says what to tell instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Settings(NamedTuple):
    """`snapshot` and `status` are paths; `status` None: no status file is written.

    `environment` is the caller's, for the snapshot command only.
    """

    snapshot: str
    status: Optional[str]
    single_disk: bool
    bound: float
    state_folder: str
    log_folder: str
    environment: Mapping[str, str]
    warnings: Tuple[str, ...] = ()


def read_settings(
    environment: Mapping[str, str],
    snapshot: Optional[str] = None,
    status: Optional[str] = None,
    state_folder: str = STATE_FOLDER,
    log_folder: str = LOG_FOLDER,
) -> Settings:
    """Settings from options and environment. Raises UsageError."""
    command = snapshot or environment.get("SNAPCERT_SNAPSHOT", "")
    if not command:
        raise UsageError(
            "there is no snapshot command: SNAPCERT_SNAPSHOT is not set",
            "set SNAPCERT_SNAPSHOT, or give --snapshot, with the full path of an executable that "
            "takes the snapshot and exits with 0",
        )
    outcome = status or environment.get("SNAPCERT_STATUS") or None
    for what, path in (("snapshot command", command), ("status file", outcome)):
        if path is not None and not path.startswith("/"):
            raise UsageError(
                f"the {what} is {path!r}: not a full path", "give a path that begins with /"
            )
    bound, warnings = _bound(environment.get("SNAPCERT_FREEZE_BOUND", ""))
    return Settings(
        snapshot=command,
        status=outcome,
        single_disk=environment.get("SNAPCERT_SINGLE_DISK", "") == "1",
        bound=bound,
        state_folder=state_folder,
        log_folder=log_folder,
        environment=dict(environment),
        warnings=warnings,
    )


def _bound(text: str) -> Tuple[float, Tuple[str, ...]]:
    if not text:
        return FREEZE_BOUND, ()
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        what = f"SNAPCERT_FREEZE_BOUND is {text!r}, no number of seconds: {FREEZE_BOUND:g} apply"
        return FREEZE_BOUND, (what,)
    return min(seconds, FREEZE_BOUND), ()
