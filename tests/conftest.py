"""Machines of a real engine for tests that need one; how properties are tried.

Such a test is skipped, with the reason, where there is no engine or no image. How long an example
of a property takes says only how busy the machine is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from harness.machines.engine import Engine
from harness.machines.host import Host
from harness.machines.images import BASE, has_image, reference
from harness.machines.runs import new_run_id
from harness.problem import Problem

settings.register_profile(
    "snapcert", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("snapcert")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        found = Engine.connect()
        found.assert_usable()
    except Problem as problem:
        pytest.skip(f"{problem.message} ({problem.remedy})")
    yield found
    found.close()


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    name = reference(BASE)
    if not has_image(engine, name):
        pytest.skip(f"the engine has no image {name} (run `make images`)")
    return name


@pytest.fixture(scope="session")
def host(engine: Engine, image: str) -> Iterator[Host]:
    """A host for tests that only need guests; tests that harm a host start their own."""
    with Host.start(engine, new_run_id(), image) as started:
        yield started
