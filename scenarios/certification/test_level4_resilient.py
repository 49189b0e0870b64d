"""Level 4: the rounds of level 3 with faults, and the next backup after each."""

from __future__ import annotations

from collections.abc import MutableMapping

import pytest

from harness.certify.faults import Fault, Phase
from harness.certify.session import Session


def test_resilient(
    session: Session, fault: Fault, number: int, usual: MutableMapping[Phase, float]
) -> None:
    """The application comes back, no set is false, and the next backup is whole again."""
    session.fault_round(fault, number, usual)
    session.conclude()
    if session.doubts:
        pytest.skip(f"the round proves nothing: {'; '.join(session.doubts)}")
