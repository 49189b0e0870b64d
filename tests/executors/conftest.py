"""snapcert against whole executors of other hands, each in this folder."""

from __future__ import annotations

from tests.bad_input.conftest import start
from tests.machines.conftest import engine, image

__all__ = ("engine", "image", "start")
