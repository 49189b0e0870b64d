"""What the scenarios of a certification share: the kit, and a session that does its part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from harness.certify.faults import Phase, planned
from harness.certify.kit import Kit
from harness.certify.levels import modules
from harness.certify.session import Session, kit_image
from harness.history import Filesystem
from harness.scenario.case import Workplace
from harness.scenario.kit import kit_of
from harness.scenario.options import Options
from harness.scenario.replay import Stored, StoredSession
from harness.scenario.worker import KEEP_SECONDS, Recorder


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only the modules that the level asks for."""
    if not collection_path.name.startswith("test_level"):
        return None
    return collection_path.name not in modules(config.getoption("--level"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The rounds by their numbers or faults, and every scenario with guests on each filesystem
    that was asked for.
    """
    rounds = metafunc.config.getoption("--rounds")
    if "fault" in metafunc.fixturenames:
        # Numbered on after the rounds without a fault.
        faults = [(fault, rounds + i) for i, fault in enumerate(planned(rounds), 1)]
        metafunc.parametrize("fault, number", faults, ids=[fault.name for fault, _ in faults])
    elif "number" in metafunc.fixturenames:
        numbers = range(1, rounds + 1)
        metafunc.parametrize("number", numbers, ids=[f"round{number:02}" for number in numbers])
    if "session" in metafunc.fixturenames:
        filesystems = [name.strip() for name in metafunc.config.getoption("--fs").split(",")]
        metafunc.parametrize("session", filesystems, indirect=True, ids=filesystems)


@pytest.fixture(scope="session")
def kit(snapcert_options: Options) -> Kit:
    """The kit as its folder has it, with the patience that --timeout-scale asks for."""
    kit = kit_of(snapcert_options)
    if kit is None:
        pytest.skip("no kit was given: --kit FOLDER")
    return kit.patient(snapcert_options.timeout_scale)


@pytest.fixture(scope="session")
def image(workplace: Workplace, kit: Kit, snapcert_options: Options) -> str:
    """The image of the kit's guests."""
    if snapcert_options.replay is not None:
        return ""
    return kit_image(workplace.host.engine, kit, workplace.target, lambda _: None)


@pytest.fixture(scope="session")
def usual() -> dict[Phase, float]:
    """How long the phases of this kit's backups take here: measured by the first that needs it."""
    return {}


@pytest.fixture
def session(
    request: pytest.FixtureRequest,
    workplace: Workplace,
    kit: Kit,
    image: str,
    recorder: Recorder,
    snapcert_options: Options,
) -> Iterator[Session]:
    """This scenario's hands, with the kit's disks on the filesystem that was asked for."""
    filesystem = cast("Filesystem", request.param)
    replay = snapcert_options.replay
    own = {disk.filesystem for disk in kit.manifest.layout.disks}
    make = partial(StoredSession, stored=Stored.of(replay)) if replay else Session
    session = make(
        kit=kit if own == {filesystem} else kit.on_filesystem(filesystem),
        host=workplace.host,
        target=workplace.target,
        rules=workplace.rules,
        image=image,
        scenario=request.node.nodeid,
        record=recorder.add,
        timeout_scale=workplace.timeout_scale,
        seed=snapcert_options.seed,
        keep_seconds=KEEP_SECONDS if snapcert_options.keep_failed else 0.0,
    )
    yield session
    recorder.kept = session.kept
