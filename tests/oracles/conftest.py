"""A host of a real engine for tests that take real sets; skipped, with the reason, elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.machines.engine import Engine
from harness.machines.host import Host
from harness.machines.images import BASE, has_image, reference
from harness.machines.runs import new_run_id
from harness.problem import Problem


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    try:
        engine = Engine.connect()
        engine.assert_usable()
    except Problem as problem:
        pytest.skip(f"{problem.message} ({problem.remedy})")
    image = reference(BASE)
    if not has_image(engine, image):
        pytest.skip(f"the engine has no image {image} (run `make images`)")
    with Host.start(engine, new_run_id(), image, 2 << 30) as started:
        yield started
    engine.close()
