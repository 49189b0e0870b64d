"""What a defect is: an edit of a correct program that makes it break a clause.

The reference executor, or a bundled kit, is the correct program. An edit is a replacement of text
that stands there exactly once, so that a defect follows the code it breaks: whoever changes that
code sees at once which defects speak of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contract.rulesets import RULESETS, STRICT


class StaleEdit(ValueError):
    """The text that an edit replaces does not stand there, or more than once."""


@dataclass(frozen=True)
class Edit:
    """One replacement in `file`; `old` stands there exactly once."""

    file: str
    old: str
    new: str


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


def edited(files: Mapping[str, bytes], edits: Sequence[Edit], prefix: str = "") -> dict[str, bytes]:
    """The files with every edit made, in order; StaleEdit where one does not fit."""
    changed = dict(files)
    for edit in edits:
        path = prefix + edit.file
        if path not in changed:
            raise StaleEdit(f"there is no {path}")
        text = changed[path].decode()
        count = text.count(edit.old)
        if count != 1:
            raise StaleEdit(f"{path} has this text {count} times, not once: {edit.old!r}")
        changed[path] = text.replace(edit.old, edit.new).encode()
    return changed
