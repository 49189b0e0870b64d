"""What is judged of a run in a situation of which the project alone says what is right.

An executor of another hand need not know it. Where it does otherwise, or ends with no more than a
crash-consistent backup for it, that is told as advice, and nothing that follows is held against it.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.history import Finding, Outcome

#: A claim that is too high is false whatever led to it.
_ALWAYS = ("FBK-07.level",)


def without_consequences(
    findings: Sequence[Finding], about: Sequence[str], outcome: Outcome | None
) -> tuple[Finding, ...]:
    """All findings; only those of `about` where one of these is broken or the claim is weak."""
    broken = any(f.clause in about and not f.holds for f in findings)
    weak = outcome is not None and outcome.consistency in ("crash", "none")
    if not broken and not weak:
        return tuple(findings)
    return tuple(f for f in findings if f.clause in (*about, *_ALWAYS) or f.rule == "PLG-01")
