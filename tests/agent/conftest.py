"""The machines of tests/machines, for what an agent does inside them."""

from __future__ import annotations

from tests.machines.conftest import engine, image, shared_host

__all__ = ["engine", "image", "shared_host"]
