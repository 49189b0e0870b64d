"""snapcert against whole executors of other hands, each in this folder."""

from __future__ import annotations

from tests.bad_input.conftest import start

__all__ = ("start",)
