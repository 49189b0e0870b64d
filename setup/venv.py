"""The virtual environment: one folder for each lock file, interpreter and place of the checkout.

A folder without its stamp is what a killed run left; it is built again. `.make/venv` points at the
one in use, `.venv` does too where nobody has a `.venv` of their own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.problem import IncompleteProblem
from setup import apt
from setup.steps import ROOT, STATE, locked, replace_link, run_logged, say, show_problems, tail

LOWEST = (3, 11)
_STAMP = "snapcert.stamp"
#: An environment that no run used for so long (seconds) is removed.
_OLD = 7 * 86400.0
_NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3")


def key(lock: bytes, version: str, interpreter: str, place: str) -> str:
    """What an environment depends on, in 12 hexadecimal digits: any other input, any other key."""
    digest = hashlib.sha256()
    for part in (lock, version.encode(), interpreter.encode(), place.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def pick_interpreter(path: str | None = None) -> str:
    """A Python of at least 3.11: the one that runs this, else one on PATH."""
    if sys.version_info[:2] >= LOWEST:
        return sys.executable
    for name in _NAMES:
        found = shutil.which(name, path=path)
        if found and _version(found) >= LOWEST:
            return found
    raise IncompleteProblem(
        f"Python {LOWEST[0]}.{LOWEST[1]} or newer is needed; {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}",
        "install python3.11 (Debian 12 has it), or name one: make PYTHON=/path/to/python3.11 …",
    )


def _version(interpreter: str) -> tuple[int, ...]:
    probe = "import sys; print(sys.version_info[0], sys.version_info[1])"
    done = subprocess.run(
        [interpreter, "-I", "-c", probe], capture_output=True, text=True, check=False
    )
    return tuple(int(word) for word in done.stdout.split()) if done.returncode == 0 else (0,)


def build(folder: Path, interpreter: str, lock: Path) -> None:
    """Make an environment from nothing; its stamp is the last thing written."""
    log = STATE / "venv.log"
    began = time.monotonic()
    say(f"virtual environment: installing the locked dependencies into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    if not _has_ensurepip(interpreter):
        apt.install(
            ("python3-venv",),
            "virtual environments",
            "install Python's venv module (Debian: apt-get install python3-venv), then run make",
        )
    if run_logged("python -m venv", (interpreter, "-m", "venv", str(folder)), log, deadline=120):
        raise IncompleteProblem(
            f"the virtual environment can't be made\n{tail(log)}", f"look at {log}"
        )
    command = (str(folder / "bin/python"), "-m", "pip", "install", "--require-hashes", "--no-deps",
               "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
               "--requirement", str(lock))  # fmt: skip
    if run_logged("pip install", command, log, deadline=900):
        raise IncompleteProblem(
            f"the locked dependencies can't be installed\n{tail(log)}",
            f"is PyPI (or the index that pip is configured for) in reach? Log: {log}; "
            "then run make again",
        )
    _add_project(folder)
    fresh = folder / f".{_STAMP}"
    fresh.write_text("complete\n")
    fresh.replace(folder / _STAMP)
    say(f"virtual environment: ready after {time.monotonic() - began:.0f} s")


def _has_ensurepip(interpreter: str) -> bool:
    done = subprocess.run(
        [interpreter, "-I", "-c", "import ensurepip, venv; ensurepip.version()"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _add_project(folder: Path) -> None:
    """The checkout on the environment's path, and its command, without a build."""
    site = next((folder / "lib").glob("python3*/site-packages"))
    (site / "snapcert-checkout.pth").write_text(f"{ROOT}\n")
    command = folder / "bin/snapcert"
    command.write_text(
        f"#!{folder}/bin/python\nfrom harness.cli import main\n\nraise SystemExit(main())\n"
    )
    command.chmod(0o755)


def sweep(state: Path, keep: str, now: float) -> list[str]:
    """Remove what killed runs left and what nobody used for a week; the names that went."""
    gone = []
    for folder in sorted(state.glob("venv-*")):
        stamp = folder / _STAMP
        used = stamp.stat().st_mtime if stamp.exists() else 0.0
        if folder.name != keep and now - used > _OLD:
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder.name)
    return gone


def ensure() -> Path:
    """The environment's folder, built where it is not there yet."""
    interpreter = pick_interpreter()
    lock = ROOT / "requirements.lock"
    version = sys.version if interpreter == sys.executable else str(_version(interpreter))
    name = "venv-" + key(lock.read_bytes(), version, str(Path(interpreter).resolve()), str(ROOT))
    folder = STATE / name
    with locked(STATE / "venv.lock", "virtual environment"):
        if not (folder / _STAMP).exists():
            build(folder, interpreter, lock)
        os.utime(folder / _STAMP)
        replace_link(STATE / "venv", name)
        own = ROOT / ".venv"
        if own.is_symlink() or not own.exists():
            with contextlib.suppress(OSError):
                replace_link(own, ".make/venv")
        sweep(STATE, name, time.time())
    return folder


def main(arguments: Sequence[str]) -> int:
    """Make sure of the environment."""
    del arguments
    ensure()
    return 0


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
