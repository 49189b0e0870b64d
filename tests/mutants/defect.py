"""What a defect is: an edit of a correct program that makes it break a clause.

The reference executor, or a bundled kit, is the correct program. An edit is a replacement of text
that stands there exactly once, so that a defect follows the code it breaks: whoever changes that
code sees at once which defects speak of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.contract.rulesets import RULESETS, STRICT
from tests.overlay import Edit

__all__ = ["SEED", "Defect", "Drawn", "Edit", "KitDefect", "Reading", "digest"]

#: The seed of what is drawn by chance for a defect.
SEED = 1


@dataclass(frozen=True)
class Defect:
    """A broken reference executor.

    `breaks` are the clauses whose own checks must fail under `strict`; `edits` name files below
    harness/ ("executor/run.py"); `scenarios` is a -k expression of those that must notice.
    """

    name: str
    breaks: tuple[str, ...]
    edits: tuple[Edit, ...]
    scenarios: str
    filesystems: str = "ext4"


@dataclass(frozen=True)
class Reading(Defect):
    """Another reading of the contract: it breaks its clauses under `strict` alone.

    Under the rule sets `accepted` the same scenarios must pass.
    """

    accepted: tuple[str, ...] = tuple(rules for rules in RULESETS if rules != STRICT)


@dataclass(frozen=True)
class Drawn(Defect):
    """Noticed where two things meet that few seeds draw together; `seed` is one that does."""

    seed: int = SEED


@dataclass(frozen=True)
class KitDefect:
    """A broken bundled kit; `edits` name files below fixtures/kits/KIT/."""

    name: str
    breaks: tuple[str, ...]
    edits: tuple[Edit, ...]
    kit: str = "ledger"
    rounds: int = 2


def digest(defect: Defect | KitDefect) -> str:
    """Names this very defect: a recorded run of another one says nothing about it."""
    return hashlib.sha256(repr(defect).encode()).hexdigest()[:16]
