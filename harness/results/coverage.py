"""How much of the rule set a conformance run really judged: what nobody looked at is named.

A clause counts as checked where at least one check of it was made against the executor; what can't
be observed from outside, or only in the reference executor, is not asked of anybody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import RULESETS, binding
from harness.results.record import CheckLine, Header, Line
from harness.results.verdict import EXECUTED


@dataclass(frozen=True)
class Coverage:
    """Clause ids that bind under the run's rule set, in the contract's order."""

    checked: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For the verdict."""
        total = len(self.checked) + len(self.unchecked)
        return f"{len(self.checked)} of the {total} clauses that bind were checked"


def coverage(header: Header, lines: Iterable[Line]) -> Coverage | None:
    """The coverage of a conformance run; None for a certification or an unknown rule set."""
    if header.kit is not None or header.rules not in RULESETS:
        return None
    seen = {
        line.clause for line in lines if isinstance(line, CheckLine) and line.status in EXECUTED
    }
    reference = header.executor.kind == "reference"
    due = [
        clause.id
        for clause in CATALOGUE.values()
        if binding(clause, header.rules)
        and clause.observable
        and (reference or not clause.reference_only)
        and clause.rule not in header.executor.not_applicable
        and not clause.rule.startswith("APP-")
    ]
    return Coverage(
        tuple(clause for clause in due if clause in seen),
        tuple(clause for clause in due if clause not in seen),
    )
