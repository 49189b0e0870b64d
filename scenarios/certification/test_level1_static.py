"""Level 1: the kit's files, looked at without running them. Needs no guest."""

from __future__ import annotations

import pytest

from harness.certify.kit import Kit
from harness.certify.session import require
from harness.certify.static import static_lines
from harness.scenario.worker import Recorder


def test_static(kit: Kit, recorder: Recorder, request: pytest.FixtureRequest) -> None:
    """The config can be used, the scripts can be started, ShellCheck finds no error."""
    lines = static_lines(kit, request.node.nodeid)
    for line in lines:
        recorder.add(line)
    require(lines)
