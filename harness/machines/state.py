"""testinfra's API over a guest, so that a scenario's assertions read like its rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import testinfra.backend.base
import testinfra.host

if TYPE_CHECKING:
    from harness.machines.guest import Guest

_DEADLINE = 30.0


class GuestBackend(testinfra.backend.base.BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands through the guest's agent, under its filter, as root."""

    NAME = "snapcert"

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest.name)
        self._guest = guest
        self._encoding = "utf-8"

    @classmethod
    def host_of(cls, guest: Guest) -> testinfra.host.Host:
        """testinfra's host object for this guest."""
        backend = cls(guest)
        host = testinfra.host.Host(backend)
        backend.set_host(host)
        return host

    def run(self, command: str, *args: str, **_: Any) -> testinfra.backend.base.CommandResult:
        """Run a shell command; 124 is the exit status past its deadline, as of timeout(1)."""
        line = self.get_command(command, *args)
        done = self._guest.run(["/bin/sh", "-c", line], deadline=_DEADLINE)
        status = done.exit if done.exit is not None else 128 + (done.signal or 0)
        return self.result(124 if done.timed_out else status, self.encode(line), done.out, done.err)
