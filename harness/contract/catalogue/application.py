"""APP-01: what application consistent means for a restored set."""

from __future__ import annotations

from . import words
from .model import Clause, project, seed

_LOST = "Data that a user was told is safe is gone after the restore."

CLAUSES: tuple[Clause, ...] = (
    seed(
        "APP-01.starts",
        "The application starts from the restored set.",
        "The backup can't be used when it is needed.",
        words.BOOTS,
    ),
    project(
        "APP-01.no-repair",
        "It starts without manual repair.",
        "A restore needs an expert, at night.",
    ),
    project(
        "APP-01.verification",
        "Its own verification is clean.",
        "Damaged data goes unnoticed until it is used.",
    ),
    project(
        "APP-01.acknowledged",
        "Every operation that was acknowledged before the pre-script started is there.",
        _LOST,
    ),
    project(
        "APP-01.none-after",
        "No operation that was issued after the snapshot ended is there.",
        "What was restored is not the snapshot; the proof is worth nothing.",
    ),
    project(
        "APP-01.whole",
        "No operation is there by half.",
        "Money has left one account and reached no other.",
    ),
    project(
        "APP-01.prefix",
        "With an operation every earlier acknowledged one of its client is there.",
        "What came first is lost and what came later is there: no state that ever was.",
    ),
    project(
        "APP-01.stopped",
        "Where the kit declares that it stops writes, nothing was acknowledged between the end of "
        "the pre-script and the start of the post-script.",
        "The script only pretends to quiesce the application: false consistency.",
    ),
    project(
        "APP-01.released",
        "After the run the application answers, and its own state (locks, settings, sessions) is "
        "what it was before.",
        "The application stays quiesced: an outage that a backup caused.",
    ),
)
