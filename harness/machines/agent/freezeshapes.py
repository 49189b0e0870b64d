"""The shapes of the events of a freeze in a guest; see `shapes` for how to read them."""

from __future__ import annotations

from typing import TypedDict


class FreezeCallEvent(TypedDict):
    """Event `freeze-call`: a FIFREEZE ("freeze") or FITHAW ("thaw") waits to be done.

    `disk` is "" where it is on none of the guest's. `returned` are numbers of earlier calls that
    had surely returned by then. `command_alive`: whether the snapshot command that waits for its
    answer lives; None where none waits.
    """

    number: int
    what: str
    disk: str
    thread: int
    executors: bool
    returned: list[int]
    command_alive: bool | None


class BlockedEvent(TypedDict):
    """Event `blocked`: a process of the executor's waits to write, until a thaw."""

    pid: int
    thread: int
    argv: list[str]
    since: float


class ProgramEvent(TypedDict):
    """Event `program`: the executor starts a program on a disk that is being frozen or is frozen,
    and its access time would have to be written."""

    pid: int
    path: str
    disk: str
