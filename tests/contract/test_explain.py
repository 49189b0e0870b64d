"""What `snapcert explain` prints."""

from __future__ import annotations

import pytest

from harness.contract.clauses import CATALOGUE, RULES, rule
from harness.contract.errors import ERRORS
from harness.contract.explain import _wrapped, explain, suggest


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


@pytest.mark.parametrize(
    ("name", "all_meant"),
    [
        ("timeout", ("Pre-ScriptTimeout", "Post-ScriptTimeout", "CFG-02.timeout")),
        ("Pre-ScriptTimout", ("Pre-ScriptTimeout", "Post-ScriptTimeout", "Pre-ScriptNotFound")),
        ("own", ("FILE-03.owner", "FILE-04.owner", "FILE-06.own-copy")),
        # Two letters stand in half of all names.
        ("on", ()),
        ("o", ()),
    ],
)
def test_what_contains_it_comes_before_what_is_spelt_nearly_so(
    name: str, all_meant: tuple[str, ...]
) -> None:
    assert suggest(name) == all_meant


def test_nothing_near_is_nothing() -> None:
    assert suggest("") == ()
    assert suggest("zzzzzzzz") == ()


_SHOWN = {
    "Pre-ScriptTimeout": """\
Pre-ScriptTimeout: a documented error

  meaning      The pre-script, all its attempts together, did not end within its timeout
               and was stopped.
  what to do   Find out what the pre-script waits for; if it needs the time, raise
               timeoutInSeconds in /etc/azure/VMSnapshotScriptPluginConfig.json.
  arises from  RUN-04 (What the timeout bounds); RUN-05 (What happens at the deadline of
               a script)""",
    "SNP-01": """\
SNP-01: One snapshot set of all disks, while frozen

  SNP-01.one  [seed]
      A run that goes on to the snapshot asks for exactly one set.

  SNP-01.while-frozen  [seed]
      The set is asked for while everything that is to be frozen is frozen.

  SNP-01.all-disks  [seed]
      The set holds all disks of the guest.""",
    "SNP-01.all-disks": """\
SNP-01.all-disks: One snapshot set of all disks, while frozen

  rule         The set holds all disks of the guest.
  if broken    A restored application lacks a part of its data.
  basis        the article of 2017
               架構提供一個選項可在取得 VM 快照集時執行自訂前置和後置指令碼
  binds under  2017-04, 2025-04, strict
  not observed the host takes the set, of all disks at once; an executor has no say in
               it""",
    "CFG-04.cap": """\
CFG-04.cap: The caps of the timeout

  rule         timeoutInSeconds above 1800 is capped to 1800.
  if broken    A hanging script keeps the application stopped for hours.
  basis        the vendor's current article
               https://learn.microsoft.com/azure/backup/backup-azure-linux-app-consistent
  binds under  2025-04, strict
  checked for  the reference executor only""",
    "SNP": """\
SNP-01   One snapshot set of all disks, while frozen
SNP-02   A snapshot that fails or hangs""",
}


@pytest.mark.parametrize("name", list(_SHOWN))
def test_how_it_looks(name: str) -> None:
    assert explain(name) == _SHOWN[name]


def test_lines_are_full_and_no_word_is_cut() -> None:
    wrapped = [line for name in (*RULES, *ERRORS) for line in (explain(name) or "").splitlines()]
    assert max(map(len, wrapped)) == 88
    assert not [line for line in wrapped if line.endswith("-")]
    assert _wrapped(f"a {'b' * 100} c-{'d' * 90}", "  ") == [
        "  a",
        f"  {'b' * 100}",
        f"  c-{'d' * 90}",
    ]
