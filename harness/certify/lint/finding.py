"""What lint found: one thing, its place, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class LintFinding:
    """One thing that lint found: an "error" fails level 1, a "warning" is shown.

    `rule` is a rule of the contract ("FILE-04"), or a name of lint's own ("lint.crlf",
    "SC2086"). `line` is None where the whole file is meant.
    """

    rule: str
    severity: Severity
    file: str
    line: int | None
    message: str
    remedy: str
