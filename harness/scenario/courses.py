"""What happens in the usual runs, in the contract's words: all goes well, or one script fails."""

from __future__ import annotations

from harness.contract.errors import for_script
from harness.contract.verdict import (
    FreezeDone,
    Happening,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)

#: By script, the findings of the precheck about it.
NOT_FOUND = {which: for_script(which, "not-found") for which in ("pre", "post")}
PERMISSION = {which: for_script(which, "permission") for which in ("pre", "post")}

ALL_WELL: tuple[Happening, ...] = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())


def failing(
    which: str, reason: str = "", *, kind: str = "execution-failed"
) -> tuple[Happening, ...]:
    """One script fails for good, in the run's own phases; `kind` as in `for_script`."""
    failed = ScriptFinding(which, for_script(which, kind), reason)
    if which == "pre":
        return (failed, FreezeDone(), SnapshotTaken(), PostSucceeded())
    return (PreSucceeded(), FreezeDone(), SnapshotTaken(), failed)
