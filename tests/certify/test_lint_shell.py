"""What lint takes for a command of a shell script, and what it does not."""

from __future__ import annotations

import pytest

from harness.certify.lint.shell import Command, read_script

from .test_kit import BUNDLED

#: Programs, builtins and functions of the bundled kits' scripts.
USUAL = """
    : [ cat echo end_sessions exit export flock forget head hold holder_sql holding log mkdir mkfifo
    mv pg_isready printf query rm set setpriv shift sleep tail timeout trap umask undo unset wc
"""


def words(text: str) -> list[tuple[str, ...]]:
    return [command.words for command in read_script(text).commands if command.words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b 'c d' \"e $f\" g\\ h", [("a", "b", "c d", "e $f", "g h")]),
        ("a; b && c || d | e & f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("a # b\n# c\nd", [("a",), ("d",)]),
        ("a x#y", [("a", "x#y")]),
        ("a b \\\n  c\nd", [("a", "b", "c"), ("d",)]),
        ("a >b 2>&1 <c d 2>/dev/null", [("a", "d")]),
        ("if a; then b; elif ! c; then d; else e; fi", [(x,) for x in "abcde"]),
        ("while a; do b; done", [("a",), ("b",)]),
        ('for x in fsfreeze -f; do b "$x"; done', [("b", "$x")]),
        ("for x; do a; done", [("a",)]),
        (
            "case $x in\na | b) c ;;\n'' | *[!0-9]*) d; e ;;\n(f) g\nesac\nh",
            [(x,) for x in "cdegh"],
        ),
        ("f() {\n  a\n}\nf", [("a",), ("f",)]),
        ("function f {\n  a\n}", [("a",)]),
        ("( a; b ) >c", [("a",), ("b",)]),
        ("x=$(a | b 'c)')", [("a",), ("b", "c)")]),
        ('a "$(b "$(c)")" `d`', [("a", '$(b "$(c)")', "`d`"), ("b", "$(c)"), ("d",), ("c",)]),
        ("a $((1 + (2 * 3))) ${x:-y z}", [("a", "$((1 + (2 * 3)))", "${x:-y z}")]),
        ("[[ $a && -f b ]] && c", [("c",)]),
        ("a <<EOF\nfsfreeze -f /\nEOF\nb", [("a",), ("b",)]),
        ("a <<-'X' | b\n\tc\n\tX\nd", [("a",), ("b",), ("d",)]),
        ("A=1 B='2 3' a", [("a",)]),
        ("'unfinished", [("unfinished",)]),
        ("a $(", [("a", "$(")]),
        ("a <<EOF\nnever ended", [("a",)]),
    ],
)
def test_commands(text: str, found: list[tuple[str, ...]]) -> None:
    assert sorted(words(text)) == sorted(found)


def test_facts_of_a_command() -> None:
    script = read_script('#!/bin/sh\nA=1 /usr/bin/a b <<X\ntext\nX\nC=2\n\n"$d" e\n')
    assert script.commands == [
        Command(2, (("A", "1"),), ("/usr/bin/a", "b"), "text"),
        Command(5, (("C", "2"),), ()),
        Command(7, (), ("$d", "e")),
    ]
    assert [command.name for command in script.commands] == ["a", "", ""]


def test_functions_have_their_lines() -> None:
    script = read_script("a\nf() {\n  b\n  { c; }\n}\ng () { d; }\n")
    (f, g) = (script.function("f"), script.function("g"))
    assert f is not None
    assert g is not None
    assert [c.words for c in script.within(f)] == [("b",), ("c",)]
    assert [c.words for c in script.within(g)] == [("d",)]
    assert script.function("h") is None


@pytest.mark.parametrize("script", ["ledger/pre.sh", "postgresql/pre.sh", "postgresql/post.sh"])
def test_real_scripts(script: str) -> None:
    """Every command's program is a word, and no piece of a text or a pattern."""
    found = read_script((BUNDLED / script).read_text())
    names = {c.name for c in found.commands if c.words and "$" not in c.words[0]}
    assert names <= set(USUAL.split())
    assert {function.name for function in found.functions} <= set(USUAL.split())
