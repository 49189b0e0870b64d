"""What `snapcert explain` prints."""

from __future__ import annotations

import pytest

from harness.contract.clauses import CATALOGUE, RULES, rule
from harness.contract.errors import ERRORS
from harness.contract.explain import explain, suggest


@pytest.mark.parametrize("name", [*ERRORS, *RULES, *CATALOGUE])
def test_everything_is_explained_whatever_its_case(name: str) -> None:
    text = explain(name)
    assert text
    assert text.startswith(name)
    assert explain(f" {name.upper()}\n") == text == explain(name.lower())
    assert all(line == line.rstrip() for line in text.splitlines())


def test_an_error_tells_what_to_do() -> None:
    text = explain("pre-scripttimeout")
    assert text
    words = " ".join(text.split())
    assert ERRORS["Pre-ScriptTimeout"].message in words
    assert ERRORS["Pre-ScriptTimeout"].action in words
    assert "RUN-05" in words


def test_an_error_of_this_project_says_so() -> None:
    assert "an error of this project" in (explain("FsFreezeFailed") or "")


def test_a_rule_lists_its_clauses() -> None:
    text = explain("FBK-03") or ""
    for clause in rule("FBK-03"):
        assert f"{clause.id}  [{clause.basis}]" in text


def test_a_clause_shows_its_source_and_where_it_binds() -> None:
    text = explain("FBK-03.status") or ""
    assert CATALOGUE["FBK-03.status"].quotes[0].text in text
    assert "2017-04, 2025-04, strict" in text
    own = explain("FBK-03.post-runs") or ""
    assert "binds under  strict" in own
    assert "https://" in (explain("CFG-02.timeout") or "")
    assert "not observed" in (explain("SNP-01.all-disks") or "")
    assert "the reference executor only" in (explain("CFG-04.cap") or "")


def test_an_area_lists_its_rules() -> None:
    text = explain("frz") or ""
    assert [line.split()[0] for line in text.splitlines()] == [
        r for r in RULES if r.startswith("FRZ-")
    ]


@pytest.mark.parametrize("name", ["", "nonsense", "FBK-99", "Pre-ScriptTimout"])
def test_what_is_unknown_has_no_text(name: str) -> None:
    assert explain(name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Pre-ScriptTimout", "Pre-ScriptTimeout"),
        ("prescripttimeout", "Pre-ScriptTimeout"),
        ("snapshotfail", "SnapshotFailed"),
        ("FBK03", "FBK-03"),
        ("fbk-3.status", "FBK-03.status"),
        ("timeout", "Pre-ScriptTimeout"),
    ],
)
def test_what_is_near_is_suggested(name: str, meant: str) -> None:
    assert meant in suggest(name)
    assert len(suggest(name)) <= 3


def test_nothing_near_is_nothing() -> None:
    assert suggest("") == ()
    assert suggest("zzzzzzzz") == ()
