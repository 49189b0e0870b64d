"""Level 2: the scripts in every situation that a framework puts them in."""

from __future__ import annotations

import pytest

from harness.certify.session import Session
from harness.certify.situations import PARTS, Part


@pytest.mark.parametrize("part", PARTS)
def test_contract(session: Session, part: Part) -> None:
    """The scripts end, repeat and undo as they should, with the application under load."""
    session.contract(part)
    session.conclude()
