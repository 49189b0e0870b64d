"""The scenarios under one long-living pytest, to be played one by one with whatever executor.

Host, engine and prepared guests stay warm from one mutant to the next; only the archive that is
installed into each guest changes. No record is written: what a scenario's checks said is returned.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import pytest_plugin
from harness.contract.rulesets import STRICT
from harness.history import Filesystem
from harness.machines.runs import new_run_id
from harness.results.record import CheckLine
from harness.results.verdict import is_bad
from harness.scenario.controller import LINES
from harness.scenario.layouts import LAYOUTS
from harness.scenario.options import Options
from harness.scenario.worker import lines_of
from harness.targets.reference import ReferenceTarget
from tests.mutants.lines import TOLD
from tests.mutants.mutations import ROOT


@dataclass(frozen=True)
class Played:
    """What one scenario made of an executor.

    `clause` is the first binding one whose check failed and `observed` what was seen; `broken`
    says what kept the scenario from a verdict; `told` is what a traced executor told.
    """

    passed: bool
    seconds: float
    clause: str = ""
    observed: str = ""
    broken: str = ""
    told: bytes = b""


class Swapped(ReferenceTarget):
    """The reference executor, of which each guest gets the archive that is named at the time."""

    archive = b""

    def install(self, guest: Any) -> None:
        self._archive = self.archive
        super().install(guest)


class Stage:
    """Plays scenarios; only within `on_stage`."""

    def __init__(self, session: pytest.Session, target: Swapped) -> None:
        self._config = session.config
        self._target = target
        self._items = {
            item.nodeid: item
            for item in session.items
            if "case" in getattr(item, "fixturenames", ())
        }
        self._reports: list[pytest.TestReport] = []
        self._ahead: set[tuple[str, Filesystem]] = set()
        self._told = b""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The ids of all scenarios, those of like guests together."""
        return tuple(self._items)

    def play(
        self, scenario: str, archive: bytes, deadline: float | None, following: str | None = None
    ) -> Played:
        """Run one scenario with this executor; each of its backups has `deadline` seconds.

        A guest for the scenario `following` is prepared meanwhile.
        """
        self._target.archive = archive
        self._target.deadline = deadline
        self._reports.clear()
        self._told = b""
        self._ahead.discard(self._layout(scenario))
        self._prepare_ahead(following)
        item = self._items[scenario]
        # Which one comes next is not known before this one's verdict: all fixtures are torn down.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return self._played()

    def heard(self, report: pytest.TestReport) -> None:
        """One phase of the scenario at work ended."""
        self._reports.append(report)

    def keep_told(self, told: bytes) -> None:
        """What the traced executor told in the guest of the scenario at work."""
        self._told = told

    def _prepare_ahead(self, scenario: str | None) -> None:
        """At most one guest of each layout waits: a scenario that was to follow may never come."""
        if scenario is None or self._layout(scenario) in self._ahead:
            return
        name, filesystem = self._layout(scenario)
        self._ahead.add((name, filesystem))
        worker = self._config.stash[pytest_plugin._WORKER]
        worker.prepare_ahead(LAYOUTS[name](filesystem))

    def _layout(self, scenario: str) -> tuple[str, Filesystem]:
        layout = pytest_plugin._layout_name(self._items[scenario])
        assert layout is not None
        return layout

    def _played(self) -> Played:
        carried = dict(self._reports[-1].user_properties).get(LINES, "{}")
        record: Mapping[str, Any] = json.loads(str(carried))
        seconds = sum(report.duration for report in self._reports)
        failed = next((report for report in self._reports if report.failed), None)
        if failed is None:
            return Played(True, seconds, told=self._told)
        for line in lines_of(record) if record else ():
            if isinstance(line, CheckLine) and is_bad(line.status):
                clause = f"{line.clause} ({line.status})"
                return Played(False, seconds, clause, line.observed, told=self._told)
        problem = record.get("problem", {}).get("message", "")
        if problem or failed.when != "call":
            return Played(False, seconds, broken=problem or failed.longreprtext[-300:])
        return Played(False, seconds, "the scenario's own assertion", failed.longreprtext[-300:])


class _Plugin:
    """Makes pytest a worker of a run that has no controller, and hands its loop to `work`."""

    def __init__(self, work: Callable[[Stage], None]) -> None:
        self._work = work
        self._stage: Stage | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        options = Options(rules=STRICT, filesystems=("ext4",), seed=1, quiet=True)
        carried = {LINES: {"options": options.to_json(), "run": new_run_id()}}
        config.workerinput = carried  # type: ignore[attr-defined]  # as xdist does

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("a module of scenarios can't be read")
        target = Swapped("mutant")
        session.config.stash[pytest_plugin._WORKER]._target = target
        self._stage = Stage(session, target)
        self._work(self._stage)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._stage is not None:
            self._stage.heard(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            guest = getattr(getattr(item, "funcargs", {}).get("case"), "_guest", None)
            if guest is not None and self._stage is not None and not guest.machine.channel.gone:
                self._stage.keep_told(guest.read(TOLD) or b"")


def on_stage(work: Callable[[Stage], None], keyword: str = "") -> None:
    """Collect the scenarios (those that `keyword` selects) and let `work` play them."""
    raised: list[BaseException] = []

    def guarded(stage: Stage) -> None:
        try:
            work(stage)
        except BaseException as error:
            raised.append(error)
            raise

    arguments = [
        "-p", "harness.pytest_plugin", "-p", "no:terminal", "-p", "no:xdist",
        "-c", str(ROOT / "scenarios" / "suite.ini"), "--rootdir", str(ROOT),
        *(("-k", keyword) if keyword else ()),
        str(ROOT / "scenarios"),
    ]  # fmt: skip
    # SIGTERM ends it as Ctrl-C does: the machines are given back.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status = pytest.main(arguments, plugins=[_Plugin(guarded)])
    finally:
        signal.signal(signal.SIGTERM, before)
    if raised:
        raise raised[0]
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"the scenarios could not be played: pytest ended with {status}")


def scenario_file(scenario: str) -> Path:
    """The module that a scenario's id names."""
    return ROOT / scenario.partition("::")[0]
