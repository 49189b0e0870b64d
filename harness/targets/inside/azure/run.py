"""One backup run as the virtual machine's agent starts it, and the wait for its end.

`handle.sh enable` leaves a daemon behind and ends; so this process adopts what loses its parent
(a subreaper) and waits for the daemon. Its attendant is the blob storage too.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import subprocess
import sys
import uuid
from typing import List, Mapping

from harness.targets.inside.attendant import Attendant
from harness.targets.inside.azure import report
from harness.targets.inside.azure.settings import (
    folder_of,
    handler_environment,
    settings,
    ticks,
)
from harness.targets.inside.azure.storage import SnapshotSet, Storage
from harness.targets.inside.processes import processes
from harness.targets.inside.status import leave

HERE = "/run/snapcert/azure"
CERTIFICATE = f"{HERE}/storage.pem"
HURRY = f"{HERE}/hurry.so"

_PR_SET_CHILD_SUBREAPER = 36
#: The extension's own processes: its shell and its interpreter.
_OWN = ("handle.sh", "handle.py")
#: The exit status of a run whose status file tells no outcome.
_NO_OUTCOME = 3


def main(arguments: List[str]) -> int:
    """`azure.pyz VERSION SPEED`; the exit status is the contract's: 0, 1, or 3 without outcome."""
    version, speed = arguments[0], arguments[1]
    folder = folder_of(version)
    taken = SnapshotSet(os.environ["SNAPCERT_SNAPSHOT"])
    storage = Storage(CERTIFICATE, taken.take)
    attendant = Attendant(_OWN, storage.serve, taken.give_up)
    storage.close()
    try:
        _adopt()
        number = _prepare(folder, version, storage.address)
        environment = _environment(number, speed)
        subprocess.call(["main/handle.sh", "enable"], cwd=folder, env=environment)
        _await_daemon()
        return _finish(f"{folder}/status/{number}.status")
    finally:
        attendant.dismiss()


def _prepare(folder: str, version: str, address: str) -> int:
    """Write what the agent writes before it starts a handler; the run's sequence number."""
    for name in ("config", "status"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    with open(f"{folder}/HandlerEnvironment.json", "w", encoding="utf-8") as file:
        file.write(handler_environment(folder, version))
    text = settings(
        address,
        _disks(),
        os.environ.get("SNAPCERT_SINGLE_DISK") == "1",
        str(uuid.uuid4()),
        ticks(dt.datetime.now(dt.timezone.utc)),
    )
    number = len(os.listdir(f"{folder}/config"))
    while True:
        try:
            fd = os.open(
                f"{folder}/config/{number}.settings", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
            )
        except FileExistsError:
            number += 1
            continue
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
        return number


def _environment(number: int, speed: str) -> Mapping[str, str]:
    """The agent's own environment, handed on as it does; ours, which are no agent's, left out."""
    ours = ("SNAPCERT_SNAPSHOT", "SNAPCERT_STATUS")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    environment["ConfigSequenceNumber"] = str(number)
    if speed != "1":
        environment.update({"LD_PRELOAD": HURRY, "HURRY": speed})
    return environment


def _disks() -> int:
    """How many block devices are mounted here."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        rows = [line.split(" - ") for line in file]
    sources = {row[-1].split()[1] for row in rows}
    return len([source for source in sources if source.startswith("/dev/")])


def _adopt() -> None:
    """Whose parent ends becomes our child."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER) is refused")


def _await_daemon() -> None:
    """Return once no shell of the extension is a child of ours."""
    ours = [process for process in processes() if process.parent == os.getpid()]
    waited = {p.pid for p in ours if any(word.endswith(_OWN) for word in p.words)}
    while waited:
        waited.discard(os.waitpid(-1, 0)[0])


def _finish(path: str) -> int:
    try:
        with open(path, encoding="utf-8") as file:
            return leave(report.outcome_of(file.read()))
    except (OSError, report.Unreadable) as error:
        print(f"no outcome: {error}", file=sys.stderr)
        return _NO_OUTCOME
