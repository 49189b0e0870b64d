"""The catalogue: every checkable clause of every rule, by its id.

Clauses keep their order: by area, within an area as the rules stand in the contract.
"""

from __future__ import annotations

from typing import Mapping, Tuple

from .catalogue import application, config, files, freeze, plugin, robustness, scripts, verdict
from .catalogue.model import CONFIG_README, SEED, VENDOR_DOC, Clause, Quote
from .catalogue.titles import TITLES

__all__ = [
    "CATALOGUE",
    "CONFIG_README",
    "RULES",
    "SEED",
    "TITLES",
    "VENDOR_DOC",
    "Clause",
    "Quote",
    "clause",
    "rule",
]

_AREAS = (files, config, scripts, freeze, verdict, application, robustness, plugin)

#: Every clause by its id ("FBK-03.status").
CATALOGUE: Mapping[str, Clause] = {c.id: c for area in _AREAS for c in area.CLAUSES}

#: The ids of all rules, in the contract's order.
RULES: Tuple[str, ...] = tuple(dict.fromkeys(c.rule for c in CATALOGUE.values()))


def clause(identity: str) -> Clause:
    """The clause with that id; a KeyError that names the id where there is none."""
    return CATALOGUE[identity]


def rule(identity: str) -> Tuple[Clause, ...]:
    """The clauses of a rule ("FBK-03"), in order; empty where there is no such rule."""
    return tuple(c for c in CATALOGUE.values() if c.rule == identity)
