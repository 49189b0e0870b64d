"""The tests and scenarios that there are, by their whole ids, as pytest collects them.

A recorded failure names the test that failed, parameters included: a name that is left of it alone
may be another test by now.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache

from tests.mutants.mutations import ROOT

_SUITE = ("-p", "harness.pytest_plugin", "-c", "scenarios/suite.ini", "--rootdir", ".")
#: How each folder is collected; the first one that holds a test is its own.
_WAYS = {
    "tests/contract": ("--noconftest",),
    "scenarios/certification": (*_SUITE, "--kit", "fixtures/kits/ledger"),
    "scenarios": _SUITE,
}

#: Seconds for one folder, on a machine that is busy.
_DEADLINE = 300.0


def is_there(test: str) -> bool:
    """Whether pytest finds this test or scenario, or a module of them, by its whole id."""
    return any(test in collected(folder) for folder in _WAYS if test.startswith(f"{folder}/"))


@cache
def collected(folder: str) -> frozenset[str]:
    """The ids of a folder's tests, and of its modules."""
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *_WAYS[folder]]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE,
    )
    if done.returncode:
        raise RuntimeError(f"{folder} can't be collected: {done.stdout}{done.stderr}")
    tests = {line for line in done.stdout.splitlines() if line.startswith(f"{folder}/")}
    return frozenset(tests | {test.partition("::")[0] for test in tests})
