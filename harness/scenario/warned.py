"""What an executor warns of: looked at under `strict` only, as the contract says."""

from __future__ import annotations

from harness.contract.rulesets import STRICT
from harness.scenario.case import Run


def expect_warning(run: Run, clause: str, *words: str) -> None:
    """Some warning has all these words, in any case.

    An executor need not write its warnings into its outcome: its output will do.
    """
    outcome = run.history.end.outcome
    if run.case.rules != STRICT or outcome is None:
        return
    lines = [*outcome.warnings, *run.history.end.log_tail.splitlines()]
    run.check(
        clause,
        any(all(word.lower() in line.lower() for word in words) for line in lines),
        expected=f"a warning that names {' and '.join(words)}",
        observed=_told(outcome.warnings),
    )


def expect_no_warning(run: Run, clause: str, word: str) -> None:
    """No warning of the outcome has this word, in any case."""
    outcome = run.history.end.outcome
    if run.case.rules != STRICT or outcome is None:
        return
    run.check(
        clause,
        not any(word.lower() in warning.lower() for warning in outcome.warnings),
        expected=f"no warning about {word}",
        observed=_told(outcome.warnings),
    )


def _told(warnings: tuple[str, ...]) -> str:
    return f"warnings: {'; '.join(warnings) or 'none'}"
