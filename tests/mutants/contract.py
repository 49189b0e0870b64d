"""Mutants of the contract before its unit tests, each in a forked child of one warm process.

The child forgets every module of the project, gets the mutated source for one of them, and runs
tests/contract, the nearest module first, until a test fails.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import hypothesis
import pytest

from tests.mutants.mutations import (
    HARNESS,
    ROOT,
    Mutation,
    is_viable,
    quiet,
    read,
    scope_key,
    shown,
)
from tests.mutants.outcomes import INVALID, KILLED, SURVIVED, Outcome, outcome_of

TESTS = ROOT / "tests" / "contract"
#: A mutant may take so many times as long as the contract itself does: of the processor, which a
#: busy machine does not change, and by the clock.
_PATIENCE = 5
_PATIENCE_BY_THE_CLOCK = 10
#: What the contract itself may take of both, in seconds.
_FIRST = (300, 600.0)


@dataclass(frozen=True)
class _Seen:
    """What a run of the tests showed: the first failure, "" where none; the seconds that it took,
    of the processor and by the clock."""

    by: str
    how: str
    processor: float
    clock: float


class ContractTests:
    """The unit tests of the contract, warm."""

    def __init__(self) -> None:
        # The same examples each time: a mutant is killed or not, by no lot.
        hypothesis.settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None
        )
        hypothesis.settings.load_profile("mutants")
        seen = _run("", "", _nearest_first(""), *_FIRST)
        if seen.by:
            raise RuntimeError(f"the contract fails its own tests: {seen.by}: {seen.how}")
        self._most = int(_PATIENCE * seen.processor) + 1, _PATIENCE_BY_THE_CLOCK * seen.clock

    def judge(self, mutation: Mutation) -> Outcome:
        """What becomes of one mutant."""
        original, changed = read(mutation.module), mutation.source()
        scope, lines = scope_key(mutation), shown(changed, original)
        if not is_viable(changed, original):
            return outcome_of(mutation, scope, lines, INVALID)
        tests = _nearest_first(mutation.module)
        seen = _run(mutation.module, changed, tests, *self._most)
        if not seen.by:
            return outcome_of(mutation, scope, lines, SURVIVED)
        return outcome_of(mutation, scope, lines, KILLED, by=seen.by, how=seen.how)


def _nearest_first(module: str) -> list[Path]:
    """The test modules: of the same name, then those that import it, then the quickest."""
    stem = Path(module).stem
    dotted = "harness." + module.removesuffix(".py").replace("/", ".")

    def distance(path: Path) -> tuple[bool, bool, bool, str]:
        own = path.stem == f"test_{stem}" or ("catalogue" in module and "catalogue" in path.stem)
        return not own, dotted not in path.read_text(), "catalogue" in path.stem, path.name

    return sorted(TESTS.glob("test_*.py"), key=distance)


def _run(module: str, source: str, tests: Sequence[Path], processor: int, clock: float) -> _Seen:
    """Fork, run the tests there with this source for this module, and hear what failed.

    They are ended after so many seconds of the processor, or by the clock.
    """
    began = time.monotonic()
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(hear)
        _test(module, source, tests, tell, processor)
    os.close(tell)
    last: dict[str, str] = {}
    over = False
    for word in _words(hear, began + clock):
        last = word
        over = "status" in word
    os.close(hear)
    if not over:
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    spent = usage.ru_utime + usage.ru_stime, time.monotonic() - began
    if over:
        return _Seen(last.get("by", ""), last.get("how", ""), *spent)
    late = (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU) or spent[1] >= clock
    how = "no end in time" if late else "the tests' process died"
    return _Seen(last.get("at", "before the first test"), how, *spent)


def _words(descriptor: int, until: float) -> Iterator[dict[str, str]]:
    """The lines that the child writes, until its end or `until`."""
    rest = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            return
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from map(json.loads, lines)


def _test(module: str, source: str, tests: Sequence[Path], tell: int, processor: int) -> NoReturn:
    """The child's whole life."""
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        for name in [name for name in sys.modules if name.split(".")[0] == "harness"]:
            del sys.modules[name]
        if module:
            sys.meta_path.insert(0, _Mutated(module, source))
        telling = _Telling(tell)
        # By itself: most mutants fall there, and to collect the rest takes longer than that.
        for part in (tests[:1], tests[1:]):
            status = _pytest(part, telling) if part and not telling.failed else 0
            if status and not telling.failed:
                telling.failed = {"by": telling.at, "how": f"pytest ended with {status}"}
        telling.say({"status": "over", **telling.failed})
    finally:
        os._exit(0)


def _pytest(tests: Sequence[Path], telling: _Telling) -> int:
    arguments = [
        "-x", "-q", "--noconftest", "-p", "no:cacheprovider",
        "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT),
    ]  # fmt: skip
    return int(pytest.main([*arguments, *map(str, tests)], plugins=[telling]))


class _Telling:
    """A pytest plugin: tells which test is at work, and keeps the first failure."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.at = "before the first test"
        self.failed: dict[str, str] = {}

    def say(self, word: dict[str, str]) -> None:
        os.write(self._descriptor, json.dumps(word).encode() + b"\n")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.at = nodeid
        self.say({"at": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = {"by": report.nodeid, "how": "the test failed"}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = {"by": report.nodeid, "how": "the contract could not be imported"}


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated source for one module, in the place of its file's."""

    def __init__(self, module: str, source: str) -> None:
        parts = ("harness", *Path(module).with_suffix("").parts)
        self._package = parts[-1] == "__init__"
        self._name = ".".join(parts[:-1] if self._package else parts)
        self._file = HARNESS / module
        self._source = source

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = importlib.util.spec_from_loader(fullname, self, is_package=self._package)
        if spec is not None and self._package:
            spec.submodule_search_locations = [str(self._file.parent)]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._file)
        with quiet():
            code = compile(self._source, str(self._file), "exec", dont_inherit=True)
        exec(code, module.__dict__)
