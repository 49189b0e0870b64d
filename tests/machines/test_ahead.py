"""Guests made ahead: taken by layout, given back where nobody took them."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from harness.machines.ahead import Ahead
from harness.machines.guest import Guest
from harness.machines.layout import DiskSpec, Layout, data_disks
from harness.problem import EngineProblem

A, B = data_disks(DiskSpec("a")), data_disks(DiskSpec("b"))


class _Made:
    def __init__(self, layout: Layout, *, gone: bool = False) -> None:
        self.layout = layout
        self.gone = gone
        self.closed = False

    def close(self) -> None:
        self.closed = True


def _build(layout: Layout) -> Guest:
    return cast(Guest, _Made(layout))


def test_a_guest_is_taken_by_its_layout_only_and_once() -> None:
    ahead = Ahead(_build)
    ahead.start(A)
    assert ahead.take(B) is None
    taken = ahead.take(A)
    assert taken is not None
    assert taken.layout == A
    assert ahead.take(A) is None
    assert ahead.close() == ()


def test_taking_waits_for_one_that_is_being_made() -> None:
    go = threading.Event()

    def slow(layout: Layout) -> Guest:
        assert go.wait(10)
        return _build(layout)

    ahead = Ahead(slow)
    ahead.start(A)
    threading.Timer(0.05, go.set).start()
    assert ahead.take(A) is not None
    ahead.close()


def test_what_its_making_raised_is_raised_by_taking_it() -> None:
    def fail(_: Layout) -> Guest:
        raise EngineProblem("no loop device is left", "free one")

    ahead = Ahead(fail)
    ahead.start(A)
    with pytest.raises(EngineProblem):
        ahead.take(A)
    ahead.start(A)
    assert ahead.close() == (), "one that could not be made is nobody's to close"


def test_one_that_ended_meanwhile_is_given_back_and_not_used() -> None:
    made = _Made(A, gone=True)
    ahead = Ahead(lambda _: cast(Guest, made))
    ahead.start(A)
    assert ahead.take(A) is None
    assert made.closed
    ahead.close()


def test_closing_hands_over_what_nobody_took_and_ends_the_making() -> None:
    ahead = Ahead(_build)
    ahead.start(A)
    ahead.start(B)
    left = ahead.close()
    assert {guest.layout for guest in left} <= {A, B}
    ahead.start(A)
    assert ahead.take(A) is None
    assert ahead.close() == ()
