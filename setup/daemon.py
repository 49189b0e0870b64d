"""The private engine: a dockerd of ours beside whatever else runs on the machine.

It lives in network and mount namespaces of its own: a second dockerd in the machine's network
namespace would delete the first one's bridge. It has its own data, sockets and containerd, and
runs on after make ended. Two folders, or one below `SNAPCERT_ENGINE_DIR`:

    /run/snapcert/engine      docker.sock, dockerd.pid, daemon.json, exec/
    /var/lib/snapcert/engine  data/ (images, containers), dockerd.log
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.problem import EngineProblem, IncompleteProblem
from setup.steps import BEAT, ROOT, locked, say, tail

#: Seconds that the daemon may take to answer, and to end after SIGTERM.
START_DEADLINE = 90.0
STOP_DEADLINE = 30.0
#: A unix socket's path has at most 107 bytes; containerd adds its own names below exec/.
_LONGEST_FOLDER = 60
_PROGRAMS = ("dockerd", "containerd", "containerd-shim")


@dataclass(frozen=True)
class Places:
    """Where one private engine keeps its things."""

    run: Path
    data: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Places:
        """The default places, or those below SNAPCERT_ENGINE_DIR."""
        base = environment.get("SNAPCERT_ENGINE_DIR")
        if not base:
            return cls(Path("/run/snapcert/engine"), Path("/var/lib/snapcert/engine"))
        folder = Path(base).resolve()
        if len(str(folder)) > _LONGEST_FOLDER:
            raise IncompleteProblem(
                f"SNAPCERT_ENGINE_DIR {folder} is too long for the paths of sockets",
                f"name a folder of at most {_LONGEST_FOLDER} characters",
            )
        return cls(folder / "run", folder)

    @property
    def socket(self) -> Path:
        return self.run / "docker.sock"

    @property
    def address(self) -> str:
        """The engine's address, as DOCKER_HOST takes it."""
        return f"unix://{self.socket}"

    @property
    def pidfile(self) -> Path:
        return self.run / "dockerd.pid"

    @property
    def execs(self) -> Path:
        return self.run / "exec"

    @property
    def config(self) -> Path:
        return self.run / "daemon.json"

    @property
    def log(self) -> Path:
        return self.data / "dockerd.log"

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    @property
    def users(self) -> Path:
        """Locked, shared, by everybody who uses the engine."""
        return self.data / "users"


def configuration(places: Places) -> dict[str, object]:
    """dockerd's configuration: nothing of the machine's network is touched."""
    return {
        "data-root": str(places.data / "data"),
        "exec-root": str(places.execs),
        "pidfile": str(places.pidfile),
        "hosts": [places.address],
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "ip-masq": False,
        "storage-driver": "overlay2",
        "live-restore": False,
    }


def answers(path: Path, timeout: float = 2.0) -> bool:
    """Whether an engine answers a ping on a unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout)
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.settimeout(timeout)
    try:
        wire.connect(str(path))
        connection.sock = wire
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        wire.close()


def processes(places: Places, proc: Path = Path("/proc")) -> dict[int, list[int]]:
    """The engine's own processes, each with its children: dockerd, containerd and the shims.

    Told by program and by an argument below the engine's run folder, so that an editor that has
    its configuration open is not one of them.
    """
    parents: dict[int, int] = {}
    ours = []
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            words = entry.joinpath("cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            fields = entry.joinpath("stat").read_text().rpartition(")")[2].split()
            if fields[0] in "ZX":
                continue
            parents[int(entry.name)] = int(fields[1])
            if _is_ours(words, places):
                ours.append(int(entry.name))
    return {pid: _descendants(pid, parents) for pid in ours}


def _is_ours(words: Sequence[str], places: Places) -> bool:
    program = Path(words[0]).name
    return program.startswith(_PROGRAMS) and any(
        word.startswith(f"{places.run}/") for word in words[1:]
    )


def _descendants(pid: int, parents: Mapping[int, int]) -> list[int]:
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def _daemon(places: Places) -> int | None:
    """The pid of the engine's dockerd, None where none runs; a stale pid file does not mislead."""
    for pid in processes(places):
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
            if Path(name.decode()).name == "dockerd":
                return pid
    return None


def running(places: Places) -> bool:
    """Whether the private engine answers."""
    return answers(places.socket)


def start(places: Places) -> None:
    """Start the private engine unless it answers already; returns when it does."""
    with locked(places.lock, "private engine"):
        if running(places) or _is_only_slow(places):
            return
        program = shutil.which("dockerd", path=_path())
        if program is None:
            raise IncompleteProblem(
                "there is no dockerd on this machine",
                "install docker.io (Debian, Ubuntu) or point DOCKER_HOST at an engine",
            )
        if shutil.which("unshare") is None:
            raise IncompleteProblem("there is no unshare(1)", "install util-linux")
        if _daemon(places) is not None or processes(places):
            say("private engine: ending what an earlier one left")
            _end(places)
        _clear(places)
        say(f"private engine: starting on {places.address}; log: {places.log}")
        began = time.monotonic()
        child = _launch(places, program)
        _await(places, child, began)
        say(f"private engine: answers after {time.monotonic() - began:.1f} s")


