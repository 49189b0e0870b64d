"""The controller of a run: it opens the record, receives what scenarios send, and closes it.

Registered as a pytest plugin in the one process that draws and writes; workers never get one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from harness import __version__
from harness.certify.kit import Kit
from harness.certify.levels import kit_info
from harness.certify.session import kit_image
from harness.machines.cleanup import mend_dead_runs
from harness.machines.engine import Engine
from harness.machines.packages import versions
from harness.machines.runs import RunLock, new_run_id
from harness.problem import EngineProblem, IncompleteProblem, Problem
from harness.results import brief, deviations, html, junit, traceability
from harness.results.reader import read
from harness.results.record import (
    CheckLine,
    Deviation,
    ExecutorInfo,
    Header,
    KitInfo,
    Line,
    Record,
    ScenarioLine,
    Status,
)
from harness.results.statement import refusal
from harness.results.terminal import Terminal, kinds
from harness.results.texts import CLAUSE_TEXTS
from harness.results.verdict import worst
from harness.results.writer import Writer, now
from harness.scenario.accepted import known_deviations
from harness.scenario.command_line import alone, made_by, shown_path
from harness.scenario.kit import kit_of, redactor_of
from harness.scenario.log import divert
from harness.scenario.options import Options
from harness.scenario.replay import GONE, Stored, same_kit
from harness.scenario.standing import standing
from harness.scenario.stories import stories_of
from harness.scenario.worker import image_of, lines_of, target_of
from harness.targets.target import Target

#: The key under which a report carries the lines of its scenario.
LINES = "snapcert"

#: What a worker could not give back, in what it sends when it has finished.
LEFT = "snapcert-left"
#: The scenarios that a selection kept out, there too.
LEFT_OUT = "snapcert-left-out"
#: The Problem that ended a run before a verdict, or kept it from being recorded.
PROBLEM = pytest.StashKey[Problem]()


@dataclass(frozen=True)
class _Ground:
    """What the guests of a run stand on, as the header tells it."""

    engine: str
    kernel: str
    image: str
    packages: Mapping[str, str] = field(default_factory=dict)


#: A static check needs none.
_NO_MACHINES = _Ground("none", "none", "none")


class Controller:
    """Hooks of the one process that writes the record; `live` draws snapcert's own view."""

    def __init__(self, options: Options, config: pytest.Config, *, live: bool) -> None:
        self._options = options
        self._config = config
        self._live = live
        self._writer: Writer | None = None
        self._terminal: Terminal | None = None
        self._planned = False
        self._stored: Stored | None = None
        self._deviations: tuple[Deviation, ...] = ()
        self._outcomes: dict[str, _Outcome] = {}
        self._lock: RunLock | None = None
        self._engine: Engine | None = None
        self._interrupted = ""
        self._uncollected: list[str] = []
        self._left_out: set[str] = set()
        self._problem: Problem | None = None
        #: The id that every machine of this run carries as a label.
        self.run_id = new_run_id()

    # -- beginning

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Find the engine, mend what crashed runs left, open the record."""
        if self._config.getoption("collectonly"):
            return
        try:
            self._open()
        except Problem as problem:
            self._close_view()
            stop(self._config, problem)

    def _open(self) -> None:
        options = self._options
        if self._live:
            divert(self._config, options.out / "pytest.log", redactor_of(options))
        self._stored = stored = Stored.of(options.replay) if options.replay is not None else None
        target = target_of(options, stored)
        identity = target.identity
        kit = kit_of(options)
        if stored is not None:
            if kit is not None:
                same_kit(stored.record, kit)
            self._deviations = stored.record.header.deviations
            self._left_out = stored.left_out(options.only)
            ground = _ground_of(stored.record.header)
        else:
            self._deviations = known_deviations(options.known_deviations, kit.name if kit else "")
            ground = self._prepare(target, kit) if options.needs_machines else _NO_MACHINES
        header = Header(
            suite=__version__,
            command=made_by(options),
            rules=options.rules,
            executor=ExecutorInfo(
                identity.name,
                identity.version,
                identity.kind,
                identity.digest,
                dict(identity.files),
                dict(target.not_applicable),
            ),
            engine=ground.engine,
            kernel=ground.kernel,
            image=ground.image,
            seed=options.seed,
            started=now(),
            selection=stored.selection(options) if stored is not None else options.selection,
            workers=max(int(self._config.getoption("numprocesses", 0) or 0), 1),
            kit=self._kit_info(kit, ground) if kit else None,
            deviations=self._deviations,
            replay=shown_path(options.replay) if options.replay is not None else "",
        )
        listeners = []
        if self._live:
            file = sys.stderr if options.as_json else None
            self._terminal = Terminal(CLAUSE_TEXTS, quiet=options.quiet, file=file)
            self._terminal.__enter__()
            listeners.append(self._terminal)
        self._writer = Writer(options.out / "results.jsonl", header, listeners)

    def _kit_info(self, kit: Kit, ground: _Ground) -> KitInfo:
        options = self._options
        info = kit_info(kit, options.level, options.rounds, ground.packages)
        return replace(info, folder=shown_path(kit.folder))

    def _prepare(self, target: Target, kit: Kit | None) -> _Ground:
        """An engine that is usable, nothing left of dead runs, images for every guest."""
        self._engine = engine = Engine.connect()
        facts = engine.assert_usable()
        mend_dead_runs(engine, self._say)
        image = image_of(engine, target, self._say)
        packages: Mapping[str, str] = {}
        if kit is not None:
            image = kit_image(engine, kit, target, self._say)
            packages = versions(engine, image, kit.manifest.packages, self.run_id)
        self._lock = RunLock(self.run_id, image)
        version = f"{facts.version} ({facts.storage_driver})"
        return _Ground(version, facts.kernel, image, packages)

    def _say(self, text: str) -> None:
        """Progress of what takes long before the first scenario, on stderr."""
        if not self._options.quiet:
            print(text, file=sys.stderr, flush=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What each xdist worker must know."""
        node.workerinput[LINES] = {"options": self._options.to_json(), "run": self.run_id}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """All workers collect the same; the first tells the plan."""
        self._plan(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist the plan is our own collection."""
        if session.items or self._stored is not None:
            self._plan([item.nodeid for item in session.items])

    def _plan(self, ids: list[str]) -> None:
        if self._writer is None or self._planned:
            return
        self._planned = True
        due = self._options.only if self._stored is not None else ids
        self._writer.plan(due)
        for gone in sorted({*due} - {*ids}):
            self._not_again(gone, GONE)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Without xdist what is left out of the plan is our own, too."""
        if self._stored is None:
            self._left_out.update(item.nodeid for item in items)

    # -- while it runs

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A worker began a scenario."""
        if self._writer is not None:
            self._writer.started(nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """A worker died in this scenario: that is no verdict on the executor."""
        self._write(
            ScenarioLine(
                crashitem,
                "harness-error",
                0.0,
                message="the worker that ran it died",
                remedy="see the pytest log beside the results; run `snapcert cleanup`, then again",
            )
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a scenario ended; with its teardown come its lines."""
        outcome = self._outcomes.setdefault(report.nodeid, _Outcome())
        outcome.seconds += report.duration
        if report.failed:
            outcome.failed = True
        if report.skipped:
            outcome.skipped = _reason(report)
        if report.when == "teardown":
            del self._outcomes[report.nodeid]
            carried = dict(report.user_properties).get(LINES)
            if isinstance(carried, str):
                worker = getattr(getattr(report, "node", None), "gateway", None)
                self._ended(report.nodeid, outcome, json.loads(carried), getattr(worker, "id", ""))

    def _ended(
        self, nodeid: str, outcome: _Outcome, carried: Mapping[str, Any], worker: str
    ) -> None:
        failing = lines_of(carried)
        lines = deviations.excuse(failing, self._deviations)
        for line in lines:
            self._write(line)
        problem: Mapping[str, str] = carried["problem"]
        if self._stored is not None and outcome.skipped and not problem:
            self._not_again(nodeid, outcome.skipped, lines)
            return
        kept = f"kept: `snapcert shell {carried['kept']}`" if carried["kept"] else ""
        line = ScenarioLine(
            nodeid,
            _status(failing, outcome, problem),
            round(outcome.seconds, 3),
            message=problem.get("message", kept),
            remedy=problem.get("remedy", ""),
            ref=problem.get("ref", ""),
            skipped_reason=outcome.skipped,
            title=carried["title"],
            worker=worker,
            replay=alone(self._options, nodeid, failing),
            stories=stories_of(nodeid),
        )
        self._write(
            deviations.excuse_scenario(
                line, lines, self._deviations, by_checks=carried["by_checks"]
            )
        )

        if problem.get("ref") == "engine-gone" and self._engine and not self._engine.alive():
            self._problem = EngineProblem(problem["message"], problem["remedy"], problem["ref"])
            pytest.exit(self._problem.message)  # nothing else can be run

    def _not_again(self, scenario: str, why: str, again: Sequence[Line] = ()) -> None:
        """What stays of a stored scenario that can't be judged again, or only these lines of it."""
        assert self._stored is not None
        for line in standing(self._stored.record, scenario, why, again, self._options.rules):
            self._write(line)

    def _write(self, line: Line) -> None:
        if self._writer is None or self._problem is not None:
            return
        try:
            self._writer.write(line)
        except Problem as problem:
            self._problem = problem
            pytest.exit(problem.message)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or another end before the last scenario: what was recorded stays."""
        if excinfo.errisinstance(KeyboardInterrupt) and not self._interrupted:
            self._interrupted = str(excinfo.value) or "from the keyboard"
            if self._writer is None:
                self._config.stash[PROBLEM] = IncompleteProblem(
                    f"the run was interrupted {self._interrupted} before its first scenario",
                    "run it again",
                )

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A defect of the suite, whose traceback is in pytest's log."""
        if excinfo.errisinstance(Problem):
            problem = cast(Problem, excinfo.value)
        else:
            problem = Problem(
                f"the suite itself failed: {excinfo.typename}: {excinfo.value}",
                f"this is a defect; report it with {self._options.out / 'pytest.log'}",
                "suite",
            )
        self._problem = self._problem or problem

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module of scenarios that can't be read."""
        if report.failed and report.nodeid not in self._uncollected:
            self._uncollected.append(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has finished; what it could not give back is a failure of the harness."""
        output = getattr(node, "workeroutput", {})
        self._left_out.update(output.get(LEFT_OUT, ()))
        left = output.get(LEFT)
        if left is not None:
            self.could_not_give_back(EngineProblem(*left))

    def could_not_give_back(self, problem: Problem) -> None:
        """Some machine of this run could not be ended."""
        self._problem = self._problem or problem

    # -- end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Close the record, render it, give the verdict's exit code."""
        if self._writer is None:
            return
        try:
            if self._left_out:
                self._writer.plan((), sorted(self._left_out))
            footer = self._writer.close(self._why_short())
            record = read(self._options.out / "results.jsonl")
            reports = self.render(record)
            self._writer.announce(reports)
            if self._options.as_json:
                print(brief.render(record, kinds(reports)), end="", flush=True)
            session.exitstatus = footer.exit_code
        except Problem as problem:
            self._problem = self._problem or problem
        finally:
            self._close_view()
        if self._problem is not None:
            self._config.stash[PROBLEM] = self._problem
            session.exitstatus = self._problem.exit_code

    def _why_short(self) -> str:
        """Why the run ended before its last scenario, "" where it did not."""
        if self._problem is not None:
            return self._problem.message
        if self._uncollected:
            return f"scenarios that can't be read: {', '.join(self._uncollected)}; see pytest.log"
        return self._interrupted or (self._stored.why_short if self._stored is not None else "")

    def _close_view(self) -> None:
        if self._terminal is not None:
            self._terminal.__exit__(None, None, None)

    def pytest_unconfigure(self) -> None:
        """Also where the run did not get as far as its first scenario."""
        if self._lock is not None:
            self._lock.release()
        if self._engine is not None:
            self._engine.close()

    def render(self, record: Record) -> list[Path]:
        """Everything that is rendered from results.jsonl; the paths."""
        out = self._options.out
        page = html.render([record], CLAUSE_TEXTS)
        try:
            (out / "junit.xml").write_bytes(junit.render(record, CLAUSE_TEXTS))
            (out / "report.html").write_text(page, encoding="utf-8")
            if self._options.kit is None:
                trace = traceability.render(record)
                (out / "traceability.md").write_text(trace, encoding="utf-8")
        except OSError as error:
            raise EngineProblem(
                f"the reports can't be written to {out}: {error.strerror}",
                "make room or rights there; the record in results.jsonl stays",
                "results",
            ) from error
        reports = [out / name for name in ("report.html", "results.jsonl", "junit.xml")]
        if self._options.key is not None:
            reports += self._certificate(record, self._options.key)
        return reports

    def _certificate(self, record: Record, key: Path) -> list[Path]:
        """The signed certificate of a kit that is certified, beside the reports; else why not."""
        from harness.certify import certificate

        path = self._options.out / "certificate.json"
        path.unlink(missing_ok=True)  # an earlier run's
        why = refusal(record)
        if why:
            # Asked for, so also said where little else is; above the verdict.
            print(f"no certificate: {why}", file=sys.stderr, flush=True)
            return []
        signer = certificate.private_key(key)
        path.write_bytes(certificate.issue(record, signer, self._options.valid_days))
        return [path]


def _ground_of(header: Header) -> _Ground:
    """What the runs stood on that are judged again."""
    packages = header.kit.packages if header.kit is not None else {}
    return _Ground(header.engine, header.kernel, header.image, packages)


class _Outcome:
    """What pytest said of a scenario's phases so far."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.failed = False
        self.skipped = ""


def _status(lines: list[Line], outcome: _Outcome, problem: Mapping[str, str]) -> Status:
    if problem:
        return "harness-error"
    if outcome.skipped:
        return "skipped"
    statuses: list[Status] = [line.status for line in lines if isinstance(line, CheckLine)]
    if outcome.failed:
        return worst([*statuses, "failed"])
    return worst(statuses, default="passed")


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


def stop(config: pytest.Config, problem: Problem) -> NoReturn:
    """End a run that can't begin; under `snapcert` the command shows the problem itself."""
    config.stash[PROBLEM] = problem
    if config.getoption("--live"):
        raise pytest.UsageError
    pytest.exit(str(problem), returncode=problem.exit_code)
