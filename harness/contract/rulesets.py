"""Rule sets: which clauses bind, frozen by the revision of the sources.

A clause that does not bind is advisory: a finding against it is a warning, never a failure.
"""

from __future__ import annotations

from typing import FrozenSet, Mapping, Tuple

from .catalogue.model import Clause

_BASES: Mapping[str, FrozenSet[str]] = {
    "2017-04": frozenset({"seed", "config-readme"}),
    "2025-04": frozenset({"seed", "config-readme", "vendor-doc"}),
    "strict": frozenset({"seed", "config-readme", "vendor-doc", "project"}),
}

#: The rule sets, from the fewest clauses to all of them.
RULESETS: Tuple[str, ...] = tuple(_BASES)
#: What the reference executor is held to.
STRICT = "strict"
#: What other executors are held to where nothing else was asked for.
DEFAULT_FOR_OTHERS = "2025-04"


def binding(clause: Clause, rules: str) -> bool:
    """Whether a finding against the clause fails under `rules`; False: it only warns.

    An unknown rule set is a KeyError that names it.
    """
    return clause.basis in _BASES[rules]
