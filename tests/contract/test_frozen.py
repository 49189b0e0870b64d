"""Rule sets are frozen by their revision: a verdict by one means the same next year.

A list here changes only with a mistake in its reading of the sources, which the changelog tells;
everything else is a rule set of a new name (docs/versions.md).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import RULESETS, STRICT, binding

FROZEN = Path(__file__).parent / "frozen"


@pytest.mark.parametrize("rules", [rules for rules in RULESETS if rules != STRICT])
def test_a_rule_set_binds_what_it_always_bound(rules: str) -> None:
    kept = (FROZEN / f"{rules}.txt").read_text(encoding="utf-8").split()
    binds = sorted(clause.id for clause in CATALOGUE.values() if binding(clause, rules))
    assert binds == kept


def test_each_list_is_of_a_rule_set() -> None:
    assert {path.stem for path in FROZEN.iterdir()} == set(RULESETS) - {STRICT}
