"""What can happen in a backup run, as far as its verdict depends on it.

The executor appends one happening after another; `verdict` folds over them.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from .errors import ErrorName

#: The phases of a run, in their order.
PHASES = ("recover", "precheck", "pre", "freeze", "snapshot", "thaw", "post", "verdict")


class _Bare:
    """A happening of which there is nothing to say but that it happened: two of a kind are equal.

    No dataclass, and the others tuples, as elsewhere in what ships into guests: to import
    dataclasses, and to make thirty, would be a third of the executor's start.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class NotConfigured(_Bare):
    """There is no config file (FILE-02)."""


class ConfigFinding(NamedTuple):
    """The config file can't be used (FILE-03, FILE-08, CFG-03)."""

    reason: str
    name: str = ErrorName.INCORRECT_CONFIG.value


class PluginHostFinding(NamedTuple):
    """The plugin-host file can't be used (FILE-06)."""

    reason: str
    name: str = ErrorName.INCORRECT_PLUGIN_HOST.value


class ScriptFinding(NamedTuple):
    """A script can't be run, failed or timed out; `name` is one of the eight script errors.

    `phase` is "recover" (the interrupted run's post-script, ROB-05), "precheck" (FILE-04, FILE-05,
    FILE-08), "pre" or "post" (RUN-02, RUN-05, and FILE-09 found just before a start). It is the
    script that failed, for good: a failing attempt that is retried is no happening.
    """

    phase: str
    name: str
    reason: str = ""


class PreSucceeded(_Bare):
    """The pre-script ended with 0."""


class PostSucceeded(_Bare):
    """The post-script of this run ended with 0."""


class FreezeDone(_Bare):
    """All that FRZ-01 names is frozen; also where there was nothing to freeze."""


class FreezeOff(_Bare):
    """No freeze was attempted: fsFreezeEnabled is false (FRZ-02), or FBK-08 says so."""


class FreezeFailed(NamedTuple):
    """A freeze failed and was undone (FRZ-04, FRZ-07), or somebody else thawed (FRZ-06).

    `phase` is "freeze" for the first, "snapshot" or "thaw" (where it was found) for the second.
    """

    phase: str = "freeze"
    reason: str = ""


class SnapshotTaken(_Bare):
    """The snapshot command returned 0 in time."""


class SnapshotFailed(NamedTuple):
    """The snapshot command failed or did not return in time (SNP-02)."""

    reason: str = ""


class Refused(_Bare):
    """Another run is under way (ROB-01)."""


Happening = Union[
    NotConfigured,
    ConfigFinding,
    PluginHostFinding,
    ScriptFinding,
    PreSucceeded,
    PostSucceeded,
    FreezeDone,
    FreezeOff,
    FreezeFailed,
    SnapshotTaken,
    SnapshotFailed,
    Refused,
]
