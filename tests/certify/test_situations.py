"""Level 2's instants and comparisons, without a guest."""

from __future__ import annotations

import pytest

from harness.certify.situations import difference, kill_instants


@pytest.mark.parametrize(
    ("usual", "count"), [(0.001, 5), (0.05, 10), (0.08, 16), (3.0, 16)], ids=str
)
def test_instants_lie_within_the_usual_time(usual: float, count: int) -> None:
    instants = kill_instants(usual)
    assert len(instants) == count
    assert list(instants) == sorted(instants)
    assert 0 < instants[0] < instants[-1] < usual


def test_the_difference_of_two_states() -> None:
    assert difference("a\nb\n", "a\nc\n") == "-b, +c"
    assert difference("a\nb\n", "b\na\n") == "the same lines in another order"
