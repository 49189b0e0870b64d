"""The lock file: exact versions with hashes, made from pyproject.toml, checked without a network.

Its header holds a digest of the dependencies that it was made from, so that a change of
pyproject.toml without a new lock is seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.problem import IncompleteProblem, UsageProblem
from setup.steps import ROOT, STATE, run_logged, say, show_problems, tail

LOCK = ROOT / "requirements.lock"
_MARK = "# made from dependencies sha256:"
_HEADER = """\
# Exact versions and hashes of everything the project runs and tests with.
# `make lock` writes this file.
"""


def dependencies_digest(pyproject: str) -> str:
    """The digest of what pyproject.toml asks for; comments and other tables do not count."""
    import tomllib  # not at the top: the environment's key is read by older Pythons too

    project = tomllib.loads(pyproject)["project"]
    asked = [
        project["requires-python"],
        sorted(project["dependencies"]),
        sorted(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def is_fresh(pyproject: str, lock: str) -> bool:
    """Whether the lock was made from these dependencies."""
    return f"{_MARK}{dependencies_digest(pyproject)}\n" in lock


def faults(lock: str) -> list[str]:
    """What a lock must not hold or lack: a requirement without hashes, an address."""
    found = []
    joined = lock.replace("\\\n", " ")
    for line in joined.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if "--hash=sha256:" not in line:
            found.append(f"no hash: {line.strip()}")
        if "://" in line:
            found.append(f"an address: {line.strip()}")
    return found


def write(pyproject: Path, lock: Path) -> None:
    """Resolve again and write the lock; uv comes into an environment that is thrown away."""
    STATE.mkdir(exist_ok=True)
    log = STATE / "lock.log"
    with tempfile.TemporaryDirectory(prefix="lock-", dir=STATE) as scratch:
        python = Path(scratch, "venv", "bin", "python")
        say("a throw-away environment with uv")
        steps = (
            (sys.executable, "-m", "venv", str(python.parent.parent)),
            (str(python), "-m", "pip", "install", "--quiet", "uv"),
        )
        for step in steps:
            if run_logged("uv", step, log, deadline=300):
                raise IncompleteProblem(
                    f"uv could not be installed\n{tail(log)}", f"look at {log}; is PyPI in reach?"
                )
        uv = shutil.which("uv", path=str(python.parent))
        if uv is None:
            raise IncompleteProblem("uv was installed without its command", f"look at {log}")
        out = Path(scratch, "requirements")
        say("resolving")
        command = (uv, "pip", "compile", str(pyproject), "--all-extras", "--generate-hashes",
                   "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet",
                   "--python-version", "3.11", "--upgrade", "--output-file", str(out))  # fmt: skip
        environment = {**os.environ, "UV_CACHE_DIR": str(Path(scratch, "cache"))}
        if subprocess.run(command, env=environment, check=False, stdout=sys.stderr).returncode:
            raise IncompleteProblem("the dependencies can't be resolved", "see uv's words above")
        text = f"{_HEADER}{_MARK}{dependencies_digest(pyproject.read_text())}\n{out.read_text()}"
        fresh = lock.with_name(f".{lock.name}.{os.getpid()}")
        fresh.write_text(text)
        fresh.replace(lock)
    say(f"wrote {lock.name}")


def check(pyproject: Path, lock: Path) -> None:
    """A Problem where the lock does not belong to pyproject.toml, or is not as it must be."""
    text = lock.read_text()
    if not is_fresh(pyproject.read_text(), text):
        raise UsageProblem(
            "requirements.lock was not made from pyproject.toml's dependencies", "run make lock"
        )
    found = faults(text)
    if found:
        raise UsageProblem(f"requirements.lock: {found[0]}", "run make lock")
    say("requirements.lock is fresh")


def main(arguments: Sequence[str]) -> int:
    """`write` or `check`."""
    action = write if list(arguments) == ["write"] else check
    action(ROOT / "pyproject.toml", LOCK)
    return 0


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
