"""Level 2: the scripts in every situation that a framework puts them in."""

from __future__ import annotations

from harness.certify.session import Session


def test_contract(session: Session) -> None:
    """The scripts end, repeat and undo as they should, with the application under load."""
    session.contract()
    session.conclude()
