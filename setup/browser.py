"""`make browser-test`: the report in a real browser, the distribution's own Chromium.

The project runs without one, and so does `make test`: where there is none, these tests are skipped
and counted as such.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from setup import apt
from setup.steps import ROOT, show_problems

#: Debian's packages by the program that each brings.
NEEDED: Mapping[str, str] = {"chromium": "chromium", "chromedriver": "chromium-driver"}


def missing(path: str | None = None) -> tuple[str, ...]:
    """The packages whose programs are not there."""
    return tuple(p for program, p in NEEDED.items() if shutil.which(program, path=path) is None)


def main(arguments: Sequence[str]) -> int:
    """Install what is missing, then run the tests; the exit status is theirs."""
    packages = missing()
    if packages:
        apt.install(
            packages,
            "a browser for the tests of the report",
            "install Chromium with its driver by hand (Ubuntu has them as a snap), then run make",
        )
    command = [sys.executable, "-m", "pytest", "-q", "tests/browser", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
