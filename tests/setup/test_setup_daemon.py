"""The private engine's life, with a dockerd of our own: a small server that answers pings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.machines.engine import PRIVATE_SOCKET
from harness.problem import EngineProblem, IncompleteProblem
from setup import daemon
from setup.steps import ROOT

#: Answers pings on the configured socket, with a child that looks like its containerd's shim.
_SERVER = """\
import http.server, json, os, signal, socketserver, subprocess, sys
config = json.load(open(sys.argv[2]))
class Ping(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
        self.wfile.write(b"OK")
    def address_string(self): return "unix"
    def log_message(self, *words): pass
print("dockerd speaks", flush=True)
open(config["pidfile"], "w").write(str(os.getpid()))
path = config["hosts"][0].removeprefix("unix://")
server = socketserver.ThreadingUnixStreamServer(path, Ping)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server.serve_forever()
"""


@pytest.fixture
def places(short: Path) -> Iterator[daemon.Places]:
    """Places with short paths; what runs there at the end is ended."""
    found = daemon.Places.of({"SNAPCERT_ENGINE_DIR": str(short)})
    yield found
    for pid, children in daemon.processes(found).items():
        for each in (pid, *children):
            os.kill(each, signal.SIGKILL)


@pytest.fixture
def dockerd(fake: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """A dockerd on PATH, and an unshare that needs no privilege and makes no namespace."""
    server = tmp_path / "server.py"
    server.write_text(_SERVER)
    python = Path(sys.executable).resolve()
    # Its first word is its program's name, as the real one's is.
    program = fake("dockerd", f'exec bash -c \'exec -a dockerd "$@"\' - {python} {server} "$@"')
    fake("unshare", 'while [ "${1#-}" != "$1" ] || [ "$1" = private ]; do shift; done\nshift 3\n'
         'exec "$@"')  # fmt: skip
    return program


def _in_process(places: daemon.Places, call: str) -> subprocess.CompletedProcess[str]:
    """Start and stop as make does, each in a process of its own."""
    script = (
        "from setup import daemon, steps; import os, sys\n"
        "places = daemon.Places.of(os.environ)\n"
        f"sys.exit(steps.show_problems(lambda _: int(bool({call}))))"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "SNAPCERT_ENGINE_DIR": str(places.data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_harness_looks_where_the_private_engine_is() -> None:
    places = daemon.Places.of({})
    assert places.address == PRIVATE_SOCKET
    assert str(places.data) == "/var/lib/snapcert/engine"


def test_a_folder_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(IncompleteProblem, match="too long for the paths of sockets"):
        daemon.Places.of({"SNAPCERT_ENGINE_DIR": "/" + "x" * 80})


def test_nothing_of_the_machines_network_or_engine_is_shared() -> None:
    places = daemon.Places.of({"SNAPCERT_ENGINE_DIR": "/srv/x"})
    config = daemon.configuration(places)
    assert config["bridge"] == "none"
    assert config["iptables"] is False
    own = (config["data-root"], config["exec-root"], config["pidfile"])
    assert all(str(path).startswith("/srv/x/") for path in own)
    assert config["hosts"] == ["unix:///srv/x/run/docker.sock"]


def _process(proc: Path, pid: int, parent: int, *words: str, state: str = "S") -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    (proc / str(pid) / "stat").write_text(f"{pid} (a ) b) {state} {parent} 0 0")


def test_its_processes_are_told_from_others(tmp_path: Path) -> None:
    places = daemon.Places(Path("/run/x"), Path("/var/x"))
    _process(tmp_path, 10, 1, "/usr/sbin/dockerd", "--config-file", "/run/x/daemon.json")
    _process(tmp_path, 11, 10, "containerd", "--config", "/run/x/exec/containerd.toml")
    _process(tmp_path, 12, 1, "/usr/bin/containerd-shim-runc-v2", "-address", "/run/x/exec/c.sock")
    _process(tmp_path, 13, 12, "sleep", "9")
    _process(tmp_path, 14, 13, "sleep", "10")
    _process(tmp_path, 20, 1, "/usr/sbin/dockerd", "--config-file", "/run/xyz/daemon.json")
    _process(tmp_path, 21, 1, "vi", "/run/x/daemon.json")
    _process(tmp_path, 22, 1, "dockerd", "-H", "fd://")
    _process(tmp_path, 23, 1, "dockerd", "--config-file", "/run/x/daemon.json", state="Z")
    (tmp_path / "self").mkdir()
    assert daemon.processes(places, tmp_path) == {10: [11], 11: [], 12: [13, 14]}


@pytest.mark.usefixtures("dockerd")
def test_it_starts_once_and_stops(places: daemon.Places) -> None:
    started = _in_process(places, "daemon.start(places)")
    assert started.returncode == 0, started.stderr
    assert "private engine: starting on" in started.stderr
    assert daemon.running(places)
    (pid,) = daemon.processes(places)
    assert _in_process(places, "daemon.start(places)").stderr == ""
    assert list(daemon.processes(places)) == [pid]
    assert json.loads(places.config.read_text())["hosts"] == [places.address]

    assert _in_process(places, "daemon.stop(places)").returncode == 1
    assert not daemon.running(places)
    assert not daemon.processes(places)
    assert not places.socket.exists()
    assert not places.pidfile.exists()
    assert _in_process(places, "daemon.stop(places)").returncode == 0


@pytest.mark.usefixtures("dockerd")
def test_after_a_kill_the_stale_files_do_not_matter(places: daemon.Places) -> None:
    assert _in_process(places, "daemon.start(places)").returncode == 0
    (pid,) = daemon.processes(places)
    os.kill(pid, signal.SIGKILL)
    places.pidfile.write_text(str(os.getpid()))  # the number now belongs to somebody else
    again = _in_process(places, "daemon.start(places)")
    assert again.returncode == 0, again.stderr
    assert daemon.running(places)


@pytest.mark.usefixtures("dockerd")
def test_one_that_is_slow_to_answer_is_not_ended(places: daemon.Places) -> None:
    assert _in_process(places, "daemon.start(places)").returncode == 0
    (pid,) = daemon.processes(places)
    os.kill(pid, signal.SIGSTOP)
    with _starting(places) as start:
        try:
            assert start.stderr is not None
            assert b"slow to answer" in start.stderr.readline()
        finally:
            os.kill(pid, signal.SIGCONT)
        assert start.wait(timeout=60) == 0
    assert list(daemon.processes(places)) == [pid]


@pytest.mark.usefixtures("dockerd")
def test_two_at_once_start_one(places: daemon.Places) -> None:
    with _starting(places) as one, _starting(places) as other:
        assert [each.wait(timeout=60) for each in (one, other)] == [0, 0]
    assert len(daemon.processes(places)) == 1


def _starting(places: daemon.Places) -> subprocess.Popen[bytes]:
    script = "from setup import daemon; import os; daemon.start(daemon.Places.of(os.environ))"
    environment = {**os.environ, "SNAPCERT_ENGINE_DIR": str(places.data)}
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )


def test_a_daemon_that_ends_at_once_is_shown_with_its_words(
    places: daemon.Places, dockerd: Path
) -> None:
    dockerd.write_text("#!/bin/sh\necho 'no overlay in this kernel'\nexit 1\n")
    done = _in_process(places, "daemon.start(places)")
    assert done.returncode == EngineProblem.exit_code
    assert "ended at once (exit status 1)" in done.stderr
    assert "no overlay in this kernel" in done.stderr
    assert "remedy: see " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_daemon_that_stays_silent_has_a_deadline(
    places: daemon.Places, dockerd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerd.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(daemon, "START_DEADLINE", 0.2)
    child = subprocess.Popen([str(dockerd)])
    places.data.mkdir(exist_ok=True)
    with pytest.raises(EngineProblem, match="did not answer within 0 s"):
        daemon._await(places, child, 0.0)
    assert child.wait(timeout=10) == -signal.SIGKILL


def test_without_a_dockerd_the_remedy_names_the_package(
    places: daemon.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_path", lambda: str(places.data))
    with pytest.raises(IncompleteProblem, match="no dockerd") as caught:
        daemon.start(places)
    assert "docker.io" in caught.value.remedy


@pytest.mark.usefixtures("dockerd")
def test_removal_leaves_nothing(places: daemon.Places) -> None:
    _in_process(places, "daemon.start(places)")
    (places.data / "data").mkdir(exist_ok=True)
    _in_process(places, "daemon.remove(places)")
    assert list(places.data.iterdir()) == []
