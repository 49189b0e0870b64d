"""Runs that something ends: told in words, recorded so far, rendered, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.machines.engine import Engine
from tests.bad_input.conftest import QUICK, Start, assert_nothing_left, executor

Runs = Callable[[int], set[str]]
#: Several quick scenarios, so that something is left to be interrupted.
SEVERAL = "test_success and ext4 and single"


@pytest.mark.parametrize(
    ("number", "workers", "why"),
    [(signal.SIGTERM, "0", "by SIGTERM"), (signal.SIGINT, "2", "from the keyboard")],
    ids=["SIGTERM", "SIGINT to all"],
)
def test_interrupted(
    engine: Engine,
    image: str,
    start: Start,
    new_runs: Runs,
    number: signal.Signals,
    workers: str,
    why: str,
) -> None:
    command = start("conform", "--fs", "ext4", "-n", workers, "-k", SEVERAL)
    command.wait_for(" 1/")
    runs = new_runs(command.process.pid)
    if number == signal.SIGINT:
        os.killpg(command.process.pid, number)  # as a terminal does it
    else:
        command.process.send_signal(number)
    assert command.end() == 2
    command.assert_clear("Incomplete", f"the run was interrupted: {why}", "never ran")
    command.assert_rendered("incomplete", 2)
    assert command.record().scenarios
    assert_nothing_left(engine, runs)


def test_a_killed_worker(engine: Engine, image: str, start: Start, new_runs: Runs) -> None:
    command = start("conform", "--fs", "ext4", "-n", "2", "-k", SEVERAL)
    command.wait_for(" 1/")
    runs = new_runs(command.process.pid)
    os.kill(_children(command.process.pid)[0], signal.SIGKILL)
    assert command.end() == 3
    command.assert_clear("the worker that ran it died", "The harness failed")
    command.assert_rendered("harness-failed", 3)
    assert_nothing_left(engine, runs)


def test_an_engine_that_dies(
    engine: Engine, image: str, start: Start, new_runs: Runs, tmp_path: Path
) -> None:
    """A relay that is cut off stands for the engine: its machines hear nobody any more."""
    if not engine.address.startswith("unix://"):
        pytest.skip("the engine is not on a unix socket, which the test relays")
    with _relay(Path(engine.address.removeprefix("unix://")), tmp_path) as (address, cut):
        command = start("conform", "--fs", "ext4", "-n", "0", "-k", SEVERAL, DOCKER_HOST=address)
        command.wait_for(" 1/")
        runs = new_runs(command.process.pid)
        cut()
        assert command.end() == 3
    command.assert_clear("remedy", "The harness failed")
    command.assert_rendered("harness-failed", 3)
    assert command.record().scenarios[0].status == "passed"
    assert_nothing_left(engine, runs)


def test_a_full_disk_for_the_results(
    engine: Engine, image: str, start: Start, new_runs: Runs, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20k", "tmpfs", str(small)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a tmpfs can't be mounted here")
    try:
        command = start("conform", "--fs", "ext4", "-n", "0", "-k", QUICK, out=small)
        command.wait_for("executor reference")
        runs = new_runs(command.process.pid)
        assert command.end() == 3
        command.assert_clear("error: the results can't be written to", "No space left", "--out")
        assert command.record().header.executor.name == "reference"
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert_nothing_left(engine, runs)


def test_a_selection_of_nothing(engine: Engine, image: str, start: Start) -> None:
    command = start("conform", "-n", "0", "-k", "nosuchscenario", "--fs", "xfs")
    assert command.end() == 2
    command.assert_clear("no scenario matches -k nosuchscenario")
    command.assert_rendered("incomplete", 2)


def test_a_kept_guest_is_looked_into_and_ended(
    engine: Engine, image: str, start: Start, tmp_path: Path
) -> None:
    """--keep-failed, `snapcert shell RUN ls /` and `snapcert cleanup --all-of RUN`."""
    broken = executor(tmp_path / "broken", "#!/no/such/interpreter\n")
    command = start(
        "conform", "--executor", f"command:{broken}", "--rules", "2017-04", "--fs", "xfs",
        "-n", "0", "-k", f"{QUICK} and not single", "--keep-failed", "-x",
    )  # fmt: skip
    assert command.end() == 1
    command.assert_clear("CRASHED", "can't be started", "/opt/executor/run", "No such file")
    command.assert_rendered("does-not-conform", 1)
    guest = command.text.partition("snapcert shell ")[2].split("`")[0].strip()
    (run,) = {c.run for c in engine.containers() if c.labels["snapcert.name"] == guest}
    try:
        shell = start("shell", guest, "ls", "/")
        assert shell.end() == 0
        assert {"etc", "opt", "data"} <= set(shell.text.split())
        missing = start("shell", guest, "false")
        assert missing.end() == 1
    finally:
        ended = start("cleanup", "--all-of", run)
        assert ended.end() == 0
    assert "mended:" in ended.text
    assert_nothing_left(engine, {run})


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    found = [int(word) for word in text.split()]
    assert found, "the command has no workers"
    return found


@contextlib.contextmanager
def _relay(engine: Path, folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """A socket before the engine's, and what cuts it with everything that goes through it."""
    path = folder / "engine.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(64)
    ends: list[socket.socket] = []

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client = server.accept()[0]
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(str(engine))
                ends.extend((client, behind))
                for pair in ((client, behind), (behind, client)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    def cut() -> None:
        path.unlink(missing_ok=True)
        for end in (server, *ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        server.close()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"unix://{path}", cut
    finally:
        cut()
        for end in ends:
            end.close()
