"""Which modules of scenarios a run has."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where nothing is to be drawn by chance, that is no scenario left out."""
    if collection_path.name != "test_random.py":
        return None
    return config.getoption("--situations") == 0 or None
