"""From a judgement to a finding: what a broken clause means for a user.

The sentence comes from the contract's catalogue, the harm from the table below; both by clause id,
so that an oracle can't speak of a clause that the contract doesn't have.
"""

from __future__ import annotations

from harness.contract.clauses import CATALOGUE
from harness.history import Finding, Harm

#: What is worse than a broken contract, by clause, or by rule for all its clauses.
HARMS = {
    "APP-01": Harm.FALSE_CONSISTENCY,
    "APP-01.released": Harm.LEFT_BEHIND,
    "FBK-07": Harm.FALSE_CONSISTENCY,
    "FRZ-01.freeze": Harm.FALSE_CONSISTENCY,
    "FRZ-01.which": Harm.FALSE_CONSISTENCY,
    "FRZ-03": Harm.LEFT_FROZEN,
    "FILE-03": Harm.SECURITY,
    "FILE-04": Harm.SECURITY,
    "FILE-08": Harm.SECURITY,
    "FILE-09": Harm.SECURITY,
    "SNP-01.while-frozen": Harm.FALSE_CONSISTENCY,
    "ROB-02.thawed": Harm.LEFT_FROZEN,
    "ROB-02": Harm.LEFT_BEHIND,
    "ROB-03": Harm.LEFT_BEHIND,
    "RUN-05.tree": Harm.LEFT_BEHIND,
    "RUN-06": Harm.LEFT_BEHIND,
    "RUN-09.environment": Harm.SECURITY,
}


def found(
    clause: str, holds: bool, expected: str, observed: str, harm: Harm | None = None
) -> Finding:
    """A finding with the clause's own consequence; raises KeyError for an unknown clause."""
    rule = clause.split(".", 1)[0]
    return Finding(
        clause=clause,
        holds=holds,
        expected=expected,
        observed=observed,
        harm=harm or HARMS.get(clause) or HARMS.get(rule) or Harm.CONTRACT,
        consequence=CATALOGUE[clause].consequence,
    )
