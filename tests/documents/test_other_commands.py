"""The commands of README and docs that are not snapcert's, as far as a test can execute them.

`make help` is executed. Every other target runs for minutes, is what runs these tests, or changes
the checkout or the engine under them: make says its recipe without running it, and that is read.
What such a target does is done there alone: `make walk` runs the walks whole, `make wheel` asks an
index, `make mutants` tries the mutants. `python -m tests.mutants …` is read by its own parser. Two
lines are left: `git clone` needs a network, and `install` makes a file for a secret.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess

import click
import pytest

from tests.documents.pages import PAGES, ROOT, blocks, commands
from tests.documents.test_walks import WALKS
from tests.mutants.__main__ import main as mutants

LEFT = (
    "git clone --depth 1 https://github.com/Azure/azure-linux-extensions",
    "install -m 600 /dev/null mykit.env",
)
MAKE = {command: page for page, command in reversed(commands("make"))}
DRY = {command: page for command, page in MAKE.items() if command != "make help"}
PYTHON = {command: page for page, command in reversed(commands("python"))}


def make(*words: str) -> str:
    """What make prints; it must succeed. What another make gave to these tests is not its own."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", DRY, ids=lambda command: f"{DRY[command]}: {command}")
def test_make_makes_a_recipe_that_a_shell_reads(command: str) -> None:
    recipe = make("--dry-run", *shlex.split(command)[1:])
    subprocess.run(["sh", "-n"], input=recipe, text=True, check=True)
    modules = re.findall(r"python3? -m ([\w.]+)", recipe)
    assert modules  # each sees to the virtual environment, at least
    for module in modules:
        assert importlib.util.find_spec(module) is not None, module


def test_make_help_names_every_target_of_a_page() -> None:
    targets = re.findall(r"^  ([a-z-]+)", make("help"), flags=re.MULTILINE)
    named = {word for command in MAKE for word in shlex.split(command)[1:] if "=" not in word}
    assert named <= {*targets}
    assert "walk" in targets


def test_a_target_that_there_is_not() -> None:
    with pytest.raises(AssertionError, match="No rule to make target"):
        make("--dry-run", "certfy")


@pytest.mark.parametrize("command", PYTHON, ids=lambda command: f"{PYTHON[command]}: {command}")
def test_a_python_command_is_understood(command: str) -> None:
    _, option, module, name, *words = shlex.split(command)
    assert option == "-m"
    assert importlib.util.find_spec(module) is not None
    if module == "setup.engine":
        assert name == "with"  # every test that has a guest was begun so
        return
    assert module == "tests.mutants"
    assert mutants.commands[name].make_context(name, words).args == []


def test_every_option_in_a_remark_is_one() -> None:
    """ "python -m tests.mutants executor   # --sample 300": the remark says what more it takes."""
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    remarks = [line.split("#", 1) for line in lines if line.startswith("python ") and "#" in line]
    found = [
        (shlex.split(command)[3], option)
        for command, remark in remarks
        for option in re.findall(r"--[a-z-]+", remark)
    ]
    assert found
    for name, option in found:
        parameters = mutants.commands[name].get_params(click.Context(mutants.commands[name]))
        assert any(option in parameter.opts for parameter in parameters), (name, option)


def test_every_line_of_a_page_is_some_tests() -> None:
    """A block of shell holds what a test executes or reads, and what is left here by name."""
    for page in PAGES:
        if page in WALKS:
            continue
        for line in (line for block in blocks(page, "sh") for line in block.splitlines()):
            words = shlex.split(line, comments=True)
            known = not words or words[0] in ("snapcert", "make", "python")
            assert known or shlex.join(words) in LEFT, f"{page.name}: {line}"
