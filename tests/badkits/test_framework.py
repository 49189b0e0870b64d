"""The judgement over bad kits is worth something: it complains of each way to be found wrongly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.badkits import table
from tests.badkits.badkit import BAD_KITS, KITS, BadKit, digest, read
from tests.badkits.trial import Trial, harms, leaks
from tests.badkits.verdict import Said, complaints
from tests.overlay import Edit, StaleEdit, lay_over

KIT = BadKit(
    name="sample",
    base="ledger",
    wrong="It is.",
    level=2,
    fails={"KIT-2.stops": "acknowledged"},
    warns={},
    may=("APP-01", "KIT-2.ends"),
    edits=(),
    links={},
    env={},
    refused="",
    rounds=2,
    story="",
)
FOUND = Said("KIT-2.stops", 2, "failed", "an operation was acknowledged")


def test_what_is_found_rightly() -> None:
    also = [Said("APP-01.torn", 2, "failed", ""), Said("KIT-2.ends", 2, "failed", "")]
    shown = Said("KIT-1.shellcheck", 1, "warned", "SC2034")
    assert list(complaints(KIT, [shown, FOUND, *also])) == []


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ([], "has not failed at level 2"),
        ([replace(FOUND, status="warned")], "has not failed"),
        ([replace(FOUND, level=3)], "has not failed at level 2"),
        ([FOUND, replace(FOUND, level=1)], "failed at level 1, not 2"),
        ([replace(FOUND, observed="it ended with 1")], "but not for 'acknowledged'"),
        ([FOUND, Said("KIT-2.undoes", 2, "failed", "x")], "KIT-2.undoes failed as well"),
    ],
)
def test_what_is_found_wrongly(heard: list[Said], words: str) -> None:
    assert words in " ".join(complaints(KIT, heard))


def test_what_must_be_shown() -> None:
    kit = replace(KIT, warns={"KIT-1.shellcheck": "SC3010"}, level=1, fails={})
    shown = Said("KIT-1.shellcheck", 1, "warned", "pre.sh:2 [SC3010]")
    assert list(complaints(kit, [shown])) == []
    assert list(complaints(kit, [])) == ["KIT-1.shellcheck has not warned at level 1"]


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ('[fails]\n"KIT-2.nothing" = ""', "unknown clause KIT-2.nothing"),
        ("", "it is refused, at level 0, or it fails"),
        ('refused = "kit.outside"', "it is refused, at level 0, or it fails"),
        ('mai = []\n[fails]\n"KIT-2.stops" = ""', "unknown key mai"),
    ],
)
def test_a_note_that_is_wrong_itself(note: str, words: str, tmp_path: Path) -> None:
    text = f'base = "ledger"\nwrong = "It is."\nlevel = 2\n{note}\n'
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read(tmp_path)


def test_an_overlay(tmp_path: Path) -> None:
    over, into = tmp_path / "over", tmp_path / "into"
    (over / "bin").mkdir(parents=True)
    (over / "bin" / "new").write_text("new")
    (over / "note").write_text("no part of it")
    (over / "post.sh").write_text("#!/bin/sh\n")
    edits = (Edit("pre.sh", "set -eu\n", "set -u\n"),)
    lay_over(
        KITS / "ledger", over, into, edits=edits, links={"data": "/nowhere"}, without=("note",)
    )
    assert (into / "bin" / "new").read_text() == "new"
    assert (into / "post.sh").read_text() == "#!/bin/sh\n"
    assert "set -u\n" in (into / "pre.sh").read_text()
    assert (into / "bin" / "ledgerd").stat().st_mode & 0o111
    assert not (into / "note").exists()
    assert str((into / "data").readlink()) == "/nowhere"


def test_an_edit_that_does_not_fit_is_named(tmp_path: Path) -> None:
    for number, edit in enumerate([Edit("pre.sh", "nowhere", ""), Edit("none.sh", "a", "b")]):
        with pytest.raises(StaleEdit, match=edit.file):
            lay_over(KITS / "ledger", None, tmp_path / str(number), edits=[edit])


def test_the_table_knows_the_kit_that_was_tried(tmp_path: Path) -> None:
    kit = replace(KIT, name="does-nothing")
    kit.build(tmp_path / "a")
    known: table.Table = {}
    assert list(table.due(known, {kit.name: kit})) == [kit.name]
    table.enter(known, kit, Trial((), (FOUND,), digest(kit, tmp_path / "a"), ""))
    assert known[kit.name]["KIT-2.stops"] == FOUND.observed
    assert list(table.due(known, {kit.name: kit})) == []
    assert list(table.due(known, {kit.name: replace(kit, level=3)})) == [kit.name]
    (tmp_path / "a" / "README.md").write_text("other words")
    assert digest(kit, tmp_path / "a") == known[kit.name]["digest"]
    (tmp_path / "a" / "post.sh").write_text("other words")
    assert digest(kit, tmp_path / "a") != known[kit.name]["digest"]
    table.enter(known, kit, Trial(("missed",), (), "", ""))
    assert known == {}


def test_a_secret_is_found_where_it_stands() -> None:
    assert leaks(["a<b>c"], {"x": "nothing", "y": "a&lt;b&gt;c", "z": "a<b>c"}) == [
        "y shows a secret",
        "z shows a secret",
    ]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("the terminal", "a\x1b[2Jb"),
        ("results.jsonl", "a\x9bb"),
        ("junit.xml", "<a>\u202e</a>"),
        ("junit.xml", "<a>"),
        ("report.html", "<p><script>alert(1)</script>"),
    ],
)
def test_what_would_be_obeyed_is_found(place: str, text: str) -> None:
    assert len(harms({place: text})) == 1
    assert harms({place: "<a>harmless \\x1b &lt;script&gt;alert\n</a>"}) == []


def test_windows_line_endings_are_all_that_is_wrong_with_that_kit() -> None:
    """Its script is the base's own, which no edit of text can give other line endings."""
    script = (BAD_KITS / "windows-line-endings" / "post.sh").read_bytes()
    assert script.replace(b"\r\n", b"\n") == (KITS / "ledger" / "post.sh").read_bytes()
