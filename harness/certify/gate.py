"""The gate over several kits: one line of why, one exit code. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.problem import Problem
from harness.results.compare import Comparison
from harness.results.plain import one_line
from harness.results.verdict import Verdict

#: From what decides first: a failure is one whatever became of the other kits.
_FIRST = (1, 3, 4, 2)


@dataclass(frozen=True)
class Passage:
    """What became of one kit at the gate; `why` is a phrase."""

    kit: str
    exit_code: int
    why: str


def passage(
    kit: str,
    verdict: Verdict,
    level: int,
    reasons: Sequence[str],
    comparison: Comparison | None = None,
) -> Passage:
    """Of a kit that was run up to `level`, for these reasons (none: nothing had changed)."""
    because = f"level {level}, because {reasons[0]}" if reasons else "level 1, nothing changed"
    if verdict.exit_code:
        said = verdict.why[0] if verdict.why else verdict.word
        return Passage(kit, verdict.exit_code, f"{said} ({because})")
    if comparison is not None and comparison.worse:
        bad = next(change for change in comparison.changes if change.worse)
        kind = bad.kind.replace("-", " ")
        more = sum(change.worse for change in comparison.changes) - 1
        tail = f" and {more} more" if more else ""
        return Passage(kit, 1, f"{kind}: {bad.subject}{tail} ({because})")
    return Passage(kit, 0, f"holds at {because}")


def exit_code(passages: Sequence[Passage]) -> int:
    """0 where every kit passes; nothing to judge is incomplete."""
    codes = {entry.exit_code for entry in passages}
    if not codes:
        return 2
    return next((code for code in _FIRST if code in codes), max(codes))


def to_data(passages: Sequence[Passage]) -> dict[str, Any]:
    """As JSON has it: the exit code, the line, and each kit's part of both."""
    kits = [{"kit": p.kit, "exit_code": p.exit_code, "why": [p.why]} for p in passages]
    return {"exit_code": exit_code(passages), "why": [sentence(passages)], "kits": kits}


def sentence(passages: Sequence[Passage]) -> str:
    """One line: open or closed, the exit code, and why, what closes it first."""
    code = exit_code(passages)
    word = "closed" if code else "open"
    ordered = sorted(
        passages,
        key=lambda entry: _FIRST.index(entry.exit_code) if entry.exit_code in _FIRST else 9,
    )
    said = "; ".join(f"{entry.kit}: {entry.why}" for entry in ordered)
    return one_line(f"gate {word} ({code}): {said}")


def obstacle(problem: Problem) -> dict[str, Any]:
    """The same where the gate could not even begin to judge: that closes it too."""
    error = {"message": problem.message, "remedy": problem.remedy, "ref": problem.ref}
    why = one_line(f"gate closed ({problem.exit_code}): {problem.message}")
    return {"exit_code": problem.exit_code, "why": [why], "kits": [], "error": error}
