"""`snapcert shell`: look into a guest that was kept."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from harness.machines.engine import LABEL_NAME, ContainerFacts, Engine
from harness.machines.kept import engine_of
from harness.problem import UsageProblem

_CHUNK = 65536


@click.command(short_help="Open a shell in a guest that --keep-failed kept.")
@click.argument("run")
@click.argument("command", nargs=-1)
def shell(run: str, command: tuple[str, ...]) -> int:
    """Open a shell in the kept guest RUN (its name, or its run's id), or run COMMAND there.

    The guest is thawed. Its root is that of the container: where the guest has its root on a
    disk, that is mounted at /guest.
    """
    engine = engine_of(run)
    guest = _find(engine, run)
    if not sys.stdin.isatty() and not command:
        raise UsageProblem("a shell needs a terminal", f"give a command: snapcert shell {run} ls /")
    return _attach(engine, guest, list(command) or ["/bin/bash"], terminal=sys.stdin.isatty())


def _find(engine: Engine, run: str) -> ContainerFacts:
    guests = [c for c in engine.containers(role="guest") if c.state == "running"]
    found = [c for c in guests if run in (c.run, c.labels.get(LABEL_NAME))]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(f"{c.labels.get(LABEL_NAME)} (of run {c.run})" for c in guests))
    if found:
        raise UsageProblem(f"{run} has several guests", f"name one of them: {names}")
    raise UsageProblem(
        f"no guest is called {run!r}",
        f"guests that are there: {names}" if names else "keep one with --keep-failed",
    )


def _attach(engine: Engine, guest: ContainerFacts, argv: list[str], *, terminal: bool) -> int:
    """Run a command in the guest with our standard streams; its exit status."""
    api = engine.api
    made = api.exec_create(guest.id, argv, stdin=terminal, tty=terminal, environment=_environment())
    if not terminal:
        # Not by the bare socket: what comes with the answer's head would be lost.
        for out, err in api.exec_start(made["Id"], stream=True, demux=True):
            os.write(sys.stdout.fileno(), out or b"")
            os.write(sys.stderr.fileno(), err or b"")
        return int(api.exec_inspect(made["Id"])["ExitCode"] or 0)
    handle = api.exec_start(made["Id"], tty=terminal, socket=True, demux=False)
    connection = getattr(handle, "_sock", handle)

    def resize(*_: object) -> None:
        size = shutil.get_terminal_size()
        api.exec_resize(made["Id"], height=size.lines, width=size.columns)

    signal.signal(signal.SIGWINCH, resize)
    resize()
    with _raw_terminal():
        _copy_both_ways(connection)
    return int(api.exec_inspect(made["Id"])["ExitCode"] or 0)


def _environment() -> dict[str, str]:
    return {"TERM": os.environ.get("TERM", "xterm"), "HOME": "/root"}


@contextmanager
def _raw_terminal() -> Iterator[None]:
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _copy_both_ways(connection: Any) -> None:
    ours = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([ours, connection], [], [])
        if connection in ready:
            data = connection.recv(_CHUNK)
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
        if ours in ready:
            typed = os.read(ours, _CHUNK)
            if typed:
                connection.sendall(typed)
