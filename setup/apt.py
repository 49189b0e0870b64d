"""Debian's packages, installed only where a piece of the set-up is missing and only by make."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.problem import IncompleteProblem
from setup.steps import STATE, run_logged, say, tail

#: Seconds for one apt-get command: a slow mirror, or another apt that holds dpkg's lock.
DEADLINE = 900.0
_OPTIONS = ("-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0")


def why_not() -> str:
    """Why this machine's packages can't be installed by us; empty where they can."""
    if shutil.which("apt-get") is None:
        return "this is neither Debian nor Ubuntu (no apt-get)"
    if os.geteuid() != 0:
        return "not running as root"
    return ""


def install(packages: Sequence[str], reason: str, remedy: str) -> None:
    """Install packages from the machine's own sources, without recommended ones.

    `reason` says what they are for, `remedy` what a person can do where this can't be done.
    What an earlier, killed run left half installed is finished first.
    """
    names = " ".join(packages)
    hindrance = why_not()
    if hindrance:
        raise IncompleteProblem(f"{reason}: {names} is missing and {hindrance}", remedy)
    log = STATE / "apt.log"
    say(f"installing {names} ({reason}); log: {log}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    if _interrupted():
        run_logged(
            "dpkg --configure -a",
            ("dpkg", "--configure", "-a"),
            log,
            deadline=DEADLINE,
            env=environment,
        )
    # A fresh machine often has no package lists, or old ones whose packages are gone.
    if _attempt(packages, log, environment) and _refresh(packages, log, environment):
        raise IncompleteProblem(
            f"{reason}: apt-get could not install {names}\n{tail(log)}",
            f"{remedy} (log: {log})",
        )
    say(f"installed {names}")


def _interrupted() -> bool:
    """Whether a dpkg was killed in the middle of its work, as dpkg itself tells."""
    try:
        return any(Path("/var/lib/dpkg/updates").iterdir())
    except OSError:
        return False


def _attempt(packages: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    return run_logged(
        "apt-get install",
        ("apt-get", *_OPTIONS, "install", "--no-install-recommends", *packages),
        log,
        deadline=DEADLINE,
        env=environment,
    )


def _refresh(packages: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    say("refreshing the package lists")
    run_logged(
        "apt-get update", ("apt-get", *_OPTIONS, "update"), log, deadline=DEADLINE, env=environment
    )
    run_logged(
        "apt-get --fix-broken",
        ("apt-get", *_OPTIONS, "--fix-broken", "--no-install-recommends", "install"),
        log,
        deadline=DEADLINE,
        env=environment,
    )
    return _attempt(packages, log, environment)
