"""Level 1 as checks of a record."""

from __future__ import annotations

from harness.certify.clauses import clauses_of, kit_finding, kit_line
from harness.certify.kit import Kit
from harness.certify.lint import clause_of, lint
from harness.results.record import CheckLine


def static_lines(kit: Kit, scenario: str) -> tuple[CheckLine, ...]:
    """Level 1 as checks: one for each finding of lint, and one for each clause without any."""
    findings = lint(kit)
    lines = []
    for clause in (entry.id for entry in clauses_of("KIT-1")):
        own = [f for f in findings if clause_of(f) == clause]
        for found in own:
            place = f"{found.file}:{found.line}" if found.line else found.file
            observed = f"{place}: {found.message} [{found.rule}]; {found.remedy}"
            finding = kit_finding(clause, False, observed)
            lines.append(
                kit_line(
                    finding,
                    scenario,
                    warned=found.severity == "warning",
                    file=found.file,
                    at=found.line or 0,
                )
            )
        if not own:
            lines.append(kit_line(kit_finding(clause, True, "nothing was found"), scenario))
    return tuple(lines)
