"""A round in numbers."""

from __future__ import annotations

import pytest

from harness.oracles.application import Enough
from harness.oracles.rounds import round_of
from tests.oracles.builders import application, history, operations, restored, stopping


def test_a_good_round() -> None:
    found = round_of(history(application=stopping()))
    assert (found.claimed, found.reached) == ("application", "application")
    assert found.pause == pytest.approx(1.3, abs=0.1)
    assert found.gap == pytest.approx(0.05, abs=0.01)
    assert found.freeze == pytest.approx(0.3)
    assert found.acknowledged > 50


def test_a_round_that_proves_nothing_reaches_no_level() -> None:
    found = round_of(history(application=application()), enough=Enough(before=9999))
    assert found.reached is None


def test_a_refuted_round_reaches_only_what_the_set_shows() -> None:
    app = application(restores=(restored(operations(), has=()),))
    found = round_of(history(application=app))
    assert found.reached == "file-system"
    assert found.ledger.lost
