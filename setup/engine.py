"""An engine that answers: the user's, the system's, else the private one; docker.io if need be.

`python -m setup.engine with COMMAND…` has an engine, then becomes the command, which holds a lock
for as long as it runs: `stop-if-idle` waits for nobody and stops under nobody. `stop`,
`stop-if-idle`, `remove` and `status` are about the private engine only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from harness.machines.engine import DEFAULT_SOCKET, PRIVATE_SOCKET, Engine
from harness.problem import EngineProblem, IncompleteProblem
from setup import apt, daemon
from setup.steps import say, show_problems

#: Seconds that the system's own daemon gets to come up after its package was installed.
_SYSTEM_DEADLINE = 15.0
#: Where this is, systemd starts what packages bring.
_INIT = Path("/run/systemd/system")
#: Seconds until the daemon is a process, where the package's scripts started it.
_FORK_DEADLINE = 2.0
_REMEDY = (
    "start an engine and point DOCKER_HOST at it, or run make as root on Debian or Ubuntu, where "
    "it installs docker.io"
)


def ensure(environment: Mapping[str, str]) -> str:
    """The address of an engine that answers and can be used; sets one up where there is none."""
    places = daemon.Places.of(environment)
    named = environment.get("DOCKER_HOST", "")
    if named != places.address:
        found = _answering(places)
        if found is not None:
            return found
    elif daemon.running(places):
        return places.address
    _be_able(named)
    if not _has_dockerd():
        _install()
        if _system_daemon():
            return DEFAULT_SOCKET
    daemon.start(places)
    return places.address


def _answering(places: daemon.Places) -> str | None:
    """The engine that answers now; None where none was named and none is there."""
    if places.address != PRIVATE_SOCKET and daemon.running(places):
        return places.address
    try:
        engine = Engine.connect(timeout=10)
    except EngineProblem as problem:
        if problem.message.startswith("no container engine answers"):
            return None
        raise
    try:
        if engine.address == PRIVATE_SOCKET != places.address:
            return None  # SNAPCERT_ENGINE_DIR asks for another private engine than this one
        facts = engine.assert_usable()
        say(f"engine: {facts.address} (version {facts.version}, {facts.storage_driver})")
        return engine.address
    finally:
        engine.close()


def _be_able(named: str) -> None:
    """A Problem where no engine can be started by us, before anything is tried."""
    if os.geteuid() != 0:
        raise IncompleteProblem(
            f"no container engine answers{f' on {named}' if named else ''}, and a private one "
            "needs root",
            _REMEDY,
        )


def _has_dockerd() -> bool:
    folders = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
    return shutil.which("dockerd", path=folders) is not None


def _install() -> None:
    try:
        apt.install(("docker.io",), "a container engine", _REMEDY)
    except IncompleteProblem:
        # Where a service can't start, the package's own start script may fail: we need no service.
        if not _has_dockerd():
            raise
        say("docker.io is there although its installation did not end well; going on")


def _system_daemon() -> bool:
    """Whether the daemon that the package starts came up; a machine without an init has none."""
    path = Path(DEFAULT_SOCKET.removeprefix("unix://"))
    began = time.monotonic()
    while not daemon.answers(path):
        spent = time.monotonic() - began
        if spent > _SYSTEM_DEADLINE or (spent > _FORK_DEADLINE and not _comes_up()):
            say("engine: no daemon of the system came up, using a private one")
            return False
        time.sleep(0.1)
    say(f"engine: the system's daemon answers on {path}")
    return True


def _comes_up(proc: Path = Path("/proc")) -> bool:
    """Whether something may still bring the system's daemon up: an init, or itself under way."""
    if _INIT.exists():
        return True
    for entry in proc.glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().decode("utf-8", "replace").split("\0")
            if Path(words[0]).name == "dockerd" and "--config-file" not in words:
                return True
    return False


def become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Have an engine, then run a command in this process's place, as one of the engine's users."""
    places = daemon.Places.of(environment)
    # First the lock, then the engine: a stop that is under way ends before the start.
    with contextlib.suppress(OSError):  # no root: then the private engine is not ours to stop
        places.data.mkdir(parents=True, exist_ok=True)
        users = os.open(places.users, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(users, fcntl.LOCK_SH)
        os.set_inheritable(users, True)
    address = ensure(environment)
    own = dict(environment)
    if address == places.address != PRIVATE_SOCKET:
        # The default places and a context are found by themselves.
        own["DOCKER_HOST"] = address
    os.execvpe(command[0], list(command), own)


def stop_if_idle(places: daemon.Places) -> bool:
    """Stop the private engine unless somebody uses it; whether it is stopped now."""
    if not places.users.exists():
        return daemon.stop(places)
    with places.users.open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("private engine: another run uses it, left running")
            return False
        return daemon.stop(places)


def main(arguments: Sequence[str]) -> int:
    """`ensure` (default), `with COMMAND…`, `stop`, `stop-if-idle`, `remove` or `status`."""
    action, *command = arguments or ("ensure",)
    places = daemon.Places.of(os.environ)
    if action == "ensure":
        ensure(os.environ)
    elif action == "with":
        become(command, os.environ)
    elif action == "status":
        return 0 if daemon.running(places) else 1
    elif action == "remove":
        daemon.remove(places)
        say(f"private engine: {places.data} is empty")
    elif (stop_if_idle if action == "stop-if-idle" else daemon.stop)(places):
        say("private engine: stopped")
    else:
        say("private engine: nothing to stop")
    return 0


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