def _is_only_slow(places: Places) -> bool:
    """Whether its daemon lives and answers after all: on a busy machine that takes its time, and
    ending it would end the guests of everybody who uses it.
    """
    if _daemon(places) is None:
        return False
    say(f"private engine: it is slow to answer, waiting up to {START_DEADLINE:.0f} s")
    return answers(places.socket, START_DEADLINE)


def _path() -> str:
    """PATH with the folders of administrators' programs, which a user's shell may lack."""
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


def _launch(places: Places, program: str) -> subprocess.Popen[bytes]:
    places.run.mkdir(parents=True, exist_ok=True)
    places.data.mkdir(parents=True, exist_ok=True)
    places.config.write_text(json.dumps(configuration(places), indent=1) + "\n")
    entry = ROOT / "setup" / "namespace.py"
    isolated = ("unshare", "--net", "--mount", "--propagation", "private")
    daemon = (sys.executable, "-I", str(entry), program, "--config-file", str(places.config))
    environment = {"PATH": _path(), "HOME": "/root", "LANG": "C.UTF-8"}
    with places.log.open("wb") as log:
        return subprocess.Popen(
            (*isolated, *daemon),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            start_new_session=True,
        )


def _await(places: Places, child: subprocess.Popen[bytes], began: float) -> None:
    """Wait for the first answer; a daemon that ends or stays silent is a Problem with its words."""
    beat = began + BEAT
    while not running(places):
        now = time.monotonic()
        if child.poll() is not None:
            raise EngineProblem(
                f"the private engine ended at once (exit status {child.returncode})\n"
                + tail(places.log),
                f"see {places.log}; it needs root, overlayfs and cgroups. Or point DOCKER_HOST at "
                "an engine that runs",
            )
        if now - began > START_DEADLINE:
            child.kill()
            raise EngineProblem(
                f"the private engine did not answer within {START_DEADLINE:.0f} s\n"
                + tail(places.log),
                f"see {places.log}; run make engine-stop, then make engine",
            )
        if now > beat:
            say(f"  private engine: {now - began:.0f} s")
            beat += BEAT
        time.sleep(0.05)


def stop(places: Places) -> bool:
    """End the private engine and everything it runs; whether there was one."""
    if not places.lock.exists():
        return False
    with locked(places.lock, "private engine"):
        was_there = bool(processes(places))
        _end(places)
        _clear(places)
        return was_there


def _end(places: Places) -> None:
    """SIGTERM to dockerd, which ends its containers and its containerd; then what is left."""
    daemon = _daemon(places)
    if daemon is not None:
        _signal((daemon,), signal.SIGTERM, STOP_DEADLINE)
    left = processes(places)
    if left:
        # Read the tree before the first kill: children of a killed shim lose their parent.
        everything = {pid for parent, children in left.items() for pid in (parent, *children)}
        stuck = _signal(everything, signal.SIGKILL, STOP_DEADLINE)
        if stuck:
            raise EngineProblem(
                f"processes of the private engine do not end: {sorted(stuck)}",
                "a container holds a frozen filesystem: run `snapcert cleanup`, then again",
            )


def _signal(pids: Iterable[int], number: signal.Signals, deadline: float) -> set[int]:
    """Send a signal and wait until they are gone; those that are not at the deadline."""
    handles: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handles[pid] = os.pidfd_open(pid)
    try:
        for handle in handles.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
        until = time.monotonic() + deadline
        waiting = dict(handles)
        while waiting and time.monotonic() < until:
            ready, _, _ = select.select(list(waiting.values()), [], [], until - time.monotonic())
            waiting = {pid: handle for pid, handle in waiting.items() if handle not in ready}
        return set(waiting)
    finally:
        for handle in handles.values():
            os.close(handle)


def _clear(places: Places) -> None:
    """Remove the socket, the pid file and the runtime state of an engine that is gone.

    A stale pid file keeps dockerd from starting once its number belongs to another process.
    """
    for path in (places.socket, places.pidfile):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    mounts = Path("/proc/self/mountinfo").read_text()
    if f" {places.execs}/" not in mounts:
        shutil.rmtree(places.execs, ignore_errors=True)


def remove(places: Places) -> None:
    """Stop the engine and delete its images, containers and log."""
    stop(places)
    mounts = Path("/proc/self/mountinfo").read_text()
    if f" {places.data}/" in mounts:
        raise EngineProblem(
            f"something is still mounted below {places.data}", "unmount it, then again"
        )
    for path in (places.data / "data", places.run):
        shutil.rmtree(path, ignore_errors=True)
    for path in (places.log, places.lock, places.users):
        path.unlink(missing_ok=True)
