"""action.yml, the GitLab template and the pre-commit hook: valid, and their steps run here.

What is not here is the runner itself: each shell step is executed with the shell and the variables
that the runner's documentation gives it. pip is replaced by one that links to this interpreter.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.cli import main
from tests.ci.schemas import ACTION, GITLAB, HOOKS

ROOT = Path(__file__).resolve().parents[2]
FILES = {"action.yml": ACTION, "ci/gitlab.yml": GITLAB, ".pre-commit-hooks.yaml": HOOKS}

#: As the runner starts a step's script, by the name of its shell.
SHELLS = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "sh": ["sh", "-e"]}

_SNAPCERT = f"""#!/bin/sh
PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} \
    -c 'from harness.cli import main; main()' "$@"
"""
#: `python3 -m venv FOLDER` makes a folder whose `python -m pip install …` notes what it was asked.
_PYTHON3 = """#!/bin/sh
test "$1 $2" = "-m venv" || exit 9
mkdir -p "$3/bin"
cat > "$3/bin/python" <<'END'
#!/bin/sh
test "$1 $2 $3 $4" = "-m pip install --quiet" || exit 9
printf '%s\\n' "$5" > "$NOTED"
cp "$SNAPCERT" "$(dirname "$0")/snapcert"
END
chmod +x "$3/bin/python"
"""


def parsed(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def validate(name: str, text: str) -> None:
    """Raises ValidationError. Of a GitLab template only what extends it is ever a job: the schema
    looks into no job with a dot before its name.
    """
    data = yaml.safe_load(text)
    if name == "ci/gitlab.yml":
        data = {job.removeprefix("."): keys for job, keys in data.items()}
    jsonschema.validate(data, FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_valid(name: str) -> None:
    validate(name, (ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("action.yml", "shell: bash", "shel: bash"),
        ("action.yml", "using: composite", "using: composit"),
        ("ci/gitlab.yml", "before_script", "befor_script"),
        ("ci/gitlab.yml", "when: always", "when: alway"),
        (".pre-commit-hooks.yaml", "language: python", "language: pyton"),
        (".pre-commit-hooks.yaml", "entry:", "entri:"),
    ],
)
def test_a_mistake_is_noticed(name: str, old: str, new: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8").replace(old, new)
    with pytest.raises(jsonschema.ValidationError):
        validate(name, text)


def test_the_template_runs_nothing_by_itself() -> None:
    """A job whose name begins with a dot waits to be extended."""
    assert [name[0] for name in parsed("ci/gitlab.yml")] == ["."]


@dataclass
class Runner:
    """A place where steps run: a kit and its baseline in the working folder."""

    folder: Path
    environment: dict[str, str]

    def step(self, shell: list[str], script: str, **variables: str) -> tuple[int, str]:
        """Run one step's script from a file, as runners do; its exit status and output."""
        path = self.folder / "step"
        path.write_text(script)
        done = subprocess.run(
            [*shell, str(path)],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stdout
        return done.returncode, done.stdout

    def spoil(self) -> None:
        """The change that must not pass: Windows line endings."""
        post = self.folder / "kit" / "post.sh"
        post.write_bytes(post.read_bytes().replace(b"\n", b"\r\n"))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a kit and the record of its level 1."""
    folder = tmp_path_factory.mktemp("ground")
    shutil.copytree(ROOT / "fixtures" / "kits" / "ledger", folder / "kit")
    with pytest.raises(SystemExit) as ended:
        main(["certify", str(folder / "kit"), "--level", "1", "--out", str(folder / "baseline")])
    assert ended.value.code == 0
    return folder


@pytest.fixture
def runner(ground: Path, tmp_path: Path) -> Runner:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("python3", _PYTHON3), ("snapcert", _SNAPCERT)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    shutil.copytree(ground, tmp_path / "work")
    (tmp_path / "temp").mkdir()
    return Runner(
        tmp_path / "work",
        {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "NOTED": str(tmp_path / "noted"),
            "SNAPCERT": str(programs / "snapcert"),
            "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock",
        },
    )


def resolve(text: str, values: Mapping[str, str]) -> str:
    """A runner's expressions, of the plain kinds that the action uses; another one is an error."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found[1]], text)


def run_action(runner: Runner, given: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """All steps of action.yml until one fails; the last exit status and the outputs."""
    action = parsed("action.yml")
    values = {
        f"inputs.{name}": entry.get("default", "") for name, entry in action["inputs"].items()
    }
    values |= {f"inputs.{name}": value for name, value in given.items()}
    values["github.action_path"] = str(ROOT)
    code = 0
    for step in action["runs"]["steps"]:
        variables = {name: resolve(text, values) for name, text in step.get("env", {}).items()}
        code, _ = runner.step(SHELLS[step["shell"]], step["run"], **variables)
        if code:
            break
    output = Path(runner.environment["GITHUB_OUTPUT"])
    for line in output.read_text().splitlines():
        name, _, value = line.partition("=")
        values[f"steps.gate.outputs.{name}"] = value
    outputs = {name: resolve(entry["value"], values) for name, entry in action["outputs"].items()}
    return code, outputs


def test_the_action_lets_what_is_unchanged_pass(runner: Runner) -> None:
    code, outputs = run_action(runner, {"kits": "kit", "baseline": "baseline"})
    assert code == 0
    assert outputs["exit-code"] == "0"
    assert outputs["why"].startswith("gate open (0): ledger: holds at level 1")
    assert Path(runner.environment["NOTED"]).read_text().strip() == str(ROOT)
    assert "gate open" in Path(runner.environment["GITHUB_STEP_SUMMARY"]).read_text()
    assert (runner.folder / "reports" / "gate" / "ledger" / "junit.xml").is_file()


def test_the_action_stops_what_got_worse(runner: Runner) -> None:
    runner.spoil()
    code, outputs = run_action(
        runner, {"kits": "kit", "baseline": "baseline", "level": "1", "out": "elsewhere"}
    )
    assert code == 1
    assert outputs["exit-code"] == "1"
    assert outputs["why"].startswith("gate closed (1): ledger: clauses that do not hold")
    assert (runner.folder / "elsewhere" / "ledger").is_dir()


def test_an_input_is_never_a_command(runner: Runner) -> None:
    hostile = "kit; touch owned; $(touch owned)"
    code, outputs = run_action(runner, {"kits": hostile, "baseline": "baseline"})
    assert code == 4
    assert outputs["why"] == "gate closed (4): there is no script kit at kit;"
    assert not (runner.folder / "owned").exists()


def test_the_action_says_why_where_nothing_could_be_judged(runner: Runner) -> None:
    code, outputs = run_action(runner, {"kits": "kit", "baseline": "nowhere"})
    assert (code, outputs["exit-code"]) == (4, "4")
    assert outputs["why"].startswith("gate closed (4): nowhere ")


def test_the_gitlab_job(runner: Runner) -> None:
    [job] = parsed("ci/gitlab.yml").values()
    runner.spoil()
    variables = {
        **job["variables"],
        "SNAPCERT_GATE_KITS": "kit",
        "SNAPCERT_GATE_BASELINE": "baseline/results.jsonl",
        "SNAPCERT_GATE_LEVEL": "1",
    }
    script = "\n".join([*job["before_script"], *job["script"]])
    code, shown = runner.step(SHELLS["bash"], script, **variables)
    assert code == 1, shown
    assert "gate closed (1): ledger" in shown
    assert Path(runner.environment["NOTED"]).read_text().strip() == "snapcert"
    for pattern in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        assert list(runner.folder.glob(pattern)), pattern


def test_the_hook(runner: Runner) -> None:
    """Run as pre-commit does: the entry, then the files of the commit."""
    [hook] = parsed(".pre-commit-hooks.yaml")
    (runner.folder / "README.md").write_text("of no kit\n")
    command = f"{hook['entry']} README.md kit/pre.sh kit/post.sh kit/bin/ledgerctl"
    assert runner.step(SHELLS["sh"], command) == (0, "")
    runner.spoil()
    code, shown = runner.step(SHELLS["sh"], command)
    assert code == 1
    assert "kit/post.sh:1: error: " in shown
