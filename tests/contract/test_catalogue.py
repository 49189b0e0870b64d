"""The catalogue: complete, well-formed, and each quotation really stands in the source."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from harness.contract.catalogue import words
from harness.contract.clauses import (
    CATALOGUE,
    CONFIG_README,
    RULES,
    SEED,
    TITLES,
    VENDOR_DOC,
    clause,
    rule,
)
from harness.contract.rulesets import DEFAULT_FOR_OTHERS, RULESETS, STRICT, binding

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = {"seed": SEED, "config-readme": CONFIG_README, "vendor-doc": VENDOR_DOC}
_HOW_MANY = {"FILE": 9, "CFG": 6, "RUN": 9, "FRZ": 7, "SNP": 2, "FBK": 9, "APP": 1, "ROB": 5}


def _seed() -> str:
    folder = Path(os.environ.get("SNAPCERT_SEED") or _ROOT.parent / "shared" / "seed")
    texts = sorted(folder.glob("*.txt"))
    if not texts:
        pytest.skip(f"the source text is not here: no *.txt in {folder}; set SNAPCERT_SEED to it")
    return "\n".join(path.read_text(encoding="utf-8") for path in texts)


def test_every_rule_is_there() -> None:
    found = {area: {r for r in RULES if r.startswith(f"{area}-")} for area in _HOW_MANY}
    assert {area: len(ids) for area, ids in found.items()} == _HOW_MANY
    assert {r for r in RULES if r.startswith("FBK-02")} == {"FBK-02a", "FBK-02b"}
    assert "PLG-01" in RULES
    assert len(RULES) == sum(_HOW_MANY.values()) + 1
    assert set(TITLES) == set(RULES)


def test_rules_stand_together_and_in_order() -> None:
    order = [c.rule for c in CATALOGUE.values()]
    assert [r for i, r in enumerate(order) if i == 0 or order[i - 1] != r] == list(RULES)
    areas = [r.split("-")[0] for r in RULES]
    for area in set(areas):
        mine = [r for r in RULES if r.split("-")[0] == area]
        assert mine == sorted(mine)


def test_what_only_the_reference_can_be_asked() -> None:
    only = {c.id for c in CATALOGUE.values() if c.reference_only}
    assert only == {"FILE-06.own-copy", "CFG-04.cap", "ROB-04.form"}


def test_no_id_stands_twice() -> None:
    ids = [c.id for identity in RULES for c in rule(identity)]
    assert len(ids) == len(set(ids)) == len(CATALOGUE)
    from harness.contract import catalogue as package
    from harness.contract import clauses

    assert package.__doc__
    assert sum(len(area.CLAUSES) for area in clauses._AREAS) == len(CATALOGUE)


@pytest.mark.parametrize("identity", list(CATALOGUE))
def test_a_clause_is_well_formed(identity: str) -> None:
    found = clause(identity)
    assert found.id == identity
    assert re.fullmatch(r"[A-Z]{3,4}-\d\d[ab]?\.[a-z0-9]+(-[a-z0-9]+)*", identity)
    assert found.text.endswith(".")
    assert found.consequence.endswith(".")
    assert "  " not in found.text + found.consequence
    assert found.text.isascii() or "…" in found.text
    assert found.observable == (not found.unobservable_reason)
    if found.basis == "project":
        assert not found.documented
        assert found.quotes == ()
    else:
        assert found.documented
        assert _SOURCE[found.basis] in {quote.source for quote in found.quotes}
    for quote in found.quotes:
        assert quote.source in _SOURCE.values()
        assert (quote.source == SEED) == bool(quote.text)


@pytest.mark.parametrize("identity", [c.id for c in CATALOGUE.values() if c.basis == "seed"])
def test_the_quotations_stand_in_the_source(identity: str) -> None:
    source = _seed()
    for quote in clause(identity).quotes:
        if quote.source == SEED:
            assert quote.text in source


def test_no_quotation_is_kept_that_no_clause_uses() -> None:
    used = {quote.text for c in CATALOGUE.values() for quote in c.quotes}
    kept = {v for k, v in vars(words).items() if k.isupper()}
    assert kept <= used


def test_a_quotation_that_is_not_there_would_be_found() -> None:
    source = _seed()
    assert "權限 “600”" in source
    assert "權限 “640”" not in source


def test_an_unknown_rule_or_clause() -> None:
    assert rule("FBK-99") == ()
    with pytest.raises(KeyError, match=r"FBK-99\.status"):
        clause("FBK-99.status")


def test_the_rule_sets_grow() -> None:
    assert RULESETS == ("2017-04", "2025-04", "strict")
    assert RULESETS[-1] == STRICT
    assert DEFAULT_FOR_OTHERS == "2025-04"
    for found in CATALOGUE.values():
        binds = [binding(found, rules) for rules in RULESETS]
        assert binds == sorted(binds)
        assert binds[-1]


@pytest.mark.parametrize(
    ("identity", "first"),
    [
        ("FBK-03.status", "2017-04"),
        ("RUN-04.all-attempts", "2017-04"),
        ("CFG-01.poll", "2025-04"),
        ("CFG-04.cap", "2025-04"),
        ("FBK-03.post-runs", "strict"),
        ("FILE-03.narrow", "strict"),
    ],
)
def test_what_binds_from_when(identity: str, first: str) -> None:
    binds = [rules for rules in RULESETS if binding(clause(identity), rules)]
    assert binds[0] == first


def test_an_unknown_rule_set_is_named() -> None:
    with pytest.raises(KeyError, match="1999"):
        binding(clause("FBK-01.level"), "1999")
