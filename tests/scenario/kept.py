"""A case without a guest, for scenarios and expectations that meet a history made by hand."""

from __future__ import annotations

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import RULESETS, STRICT, binding
from harness.history import Finding, History

#: The rule sets that name no reading.
OPEN = tuple(rules for rules in RULESETS if rules != STRICT)


class Kept:
    """It keeps what was found."""

    def __init__(self, rules: str, *, reference: bool = False) -> None:
        self.rules = rules
        self.reference = reference
        self.found: list[Finding] = []

    def add(self, finding: Finding, history: History) -> None:
        self.found.append(finding)

    def binds(self, clause: str) -> bool:
        return binding(CATALOGUE[clause], self.rules)

    @property
    def failed(self) -> set[str]:
        """The clauses that bind and do not hold."""
        return {f.clause for f in self.found if not f.holds and self.binds(f.clause)}
