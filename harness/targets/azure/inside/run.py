"""One backup run as the virtual machine's agent starts it, and the wait for its end.

`handle.sh enable` leaves a daemon behind and ends; so this process adopts what loses its parent
(a subreaper) and waits for the daemon. It stands for the executor's main process: an attendant
beside it, which is the storage too, ends the extension's own processes when this one is killed,
and nothing else of what they started.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from typing import Iterator, List, Mapping, Tuple

from harness.targets.azure.inside import report
from harness.targets.azure.inside.settings import (
    folder_of,
    handler_environment,
    settings,
    ticks,
)
from harness.targets.azure.inside.storage import SnapshotSet, Storage

HERE = "/run/snapcert/azure"
CERTIFICATE = f"{HERE}/storage.pem"
HURRY = f"{HERE}/hurry.so"

_PR_SET_CHILD_SUBREAPER = 36
#: Between us and the attendant: all is done. Without it the end of the line means that we died.
_DONE = b"d"
#: What a killed run's shell may still start is looked for so long, in seconds.
_STRAGGLERS = 0.5
#: The exit status of a run whose status file tells no outcome.
_NO_OUTCOME = 3


def main(arguments: List[str]) -> int:
    """`azure.pyz VERSION SPEED`; the exit status is the contract's: 0, 1, or 3 without outcome."""
    version, speed = arguments[0], arguments[1]
    folder = folder_of(version)
    taken = SnapshotSet(os.environ["SNAPCERT_SNAPSHOT"])
    storage = Storage(CERTIFICATE, taken.take)
    ours, theirs = socket.socketpair()
    attendant = os.fork()
    if attendant == 0:
        ours.close()
        _attend(theirs, storage, taken)
    theirs.close()
    storage.close()
    _adopt()
    number = _prepare(folder, version, storage.address)
    subprocess.call(["main/handle.sh", "enable"], cwd=folder, env=_environment(number, speed))
    _await_daemon(attendant)
    try:
        status = _finish(f"{folder}/status/{number}.status")
    finally:
        ours.send(_DONE)
        os.waitpid(attendant, 0)
    return status


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


def _await_daemon(attendant: int) -> None:
    """Return once no shell of the extension is a child of ours."""
    daemons = {pid for pid, parent, words in _processes() if parent == os.getpid()}
    daemons.discard(attendant)
    waited = {pid for pid in daemons if _is_shell(pid)}
    while waited:
        pid, _ = os.waitpid(-1, 0)
        waited.discard(pid)


def _is_shell(pid: int) -> bool:
    return "handle.sh" in " ".join(_argv(pid))


def _finish(path: str) -> int:
    try:
        with open(path, encoding="utf-8") as file:
            outcome = report.outcome_of(file.read())
    except (OSError, report.Unreadable) as error:
        print(f"no outcome: {error}", file=sys.stderr)
        return _NO_OUTCOME
    target = os.environ["SNAPCERT_STATUS"]
    with open(f"{target}.new", "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    os.rename(f"{target}.new", target)
    print(json.dumps(outcome, indent=1))
    return 0 if outcome["status"] == "succeeded" else 1


# -- the attendant


def _attend(line: socket.socket, storage: Storage, taken: SnapshotSet) -> None:
    """Be the storage until the run is over; end the extension where its starter was killed."""
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    storage.serve()
    word = line.recv(1)
    taken.give_up()
    if word != _DONE:
        _kill_extension()
    os._exit(0)


def _kill_extension() -> None:
    """SIGKILL to this run's shells and interpreters of the extension, not to what they started."""
    mark = f"SNAPCERT_RUN={os.environ['SNAPCERT_RUN']}".encode()
    until = time.monotonic() + _STRAGGLERS
    while time.monotonic() < until:
        for pid, _, words in _processes():
            extensions = any(word.endswith(("handle.sh", "handle.py")) for word in words)
            if extensions and mark in _environ(pid):
                _kill(pid)
        time.sleep(0.005)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _processes() -> Iterator[Tuple[int, int, List[str]]]:
    """Every process: pid, parent, command line."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            yield int(name), parent, _argv(int(name))


def _argv(pid: int) -> List[str]:
    return [word.decode(errors="replace") for word in _read(f"/proc/{pid}/cmdline").split(b"\0")]


def _environ(pid: int) -> List[bytes]:
    return _read(f"/proc/{pid}/environ").split(b"\0")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
