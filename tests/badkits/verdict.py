"""What certification said of a bad kit, and whether it is what must be said. Pure.

The lines are the checks of a record, as results.jsonl has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.certify.levels import LEVELS
from harness.results.record import Status
from harness.results.verdict import is_bad
from tests.badkits.badkit import BadKit


@dataclass(frozen=True)
class Said:
    """One check that did not hold, or warned."""

    clause: str
    level: int
    status: Status
    observed: str


def said(lines: Iterable[Mapping[str, Any]]) -> tuple[Said, ...]:
    """What a record says against its kit, in order."""
    return tuple(
        Said(line["clause"], _level(line["scenario"]), line["status"], line["observed"])
        for line in lines
        if is_bad(line["status"]) or line["status"] == "warned"
    )


def complaints(kit: BadKit, heard: Iterable[Said]) -> Iterator[str]:
    """How that differs from what must be said, in sentences; none where it is found rightly."""
    heard = tuple(heard)
    failed = [check for check in heard if is_bad(check.status)]
    for wanted, among, word in ((kit.fails, failed, "failed"), (kit.warns, heard, "warned")):
        for clause, words in wanted.items():
            own = [check for check in among if check.clause == clause and check.level == kit.level]
            if not own:
                yield f"{clause} has not {word} at level {kit.level}"
            elif not any(words in check.observed for check in own):
                yield f"{clause} {word}, but not for {words!r}: {own[0].observed}"
    for check in failed:
        if check.level != kit.level:
            yield f"{check.clause} failed at level {check.level}, not {kit.level}: {check.observed}"
        elif not kit.allows(check.clause):
            yield f"{check.clause} failed as well: {check.observed}"


def _level(scenario: str) -> int:
    return next(level.number for level in LEVELS if level.module in scenario)
