"""A killed run and the next one: whose post-script ran when, and as what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import History, Mark
from harness.oracles.recovery import Owed, findings
from tests.oracles.builders import POST, end, history, mark, marks_of_a_run

PRE_ALONE = marks_of_a_run()[:2]
OWED = Owed((POST,))


def killed(*posts: Mark) -> History:
    return history(marks=(*PRE_ALONE, *posts), end=end(killed=101.5, outcome=None))


def later(*posts: Mark) -> History:
    """The next run: these starts of post-scripts, and its own two scripts."""
    return history(marks=tuple(sorted((*posts, *marks_of_a_run()), key=lambda m: m.at)))


def post(at: float, *arguments: str, path: str = POST) -> Mark:
    return mark("post", "start", at, argv=("/bin/sh", path, *arguments))


@pytest.mark.parametrize(
    ("first", "second", "owed"),
    [
        (killed(post(102.0)), later(), OWED),
        (killed(), later(post(100.5)), OWED),
        (killed(post(102.0)), later(post(100.5)), replace(OWED, most=2)),
        (killed(post(102.0), post(102.1)), later(), replace(OWED, least=2, most=2)),
        (killed(), history(marks=(post(100.5),)), replace(OWED, own=0)),
        (killed(), later(post(100.5, "a b")), replace(OWED, arguments=("a b",))),
        (killed(replace(post(102.0), argv=())), later(), OWED),
    ],
)
def test_a_recovery_as_it_should_be(first: History, second: History, owed: Owed) -> None:
    found = findings(first, second, owed)
    assert found
    assert [f.clause for f in found if not f.holds] == []


@pytest.mark.parametrize(
    ("first", "second", "owed", "clause"),
    [
        (killed(), later(), OWED, "ROB-02.post"),
        (killed(), later(post(102.5)), OWED, "ROB-02.before-pre"),
        (killed(post(102.0)), later(post(100.5)), OWED, "ROB-05.once"),
        (killed(post(102.0, "new")), later(), OWED, "ROB-05.post"),
        (killed(), later(post(100.5, path="/opt/new/post.sh")), OWED, "ROB-05.post"),
        (killed(post(102.0)), later(), replace(OWED, least=2, most=2), "ROB-05.post"),
    ],
)
def test_a_bad_recovery_fails_at_its_clause(
    first: History, second: History, owed: Owed, clause: str
) -> None:
    assert clause in [f.clause for f in findings(first, second, owed) if not f.holds]


def test_what_never_ran_is_not_blamed_twice() -> None:
    assert [f.clause for f in findings(killed(), later(), OWED)] == ["ROB-02.post"]
