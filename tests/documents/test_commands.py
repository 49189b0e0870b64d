"""Every snapcert command of README and docs, executed where its names stand for something.

They are executed as they stand, with options at the end that make less of it: a suite becomes one
scenario on one filesystem, a situation stands for two hundred, and a certification ends with level
1. Those of the walks, docs/first-kit.md and first-gate.md, are `test_walks.py`'s, in their order.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from harness.machines.engine import Engine
from harness.machines.images import ImageSpec, has_image, reference
from harness.targets.select import select_target
from tests.bad_input.conftest import QUICK
from tests.documents import test_walks
from tests.documents.pages import commands
from tests.documents.world import AZURE, RECORD, World

WALKED = list(test_walks.walked())
COMMANDS = {
    command: page
    for page, command in reversed(commands("snapcert"))
    if shlex.join(shlex.split(command)) not in WALKED
}
#: What ends with 1 here: a run of the executor that forgets, and what its record says.
FAILS = {"conform": ("./my-agent", RECORD), "replay": (RECORD,)}


def status(words: list[str]) -> int:
    """The exit status that the command must have here."""
    if words[0] == "init" and "--app" not in words:
        return 4  # it lists what can be begun with
    return int(any(mark in word for mark in FAILS.get(words[0], ()) for word in words))


def narrowed(words: list[str]) -> list[str]:
    """The command, with options at its end that make less of it."""
    if words[0] in ("certify", "gate"):
        return [*words, "--level", "1"]
    if words[0] != "conform":
        return words
    less = ["-n", "0", "--fs", "ext4", "--situations", "1"]
    if not {"-k", "--rerun-failed"} & set(words):
        less += ["-k", QUICK]
    return [*words, *less]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, engine: Engine, image: str) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    runs = {c.run for c in engine.containers() if c.labels["snapcert.name"] in made.kept}
    for run in runs:
        assert made.run(["cleanup", "--all-of", run])[0] == 0


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{COMMANDS[command]}: {command}")
def test_a_command_of_a_page(world: World, engine: Engine, command: str) -> None:
    if "azure-vmsnapshot" in command and AZURE is None:
        pytest.skip("needs Azure's extension: SNAPCERT_AZURE_VMSNAPSHOT=PATH of a checkout")
    words = narrowed(world.words(command))
    _have_image(world, engine, words)
    if words[0] == "shell":
        code, shown = world.at_a_terminal(words, "exit\r")
    else:
        code, shown = world.run(words)
    assert code == status(words), f"snapcert {shlex.join(words)}\n{shown[-4000:]}"
    assert "Traceback" not in shown


def _have_image(world: World, engine: Engine, words: list[str]) -> None:
    """Skip what would first build an image with packages that only this executor needs."""
    if words[0] == "conform" and "--executor" in words:
        executor = words[words.index("--executor") + 1].replace(
            "command:.", f"command:{world.folder}"
        )
        packages = select_target(executor, "", 10 if "--speed" in words else 1).packages
        name = reference(ImageSpec("executor", packages))
        if packages and not has_image(engine, name):
            pytest.skip(
                f"needs an image with {', '.join(packages)}: the command by itself builds it"
            )
