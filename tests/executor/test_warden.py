"""RUN-02, RUN-05 to RUN-09: one command under its warden, with real processes."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.executor import channel
from harness.executor.channel import Interrupted, Lifeline
from harness.executor.scripts import ENVIRONMENT
from harness.executor.system import now
from harness.executor.tree import Process, descendants_of, parse_stat, process_table
from harness.executor.warden import TAIL, Command, Ended, Warden


class Under:
    """Starts scripts under wardens, and closes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wardens: list[Warden] = []

    def warden(self, text: str, *params: str) -> Warden:
        script = self.folder / f"script{len(self.wardens)}"
        script.write_text(text)
        script.chmod(0o700)
        warden = Warden(Command((str(script), *params), ENVIRONMENT))
        self.wardens.append(warden)
        return warden

    def run(self, text: str, *params: str, seconds: float = 20.0) -> Ended:
        warden = self.warden(text, *params)
        warden.start(now() + seconds)
        ended = warden.wait()
        assert ended is not None
        return ended


@pytest.fixture
def under(tmp_path: Path) -> Iterator[Under]:
    it = Under(tmp_path)
    yield it
    for warden in it.wardens:
        warden.close()


def alive_with(word: str) -> list[int]:
    found = []
    for process in process_table():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            if word.encode() in words and process.state != "Z":
                found.append(process.pid)
    return found


