"""Level 3: backups under load, each restored in a fresh guest and proven by the ledger."""

from __future__ import annotations

import pytest

from harness.certify.session import Session


def test_consistent(session: Session, number: int) -> None:
    """A backup under load holds every acknowledged operation, and the application goes on."""
    session.round(number)
    session.conclude()
    if session.doubts:
        pytest.skip(f"the round proves nothing: {'; '.join(session.doubts)}")


def test_control_without_scripts(session: Session) -> None:
    """What the scripts add on this layout: the same round without them, for information."""
    session.script_control()
    session.conclude()
