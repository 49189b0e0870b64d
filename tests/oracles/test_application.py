"""The ledger: three values, its counts, and the prefix property over generated ledgers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Application, Operation, Restore
from harness.oracles.application import (
    Cut,
    Enough,
    Ledger,
    Proof,
    cut_of,
    judge_restore,
    ledger,
    prefix_gaps,
)
from tests.oracles.builders import application, history, operations, restored, snapshot, stopping

ANY = Enough(before=0, around=0, after=0)
CUT = Cut(pre_started=50.0, pre_ended=52.0, set_ended=53.0, post_started=55.0)


def held(app: Application, enough: Enough | None = None) -> Ledger:
    return ledger(history(application=app), enough)


def test_a_good_round_is_held_with_its_counts() -> None:
    result = held(application())
    assert result.proof is Proof.HELD
    assert result.before > 400
    assert result.around > 0
    assert result.after == sum(o.tried > 102.26 for o in operations())
    assert result.held > result.before
    assert str(result.before) in result.counts


@pytest.mark.parametrize(
    "few",
    [Enough(before=9999), Enough(around=9999), Enough(after=9999)],
    ids=["before", "around", "after"],
)
def test_too_few_operations_prove_nothing(few: Enough) -> None:
    result = held(application(), few)
    assert result.proof is Proof.NOT_PROVEN
    assert "9999 are needed" in result.doubts[0]


def test_too_few_operations_do_not_hide_a_loss() -> None:
    ops = operations()
    app = application(restores=(restored(ops, has=()),))
    assert held(app, Enough(before=9999)).proof is Proof.BROKEN


def test_the_original_proves_nothing() -> None:
    app = application(restores=(restored(operations(), original=True),))
    assert held(app).proof is Proof.NOT_PROVEN


def test_without_a_restore_nothing_is_proven() -> None:
    assert held(application(restores=())).proof is Proof.NOT_PROVEN
    assert ledger(history()).proof is Proof.NOT_PROVEN


def test_a_restore_of_another_set_proves_nothing() -> None:
    app = application(restores=(restored(operations(), set_id="s0"),))
    assert held(app).proof is Proof.NOT_PROVEN


def test_without_a_set_nothing_is_proven() -> None:
    run = history(application=application(), snapshots=(snapshot(set_id=None, taken_to=None),))
    assert ledger(run).proof is Proof.NOT_PROVEN


def test_the_worst_restore_speaks() -> None:
    good = restored(operations())
    app = application(restores=(good, replace(good, started=False), good))
    assert held(app).proof is Proof.BROKEN


def test_an_operation_that_overlaps_the_end_of_pre_is_no_leak() -> None:
    """Its acknowledgement may have come before pre's end and only be stamped after."""
    overlapping = Operation("x", "c", 101.95, 102.3)
    app = stopping()
    app = replace(app, operations=(*app.operations, overlapping))
    assert held(app).leaked == ()


def test_an_acknowledgement_long_after_the_end_of_pre_is_a_leak() -> None:
    late = Operation("x", "c", 101.95, 102.7)
    app = stopping()
    assert held(replace(app, operations=(*app.operations, late))).leaked == ("x",)


def test_the_cut_starts_at_the_first_attempt() -> None:
    cut = cut_of(history())
    assert cut is not None
    assert cut.pre_started < 101.0 < cut.pre_ended < cut.set_ended < cut.post_started <= 103.0


# -- generated ledgers: clients that do one operation after the other


@st.composite
def clients(draw: st.DrawFn) -> tuple[Operation, ...]:
    """Up to four clients over a hundred seconds; an operation may never be acknowledged."""
    found = []
    for client in range(draw(st.integers(1, 4))):
        at = draw(st.floats(0, 10))
        for number in range(draw(st.integers(0, 30))):
            took = draw(st.floats(0.001, 5))
            acknowledged = at + took if draw(st.integers(0, 9)) else None
            found.append(Operation(f"{client}-{number}", f"c{client}", at, acknowledged))
            at += took + draw(st.floats(0.001, 5))
    return tuple(found)


def durable(ops: tuple[Operation, ...], instant: float) -> tuple[str, ...]:
    """What an honest application holds at an instant: all that it acknowledged until then."""
    return tuple(o.id for o in ops if o.acknowledged is not None and o.acknowledged <= instant)


def judged(ops: tuple[Operation, ...], has: tuple[str, ...]) -> Ledger:
    app = Application(ops, False, "", "", True)
    return judge_restore(app, Restore("s", True, True, 0, has), CUT, ANY)


@given(clients(), st.floats(CUT.pre_started, CUT.set_ended))
def test_an_honest_application_is_never_blamed(ops: tuple[Operation, ...], instant: float) -> None:
    assert judged(ops, durable(ops, instant)).proof is Proof.HELD


@given(clients(), st.floats(CUT.pre_started, CUT.set_ended), st.data())
def test_what_was_under_way_may_be_there(
    ops: tuple[Operation, ...], instant: float, data: st.DataObject
) -> None:
    under_way = [
        o.id
        for o in ops
        if o.tried <= instant and (o.acknowledged is None or o.acknowledged > instant)
    ]
    some = data.draw(st.sets(st.sampled_from(under_way))) if under_way else set()
    # Of one client only the last may be under way at the cut; those never acknowledged are free.
    assert judged(ops, (*durable(ops, instant), *some)).proof is Proof.HELD


@given(clients(), st.data())
def test_every_lost_operation_is_named(ops: tuple[Operation, ...], data: st.DataObject) -> None:
    early = durable(ops, CUT.pre_started - 0.0001)
    gone = data.draw(st.sets(st.sampled_from(early), min_size=1)) if early else set()
    has = tuple(i for i in durable(ops, CUT.set_ended) if i not in gone)
    assert gone <= set(judged(ops, has).lost)


@given(clients(), st.data())
def test_a_prefix_has_no_gap_and_a_hole_is_one(
    ops: tuple[Operation, ...], data: st.DataObject
) -> None:
    one = [o for o in ops if o.client == "c0" and o.acknowledged is not None]
    count = data.draw(st.integers(0, len(one)))
    prefix = [o.id for o in one[:count]]
    assert prefix_gaps(ops, frozenset(prefix)) == ()
    if count > 1:
        hole = data.draw(st.sampled_from(prefix[:-1]))
        assert prefix_gaps(ops, frozenset(prefix) - {hole}) == (hole,)


@given(clients())
def test_nothing_from_after_the_set_is_tolerated(ops: tuple[Operation, ...]) -> None:
    late = [o.id for o in ops if o.tried > CUT.set_ended]
    result = judged(ops, (*durable(ops, CUT.set_ended), *late))
    assert set(result.phantom) == set(late)