def gone(word: str, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while alive_with(word) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive_with(word)


def test_success_and_failure(under: Under) -> None:
    assert under.run("#!/bin/sh\nexit 0\n").success
    failed = under.run("#!/bin/sh\nexit 3\n")
    assert (failed.exit, failed.success) == (3, False)
    killed = under.run("#!/bin/sh\nkill -9 $$\n")
    assert (killed.signal, killed.exit) == (signal.SIGKILL, None)


def test_no_shebang_is_run_by_sh(under: Under) -> None:
    ended = under.run('echo "$0 $1"\n', "a b")
    assert ended.success
    assert ended.out.strip().endswith("script0 a b")


def test_what_can_not_be_executed(under: Under) -> None:
    assert under.run("#!/there/is/no/interpreter\n").error == errno.ENOENT
    assert under.run("#!/bin/sh\r\nexit 0\r\n").error == errno.ENOENT


def test_parameters_arrive_verbatim(under: Under) -> None:
    params = ("", " ", "a'b\"c", "$(touch x) `y` ; z", "two\nlines", "日本\udce9", "*")
    ended = under.run('#!/bin/sh\nfor p in "$@"; do printf \'<%s>\' "$p"; done\n', *params)
    wanted = "".join(f"<{p}>" for p in params).encode("utf-8", "surrogateescape")
    assert ended.out == wanted.decode("utf-8", "replace")


def test_the_script_starts_clean(under: Under, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLERS_OWN", "1")
    before = os.umask(0o077)
    ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    leaked = os.open(under.folder / "leaked", os.O_RDONLY | os.O_CREAT)
    os.set_inheritable(leaked, True)
    try:
        ended = under.run(
            "#!/bin/sh\nenv | sort; echo cwd=$(pwd); echo umask=$(umask); read x || echo eof\n"
            "grep -E 'Sig(Ign|Blk)' /proc/self/status; ls -l /proc/$$/fd\n"
            "cut -d' ' -f1,6 /proc/$$/stat\n"
        )
    finally:
        os.close(leaked)
        signal.signal(signal.SIGUSR1, ignored)
        os.umask(before)
    lines = ended.out.splitlines()
    assert {line.split("=")[0] for line in lines[: lines.index("cwd=/")]} <= {
        *ENVIRONMENT,
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }
    assert "umask=0022" in lines
    assert "eof" in lines
    signals = [line.split(":\t") for line in lines if line.startswith("Sig")]
    # Signals 32 and 33 belong to the C library, which may hold them back for itself.
    own = ~(1 << 31 | 1 << 32)
    assert [(name, int(mask, 16) & own) for name, mask in signals] == [("SigBlk", 0), ("SigIgn", 0)]
    assert "leaked" not in ended.out
    pid, session = lines[-1].split()
    assert pid == session


def test_the_whole_tree_is_ended_at_the_deadline(under: Under) -> None:
    began = time.monotonic()
    ended = under.run(
        "#!/bin/sh\ntrap '' TERM HUP\n"
        "(setsid sh -c \"trap '' TERM; while :; do sleep 71.25; done\" &)\n"
        "(sleep 71.25 &)\nwhile :; do sleep 71.25; done\n",
        seconds=0.5,
    )
    assert ended.timed_out
    assert not ended.success
    assert ended.left == 0
    assert time.monotonic() - began < 0.5 + 5
    assert not alive_with("71.25")


def test_forks_that_are_faster_than_signals(under: Under) -> None:
    # Each link of the chain leaves its session, starts the next and is gone.
    ended = under.run(
        "#!/usr/bin/env python3\nimport os, sys, time\n"
        "end = time.monotonic() + 12\n"
        "while time.monotonic() < end:\n"
        "    if os.fork():\n        os._exit(0) if os.getpid() != os.getsid(0) else 0\n"
        "        if len(sys.argv) > 1: os._exit(0)\n"
        "        time.sleep(20)\n"
        "    else:\n        os.setsid(); sys.argv.append('chain')\n",
        seconds=1.0,
    )
    assert ended.timed_out
    assert ended.left == 0
    assert gone(str(under.folder / "script0"))


def test_sigterm_comes_first(under: Under) -> None:
    ended = under.run(
        "#!/bin/sh\ntrap 'echo unlocked; exit 0' TERM\nwhile :; do sleep 0.05; done\n",
        seconds=0.3,
    )
    assert ended.timed_out
    assert "unlocked" in ended.out


def test_what_a_success_leaves_behind_lives_and_is_not_waited_for(
    under: Under, tmp_path: Path
) -> None:
    began = time.monotonic()
    ended = under.run(
        "#!/bin/sh\n(while :; do echo chatter; echo x >> ticks; sleep 0.02; done) &\n"
        f"cd {tmp_path}\n(while :; do echo chatter; echo x >> ticks; sleep 0.02; done) &\n"
        "sleep 72.25 &\nexit 0\n"
    )
    try:
        assert ended.success
        assert time.monotonic() - began < 5
        under.wardens.pop().close()
        # Its reader is gone, and still its output does not kill it.
        ticks = tmp_path / "ticks"
        before = ticks.stat().st_size if ticks.exists() else 0
        until = time.monotonic() + 5
        while (not ticks.exists() or ticks.stat().st_size < before + 20) and (
            time.monotonic() < until
        ):
            time.sleep(0.02)
        assert ticks.stat().st_size >= before + 20
        assert alive_with("72.25")
    finally:
        for process in process_table():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                if b"72.25" in command or str(under.folder).encode() in command:
                    os.kill(process.pid, signal.SIGKILL)


def test_a_flood_does_not_block_and_its_end_is_kept(under: Under) -> None:
    ended = under.run(
        "#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x\nhead -c 20000000 /dev/zero >&2\n"
        "echo the end\nexit 4\n"
    )
    assert ended.exit == 4
    assert ended.out.endswith("the end\n")
    assert TAIL >= 1024
    assert len(ended.out) == TAIL
    assert len(ended.err) == TAIL


def test_a_flood_does_not_hide_the_deadline(under: Under) -> None:
    began = time.monotonic()
    assert under.run("#!/bin/sh\nyes\n", seconds=0.5).timed_out
    assert time.monotonic() - began < 5.5


def test_several_starts_under_one_warden(under: Under, tmp_path: Path) -> None:
    warden = under.warden(f"#!/bin/sh\necho x >> {tmp_path}/n; wc -l < {tmp_path}/n; exit 1\n")
    for count in (1, 2, 3):
        warden.start(now() + 20)
        ended = warden.wait()
        assert ended is not None
        assert (ended.exit, ended.out.strip()) == (1, str(count))


def test_stop_ends_what_runs(under: Under) -> None:
    warden = under.warden("#!/bin/sh\nsleep 73.25\n")
    warden.start(None)
    assert warden.wait(deadline=now() + 0.2) is None
    ended = warden.stop()
    assert ended.stopped
    assert not alive_with("73.25")


def test_a_sweep_ends_what_an_ended_command_left(under: Under) -> None:
    warden = under.warden("#!/bin/sh\n(setsid sleep 73.75 &)\nsleep 73.75 &\nexit 1\n")
    for _ in range(2):
        warden.start(now() + 20)
        ended = warden.wait()
        assert ended is not None
        # Its own answer is not mixed up with the next start's.
        assert ended.exit == 1
        assert alive_with("73.75")
        assert warden.sweep() == 0
        assert not alive_with("73.75")


def test_a_sweep_of_what_still_runs_or_was_never_started(under: Under) -> None:
    warden = under.warden("#!/bin/sh\nsleep 73.5\n")
    assert warden.sweep() == 0
    warden.start(None)
    assert warden.wait(deadline=now() + 0.2) is None
    assert warden.sweep() == 0
    assert not alive_with("73.5")


def test_a_worker_that_dies_takes_what_runs_with_it(under: Under) -> None:
    pid = os.fork()
    if pid == 0:
        warden = under.warden("#!/bin/sh\n(setsid sleep 74.25 &) ; sleep 74.25\n")
        warden.start(None)
        time.sleep(30)
        os._exit(0)
    until = time.monotonic() + 5
    while len(alive_with("74.25")) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(alive_with("74.25")) == 2
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert gone("74.25")


def test_a_broken_lifeline_interrupts_the_wait_once(under: Under) -> None:
    warden = under.warden("#!/bin/sh\nsleep 0.5\n")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lifeline = Lifeline(theirs)
    lifeline.check()
    warden.start(now() + 20)
    ours.close()
    with pytest.raises(Interrupted):
        warden.wait(lifeline)
    assert lifeline.killed
    ended = warden.wait(lifeline)
    assert ended is not None
    assert ended.success
    theirs.close()
    channel._worker_ends.discard(theirs)


def test_stat_lines() -> None:
    assert parse_stat("12 (a) b) S 3 4 5 0") == Process(12, 3, 4, "S")
    assert parse_stat("") is None


def test_descendants_without_zombies_and_strangers() -> None:
    table = [
        Process(1, 0, 1, "S"),
        Process(5, 1, 5, "S"),
        Process(6, 5, 6, "Z"),
        Process(7, 6, 7, "R"),
        Process(8, 1, 8, "S"),
    ]
    assert [p.pid for p in descendants_of(5, table)] == [7]
