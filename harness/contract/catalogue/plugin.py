"""PLG-01: how an executor is plugged in, and what its outcome looks like."""

from __future__ import annotations

# Relative: inside a guest the room may travel under another name.
from ..errors import DOCUMENTED
from .model import Clause, project, seed

_LOST = "Whoever started the backup does not learn how it went."

CLAUSES: tuple[Clause, ...] = (
    seed(
        "PLG-01.names",
        "The ten documented error names are spelt exactly as the article spells them.",
        "Alarms and guides that wait for the documented name never fire.",
        *DOCUMENTED,
    ),
    project(
        "PLG-01.status",
        "The executor writes its outcome to SNAPCERT_STATUS: a JSON object with status (succeeded "
        "or failed), consistency (application, file-system, crash or none) and errors, a list of "
        "names; a failed outcome, and only that, has the consistency none.",
        _LOST,
    ),
    project(
        "PLG-01.whole",
        "The outcome is written whole or not at all.",
        "A reader sees half an outcome and takes it for the whole.",
    ),
    project(
        "PLG-01.exit",
        "The executor exits with 0 when the status is succeeded and with 1 when it is failed; with "
        "nothing else.",
        "A scheduler that looks at the exit status calls a failed backup good.",
    ),
    project(
        "PLG-01.primary",
        "errors stand in the order in which they arose; the first, the primary one, is of the "
        "earliest phase.",
        "A person mends the consequence and leaves the cause.",
    ),
    project(
        "PLG-01.deadline",
        "The executor ends by itself before its overall deadline; past it, it is hung.",
        "A hanging backup stops all later ones.",
    ),
    project(
        "PLG-01.snapshot",
        "The snapshot is asked for by running SNAPCERT_SNAPSHOT without arguments; exit status 0 "
        "means that the set was taken.",
        "No snapshot is taken, or one that nobody knows of.",
    ),
    project(
        "PLG-01.discard",
        "`SNAPCERT_SNAPSHOT discard` tells the host that the set is not wanted; calling it is "
        "optional.",
        "None: both are allowed.",
        unseen="it allows both behaviours, so that nothing can break it",
    ),
    project(
        "PLG-01.details",
        "warnings, where given, are a list of texts, and reasons an object of texts by error name.",
        "A person sees a name and no reason.",
    ),
)
