"""snapcert as users run it, in a process of its own, and what it may leave behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.machines.engine import Engine
from harness.results.reader import read
from harness.results.record import Record
from tests.machines.loops import is_local, wait_detached

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "from harness.cli import main; main()"
_DEADLINE = 150.0
#: A scenario that needs no script and no wait.
QUICK = "nothing_is_configured and data"


@dataclass
class Command:
    """A snapcert that runs, in a process group of its own as a shell would start it."""

    process: subprocess.Popen[bytes]
    out: Path
    text: str = ""
    left: list[str] = field(default_factory=list)

    def wait_for(self, words: str) -> None:
        """Read on until these words were shown."""
        until = time.monotonic() + _DEADLINE
        while words not in self.text:
            assert self._more(until), f"{words!r} was never shown:\n{self.text}"

    def end(self) -> int:
        """Its exit status; `text` is all that it showed."""
        until = time.monotonic() + _DEADLINE
        while self._more(until):
            pass
        return self.process.wait(10)

    def record(self) -> Record:
        return read(self.out / "results.jsonl")

    def assert_clear(self, *words: str) -> None:
        """These words were shown, and no traceback."""
        shown = " ".join(self.text.split())
        for word in words:
            assert word in shown, self.text
        assert "Traceback" not in self.text
        assert "INTERNALERROR" not in self.text

    def assert_rendered(self, verdict: str, code: int) -> None:
        """The record is whole, says so, and both reports were made of it."""
        record = self.record()
        assert record.footer is not None
        assert (record.footer.verdict, record.footer.exit_code) == (verdict, code)
        assert b"<testsuite" in (self.out / "junit.xml").read_bytes()
        assert "<html" in (self.out / "report.html").read_text(encoding="utf-8")

    def _more(self, until: float) -> bool:
        assert self.process.stdout is not None
        left = max(until - time.monotonic(), 0)
        ready, _, _ = select.select([self.process.stdout], [], [], left)
        assert ready, f"nothing was shown for {_DEADLINE:g} s:\n{self.text}"
        data = os.read(self.process.stdout.fileno(), 65536)
        self.text += data.decode(errors="replace")
        return bool(data)


Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `snapcert ARGUMENTS… --out …`; what still runs at the end of a test is killed."""
    started: list[Command] = []

    def begin(*arguments: str, out: Path | None = None, **environment: str) -> Command:
        folder = out or tmp_path / "out"
        words = [*arguments]
        if arguments[0] in ("conform", "certify"):
            words += ["--out", str(folder)]
        # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
        process = subprocess.Popen(
            ["env", "--default-signal=INT", sys.executable, "-c", _PROGRAM, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        started.append(Command(process, folder))
        return started[-1]

    yield begin
    for command in started:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
            command.process.wait(10)
        if command.process.stdout is not None:
            command.process.stdout.close()


@pytest.fixture
def new_runs(engine: Engine) -> Callable[[int], set[str]]:
    """Ids of the runs whose machines were started by a process, by its open run files."""

    def of(pid: int) -> set[str]:
        found = set()
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(link.readlink())
            except FileNotFoundError:  # closed since the folder was read
                continue
            if target.endswith(".lock") and "/snapcert/runs/" in target:
                found.add(Path(target).stem)
        return found

    return of


def assert_nothing_left(engine: Engine, runs: set[str], deadline: float = 40.0) -> None:
    """No container and no loop device of these runs is there, now or within `deadline`."""
    assert runs
    ours = [c.id for c in engine.containers() if c.run in runs]
    assert not engine.wait_removed(ours, deadline), "containers are left"
    if is_local(engine):
        for run in runs:
            assert not wait_detached(run, deadline), "loop devices are left"


def executor(folder: Path, text: str | bytes, described: str | None = None) -> Path:
    """An executor's folder with this `run`, and executor.toml where `described` is given."""
    folder.mkdir(parents=True)
    run = folder / "run"
    run.write_bytes(text.encode() if isinstance(text, str) else text)
    run.chmod(0o755)
    if described is not None:
        (folder / "executor.toml").write_text(described, encoding="utf-8")
    return folder
