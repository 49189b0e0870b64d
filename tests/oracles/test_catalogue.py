"""Every clause that an oracle can speak of is in the contract's catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import oracles
from harness.contract.clauses import CATALOGUE, RULES
from harness.oracles.consequences import HARMS, found

FOLDER = Path(oracles.__file__).parent
#: A clause id in quotes, whole.
CLAUSE = re.compile(r'"([A-Z]{3,4}-\d\d[ab]?\.[a-z0-9-]+)"')

EMITTED = sorted({i for path in FOLDER.glob("*.py") for i in CLAUSE.findall(path.read_text())})


def test_the_search_finds_the_clauses() -> None:
    assert {"FBK-07.level", "PLG-01.exit", "APP-01.prefix", "FRZ-03.bound"} <= set(EMITTED)


@pytest.mark.parametrize("clause", EMITTED)
def test_a_clause_is_in_the_catalogue(clause: str) -> None:
    assert clause in CATALOGUE


@pytest.mark.parametrize("key", sorted(HARMS))
def test_a_harm_belongs_to_a_clause_or_a_rule(key: str) -> None:
    assert key in CATALOGUE or key in RULES


def test_an_unknown_clause_is_refused() -> None:
    with pytest.raises(KeyError):
        found("FBK-99.nothing", True, "", "")


def test_a_finding_says_what_a_user_suffers() -> None:
    assert found("FBK-07.level", False, "", "").consequence == CATALOGUE["FBK-07.level"].consequence
