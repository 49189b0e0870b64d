"""Records by what a person types: a file, a folder of them, or several of these."""

from __future__ import annotations

from pathlib import Path

from harness.problem import UsageProblem
from harness.results.reader import read
from harness.results.record import Record

RECORD = "results.jsonl"


def paths(given: str) -> tuple[Path, ...]:
    """The records of `given`: paths separated by commas; of a folder, each one below it.

    Raises UsageProblem where a folder holds none.
    """
    found: list[Path] = []
    for word in given.split(","):
        path = Path(word)
        below = sorted(path.rglob(RECORD)) if path.is_dir() else [path]
        if not below:
            raise UsageProblem(
                f"there is no {RECORD} below {path}",
                "give a results.jsonl, or the folder of --out of a run",
                "results",
            )
        found += below
    return tuple(dict.fromkeys(found))


def records(given: str) -> tuple[Record, ...]:
    """What `paths` finds, read; raises UsageProblem where one is no record."""
    return tuple(read(path) for path in paths(given))
