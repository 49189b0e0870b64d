"""What a worker holds: its host, made when first needed, and the lines of the scenario at work."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from harness import __version__
from harness.certify.session import NotCertified
from harness.history import Filesystem
from harness.machines.engine import Engine
from harness.machines.host import Host
from harness.machines.images import BASE, ImageSpec, Progress, ensure_image
from harness.machines.layout import Layout
from harness.problem import Problem
from harness.results.record import Line, decode, encode
from harness.results.redact import Redactor
from harness.scenario.case import Case, ScenarioFailed, Workplace
from harness.scenario.kit import redactor_of
from harness.scenario.options import Options
from harness.scenario.replay import NO_HOST, Stored, StoredCase, StoredTarget
from harness.targets.select import select_target
from harness.targets.target import Target

#: How long `--keep-failed` keeps a guest, in seconds.
KEEP_SECONDS = 3600.0


class Recorder:
    """The lines of one scenario, and what kept it from being judged, if anything did."""

    def __init__(self, scenario: str, redactor: Redactor | None = None) -> None:
        self.scenario = scenario
        self._redactor = redactor or Redactor()
        self.lines: list[Line] = []
        self.title = ""
        self.kept: str | None = None
        #: It failed by what its checks say, and by nothing else.
        self.by_checks = True
        self._problem: dict[str, str] = {}

    def add(self, line: Line) -> None:
        """One line for results.jsonl."""
        self.lines.append(line)

    def failed(self, error: BaseException) -> None:
        """What ended a phase of the scenario; a verdict on the executor is no problem of ours."""
        if isinstance(error, AssertionError):
            self.by_checks &= isinstance(error, ScenarioFailed | NotCertified)
        if self._problem or isinstance(error, AssertionError):
            return
        if isinstance(error, Problem):
            self._problem = {
                "message": error.message,
                "remedy": error.remedy,
                "ref": error.ref,
            }
        else:
            self._problem = {
                "message": f"{type(error).__name__}: {error}",
                "remedy": "this is a defect of the suite; report it with the pytest log beside "
                "the results",
                "ref": "",
            }

    def to_json(self) -> str:
        """All of it as text, without secrets, for the report that travels to the controller."""
        return json.dumps(
            {
                "title": self.title,
                "kept": self.kept,
                "by_checks": self.by_checks,
                "problem": {
                    name: self._redactor.text(text) for name, text in self._problem.items()
                },
                "lines": [self._redactor.line(encode(line)).decode("ascii") for line in self.lines],
            }
        )


def image_of(engine: Engine, target: Target, progress: Progress) -> str:
    """The image of conformance guests: the executor's own, or the base with its packages."""
    spec = ImageSpec("executor", target.packages) if target.packages else BASE
    return target.image or ensure_image(engine, spec, progress)


def target_of(options: Options, stored: Stored | None) -> Target:
    """The executor under test, or the one whose runs are judged again."""
    if stored is not None:
        return StoredTarget(stored.record.header.executor)
    return select_target(options.executor, __version__, options.speed)


def lines_of(carried: Mapping[str, Any]) -> list[Line]:
    """The lines that a report carried."""
    return [decode(json.loads(text)) for text in carried["lines"]]


class Worker:
    """One pytest worker's share of the machines; everything is made when it is first needed."""

    def __init__(self, options: Options, run_id: str) -> None:
        self.options = options
        self._run_id = run_id
        self._engine: Engine | None = None
        self._host: Host | None = None
        self._target: Target | None = None
        self._image: str | None = None
        #: The runs that are judged again, where nothing is run.
        self.stored = Stored.of(options.replay) if options.replay is not None else None

    @functools.cached_property
    def redactor(self) -> Redactor:
        """What keeps the run's secrets out of what travels to the controller."""
        return redactor_of(self.options)

    @property
    def engine(self) -> Engine:
        """The engine's connection of this process."""
        if self._engine is None:
            self._engine = Engine.connect()
        return self._engine

    @property
    def target(self) -> Target:
        """The executor under test."""
        if self._target is None:
            self._target = target_of(self.options, self.stored)
        return self._target

    @property
    def image(self) -> str:
        """The image of conformance guests: the base, or what the executor asks for."""
        if self._image is None:
            self._image = image_of(self.engine, self.target, lambda _: None)
        return self._image

    def workplace(self) -> Workplace:
        """What the cases of this worker share; a host that died is replaced."""
        if self.stored is not None:
            return Workplace(NO_HOST, self.target, self.options.rules, self.options.timeout_scale)
        if self._host is None or self._host.gone:
            self._host = Host.start(self.engine, self._run_id, self.image)
        return Workplace(self._host, self.target, self.options.rules, self.options.timeout_scale)

    def case(
        self,
        scenario: str,
        layout: Layout,
        filesystem: Filesystem,
        record: Callable[[Line], None],
    ) -> Case:
        """The hands of one scenario."""
        workplace = self.workplace()
        if self.stored is not None:
            return StoredCase(self.stored, workplace, scenario, layout, filesystem, record)
        return Case(workplace, scenario, layout, filesystem, record)

    def prepare_ahead(self, layout: Layout | None) -> None:
        """Start the next scenario's guest while the present one runs."""
        if layout is not None and self._host is not None:
            self._host.prepare_ahead(layout)

    def close(self) -> None:
        """Give back everything; raises the Problem of what could not be given back."""
        host, self._host = self._host, None
        try:
            if host is not None:
                host.close()
        finally:
            if self._engine is not None:
                self._engine.close()
