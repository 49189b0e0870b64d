"""The walks of docs/, executed: each command in its order, in an empty folder.

What a page shows below a block of commands is the last line of the last one, `…` standing for any
text; a comment `# exit status N` says what a command ends with, if not 0. In `make test` every
certification stops at level 1, which needs no engine; `make walk` runs the commands as they stand
(SNAPCERT_WALK=whole), which takes some minutes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from harness.cli import main
from tests.documents.pages import ROOT, blocks

FIRST_KIT = ROOT / "docs" / "first-kit.md"
FIRST_GATE = ROOT / "docs" / "first-gate.md"
WALKS = (FIRST_KIT, FIRST_GATE)
WHOLE = os.environ.get("SNAPCERT_WALK") == "whole"
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@example.org"))
}

#: Runs a step; the exit status, and all that it showed.
Runner = Callable[["Step"], tuple[int, str]]


@dataclass(frozen=True)
class Step:
    """A command of a page; `status` is what it must end with, `shown` its last line, if told."""

    line: str
    status: int = 0
    shown: str = ""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)


def steps(page: Path) -> list[Step]:
    """Every command of the page's shell blocks."""
    found: list[Step] = []
    text = page.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```([a-z]*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if language == "sh":
            for line in filter(None, block.splitlines()):
                status = re.search(r"# exit status (\d)$", line)
                found.append(Step(line, int(status[1]) if status else 0))
        elif not language:
            found[-1] = Step(found[-1].line, found[-1].status, block.strip())
    return found


def walked() -> Iterator[str]:
    """The snapcert commands of all walks, spelt in one way."""
    for page in WALKS:
        yield from (shlex.join(step.words) for step in steps(page) if step.words[0] == "snapcert")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Runner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in _IDENTITY.items():
        monkeypatch.setenv(name, value)

    def run(step: Step) -> tuple[int, str]:
        words = step.words
        if words[0] != "snapcert":
            return run_process(["sh", "-c", step.line])
        if WHOLE:  # a process of its own: a run under load must not share this one
            with capfd.disabled():
                print(step.line, flush=True)
            program = [sys.executable, "-c", "from harness.cli import main; main()"]
            return run_process([*program, *words[1:]])
        if words[1] in ("certify", "gate"):
            words = [*words, "--level", "1"]
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        assert isinstance(ended.value.code, int)
        told, errors = capfd.readouterr()
        return ended.value.code, errors + told

    return run


def run_process(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stderr + done.stdout


def walk(page: Path, run: Runner) -> str:
    """Run all of a page; what its last command showed."""
    shown = ""
    for step in steps(page):
        code, shown = run(step)
        assert code == step.status, f"{step.line}\n{shown[-4000:]}"
        if step.shown:
            line = shown.rstrip().rpartition("\n")[2]
            expected = re.escape(step.shown).replace("…", ".*")
            if not WHOLE:
                expected = expected.replace(r"level\ 3", r"level\ 1")
            assert re.fullmatch(expected, line), f"{step.line}\n{line}"
    return shown


def test_from_an_empty_folder_to_a_certificate(run: Runner) -> None:
    assert [step.words[1] for step in steps(FIRST_KIT)] == [
        "init", "lint", "certify", "certify", "certify", "keygen", "certify", "verify",
    ]  # fmt: skip
    shown = walk(FIRST_KIT, run)
    assert f"certified  level {4 if WHOLE else 1}" in shown
    assert "by Orders Ltd" in shown
    # "Change a script, and it says which."
    Path("orders", "post.sh").write_text("#!/bin/sh\nexit 0\n")
    code, shown = run(steps(FIRST_KIT)[-1])
    assert code == 1
    assert "post.sh differs from the certified one" in shown


def test_from_a_kit_to_a_gate(run: Runner) -> None:
    gated = [step.shown.partition(":")[0] for step in steps(FIRST_GATE) if "gate" in step.words]
    assert gated == ["gate open (0)", "gate closed (1)", *["gate open (0)"] * 3]
    walk(FIRST_GATE, run)
    # What the workflow asks is what the walk has asked, by inputs that there are.
    (workflow,) = blocks(FIRST_GATE, "yaml")
    *_, step = yaml.load(workflow, yaml.BaseLoader)["jobs"]["gate"]["steps"]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert {name for name, entry in inputs.items() if entry.get("required")} <= set(step["with"])
    assert set(step["with"]) <= set(inputs)
    assert all(Path(given).is_dir() for given in step["with"].values())


def test_the_workflow_is_one() -> None:
    folder = resources.files("check_jsonschema.builtin_schemas") / "vendor"
    schema = json.loads((folder / "github-workflows.json").read_text(encoding="utf-8"))
    (workflow,) = blocks(FIRST_GATE, "yaml")
    # YAML 1.1 takes the key `on` for true; GitHub does not.
    jsonschema.validate(yaml.load(workflow, yaml.BaseLoader), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            yaml.load(workflow.replace("runs-on", "run-on"), yaml.BaseLoader), schema
        )
