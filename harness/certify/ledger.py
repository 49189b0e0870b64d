"""The lines that a kit's workload and verification print, read into operations and restores.

`try ID CLIENT T` before an operation, `ok ID T` once it was acknowledged, T in seconds of
CLOCK_MONOTONIC; `has ID`, `half ID`, `fault TEXT` from the verification. Pure; what does not fit
the form is told as a problem, because a ledger that is half understood proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.history import Operation

#: How many problems are told before the rest is only counted.
_SHOWN = 5


@dataclass(frozen=True)
class Held:
    """What a verification said that an application holds."""

    has: tuple[str, ...]
    half: tuple[str, ...]
    faults: tuple[str, ...]
    problems: tuple[str, ...]


def read_workload(lines: Iterable[str]) -> tuple[tuple[Operation, ...], tuple[str, ...]]:
    """The operations in the order of their `try` lines, and what was wrong with the lines."""
    operations: dict[str, Operation] = {}
    problems: list[str] = []
    for line in lines:
        words = line.split()
        at = _instant(words[-1]) if words else None
        if len(words) == 4 and words[0] == "try" and at is not None:
            if words[1] in operations:
                problems.append(f"{words[1]} is tried twice: {line!r}")
            else:
                operations[words[1]] = Operation(words[1], words[2], at)
        elif len(words) == 3 and words[0] == "ok" and at is not None:
            tried = operations.get(words[1])
            if tried is None:
                problems.append(f"{words[1]} is acknowledged but was never tried: {line!r}")
            elif tried.acknowledged is not None:
                problems.append(f"{words[1]} is acknowledged twice: {line!r}")
            elif at < tried.tried:
                problems.append(f"{words[1]} is acknowledged before it was tried: {line!r}")
            else:
                operations[words[1]] = replace(tried, acknowledged=at)
        elif words:
            problems.append(f"neither `try ID CLIENT T` nor `ok ID T`: {line!r}")
    return tuple(operations.values()), _shortened(problems)


def is_ledger(line: str) -> bool:
    """Whether a line means to be one of the ledger's: begins with `try` or `ok`."""
    return line.split(maxsplit=1)[:1] in (["try"], ["ok"])


def read_verification(text: str) -> Held:
    """What a verification printed."""
    has: list[str] = []
    half: list[str] = []
    faults: list[str] = []
    problems: list[str] = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "has" and rest and " " not in rest:
            has.append(rest)
        elif word == "half" and rest and " " not in rest:
            half.append(rest)
        elif word == "fault" and rest:
            faults.append(rest)
        elif line.strip():
            problems.append(f"neither `has ID`, `half ID` nor `fault TEXT`: {line!r}")
    return Held(tuple(has), tuple(half), tuple(faults), _shortened(problems))


def _instant(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _shortened(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - _SHOWN
    return (*problems[:_SHOWN], *((f"and {more} more lines",) if more > 0 else ()))
