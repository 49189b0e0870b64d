"""What can happen in a backup run, as far as its verdict depends on it.

The executor appends one happening after another; `verdict` folds over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .errors import ErrorName

#: The phases of a run, in their order.
PHASES = ("recover", "precheck", "pre", "freeze", "snapshot", "thaw", "post", "verdict")


@dataclass(frozen=True)
class NotConfigured:
    """There is no config file (FILE-02)."""


@dataclass(frozen=True)
class ConfigFinding:
    """The config file can't be used (FILE-03, FILE-08, CFG-03)."""

    reason: str
    name: str = ErrorName.INCORRECT_CONFIG.value


@dataclass(frozen=True)
class PluginHostFinding:
    """The plugin-host file can't be used (FILE-06)."""

    reason: str
    name: str = ErrorName.INCORRECT_PLUGIN_HOST.value


@dataclass(frozen=True)
class ScriptFinding:
    """A script can't be run, failed or timed out; `name` is one of the eight script errors.

    `phase` is "recover" (the interrupted run's post-script, ROB-05), "precheck" (FILE-04, FILE-05,
    FILE-08), "pre" or "post" (RUN-02, RUN-05, and FILE-09 found just before a start). It is the
    script that failed, for good: a failing attempt that is retried is no happening.
    """

    phase: str
    name: str
    reason: str = ""


@dataclass(frozen=True)
class PreSucceeded:
    """The pre-script ended with 0."""


@dataclass(frozen=True)
class PostSucceeded:
    """The post-script of this run ended with 0."""


@dataclass(frozen=True)
class FreezeDone:
    """All that FRZ-01 names is frozen; also where there was nothing to freeze."""


@dataclass(frozen=True)
class FreezeOff:
    """No freeze was attempted: fsFreezeEnabled is false (FRZ-02), or FBK-08 says so."""


@dataclass(frozen=True)
class FreezeFailed:
    """A freeze failed and was undone (FRZ-04, FRZ-07), or somebody else thawed (FRZ-06).

    `phase` is "freeze" for the first, "snapshot" or "thaw" (where it was found) for the second.
    """

    phase: str = "freeze"
    reason: str = ""


@dataclass(frozen=True)
class SnapshotTaken:
    """The snapshot command returned 0 in time."""


@dataclass(frozen=True)
class SnapshotFailed:
    """The snapshot command failed or did not return in time (SNP-02)."""

    reason: str = ""


@dataclass(frozen=True)
class Refused:
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
