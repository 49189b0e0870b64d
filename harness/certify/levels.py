"""The levels of certification: what each asks, and which module of scenarios does it.

Each level includes those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.certify.kit import Kit
from harness.problem import UsageProblem
from harness.results.record import KitInfo


@dataclass(frozen=True)
class Level:
    """One level: `module` is the file in scenarios/certification, `asks` a phrase for a person."""

    number: int
    name: str
    module: str
    asks: str


LEVELS = (
    Level(
        1,
        "static",
        "test_level1_static.py",
        "the config and the scripts, looked at without running them",
    ),
    Level(
        2,
        "contract",
        "test_level2_contract.py",
        "the scripts in every situation that a framework puts them in",
    ),
    Level(
        3,
        "consistent",
        "test_level3_consistent.py",
        "backups under load, each restored in a fresh guest and proven by the ledger",
    ),
    Level(
        4,
        "resilient",
        "test_level4_resilient.py",
        "the same with faults: the executor and the scripts killed, snapshots that fail or hang, "
        "a full disk",
    ),
)

HIGHEST = LEVELS[-1].number


def modules(level: int) -> frozenset[str]:
    """The modules that a level needs, those of the levels before it included.

    Raises UsageProblem for a level that there is not.
    """
    if not 1 <= level <= HIGHEST:
        names = ", ".join(f"{entry.number} ({entry.name})" for entry in LEVELS)
        raise UsageProblem(f"there is no level {level}", f"levels are {names}", "kit.level")
    return frozenset(entry.module for entry in LEVELS if entry.number <= level)


def kit_info(
    kit: Kit, level: int, rounds: int, packages: Mapping[str, str] | None = None
) -> KitInfo:
    """What a record says of the kit that it is about; `packages` are its guests' versions."""
    manifest = kit.manifest
    return KitInfo(
        manifest.name,
        manifest.version,
        manifest.vendor,
        level,
        kit.digest,
        rounds,
        kit.digests,
        packages or {},
    )
