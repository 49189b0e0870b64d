"""Starting one machine: create, inspect, attach, start, greet."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.machines.agent import wire
from harness.machines.bundle import bootstrap_input
from harness.machines.channel import Channel
from harness.machines.confinement import MachineSpec, container_objections, create_arguments
from harness.machines.engine import Engine
from harness.machines.errors import UnsafeContainer
from harness.machines.events import Event
from harness.machines.switchboard import Switchboard
from harness.problem import EngineProblem, Problem

_HELLO_DEADLINE = 60.0
_END = 15.0
#: So many heartbeats may be lost before a machine believes that its controller is gone.
_BEATS_A_LEASE = 6


@dataclass(frozen=True)
class Machine:
    """A running container and the connection to the agent in it."""

    engine: Engine
    container: str
    channel: Channel

    def kill(self) -> None:
        """End the main process at once. Only after its disks were thawed."""
        self.engine.kill(self.container)


def create_checked(engine: Engine, spec: MachineSpec) -> str:
    """Create the container of a machine; its id.

    Raises UnsafeContainer, with the container removed, where the engine put anything of its own
    machine into it.
    """
    config, host_config = create_arguments(spec, engine.facts)
    container = engine.create(f"snapcert-{spec.run}-{spec.name}", config, host_config)
    try:
        assert_confined(engine, container, spec)
    except Problem:
        with contextlib.suppress(Problem):
            engine.remove(container)
        raise
    return container


def assert_confined(engine: Engine, container: str, spec: MachineSpec) -> None:
    """Raises UnsafeContainer where the container has more than its specification."""
    objections = container_objections(engine.inspect(container), spec)
    if objections:
        raise UnsafeContainer(
            f"the container of {spec.role} {spec.name} is refused, because the engine at "
            f"{engine.address} gave it: {'; '.join(objections)}",
            "look for default mounts, an init or volumes in the engine's configuration",
            "unsafe-container",
        )


def launch(
    engine: Engine,
    spec: MachineSpec,
    *,
    lease_seconds: float = wire.LEASE_SECONDS,
    listener: Callable[[Event], None] | None = None,
) -> Machine:
    """Start a machine; returns when its agent has greeted and taken its role.

    On a failure nothing is left. Raises EngineProblem, UnsafeContainer, MachineGone.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    board = Switchboard.shared()
    board.beat_within(lease_seconds / _BEATS_A_LEASE)
    container = create_checked(engine, replace(spec, created=now))
    channel: Channel | None = None
    try:
        stream = engine.attach(container)
        channel = Channel(
            f"{spec.role} {spec.name}",
            stream,
            listener=listener,
            blame=lambda: _engine_gone(engine),
            board=board,
        )
        channel.send_raw(bootstrap_input())
        role = channel.start(
            wire.Do.ROLE,
            {"role": spec.role, "run": spec.run, "name": spec.name, "lease": lease_seconds},
        )
        engine.start(container)
        channel.hello(_HELLO_DEADLINE)
        role.result(_HELLO_DEADLINE)
    except BaseException:
        # Also on ^C: a created container that never ran does not remove itself.
        if channel is not None:
            channel.close()
        with contextlib.suppress(Problem):
            engine.remove(container)
        raise
    return Machine(engine, container, channel)


def _engine_gone(engine: Engine) -> str:
    return "" if engine.alive() else f"the engine at {engine.address} went away"


def end_machine(machine: Machine) -> None:
    """Have a machine end itself, by the agent's safe order; kill it where it does not."""
    channel = machine.channel
    channel.expect_end()
    channel.start(wire.Do.END)
    try:
        if not channel.wait_gone(_END):
            machine.kill()
            if not channel.wait_gone(_END):
                raise EngineProblem(
                    f"{channel.name} does not end, not even by a kill",
                    "a process in it is blocked by a frozen filesystem: run `snapcert cleanup`",
                    "left-container",
                )
    finally:
        channel.close()
