"""The extension itself, which a user gives: none of its code is in this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "SNAPCERT_AZURE_VMSNAPSHOT"


@pytest.fixture(scope="session")
def extension() -> Path:
    """A checkout or an unpacked release of it; without one the test is skipped, and counted."""
    path = os.environ.get(VARIABLE, "")
    if not path:
        pytest.skip(f"needs Azure's VMSnapshotLinux extension: {VARIABLE}=PATH of a checkout")
    return Path(path)
