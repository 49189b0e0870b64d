"""What the suite asks of an executor under test: how to install it, start it and judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.machines.guest import Guest


@dataclass(frozen=True)
class Identity:
    """Which executor a result speaks of; `digest` is a sha256 over all its files.

    `files` has the one of each file by its path.
    """

    name: str
    version: str
    kind: str
    digest: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    """How the executor's main process is started in a guest, as root."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


class Target(Protocol):
    """An executor under test.

    `packages` are Debian packages that it needs in the guest besides the base image's, `image` is
    an image of its own. `deadline` is its overall deadline in seconds, None for the sum of the
    contract's own bounds. `not_applicable` maps rule ids to the reason that the verdict shows.
    `state_folders` are where its lasting state may stand (ROB-03).
    """

    @property
    def identity(self) -> Identity: ...

    @property
    def packages(self) -> tuple[str, ...]: ...

    @property
    def image(self) -> str | None: ...

    @property
    def deadline(self) -> float | None: ...

    @property
    def not_applicable(self) -> Mapping[str, str]: ...

    def install(self, guest: Guest) -> None:
        """Put the executor into a prepared guest; raises a Problem that names what failed."""
        ...

    def launch(self) -> Launch:
        """The command that performs one backup run."""
        ...
