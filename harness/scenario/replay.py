"""A record's runs judged again: scenarios meet stored histories instead of machines.

What a scenario says and what the oracles find is pure, so that it can be said again over a history
of an earlier day: by a newer suite, or under another rule set. Whatever asks a machine can't be;
such a scenario is skipped, with words that say so.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from harness.certify.kit import Kit
from harness.certify.session import Session
from harness.history import History
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.problem import UsageProblem
from harness.results.reader import read
from harness.results.record import ExecutorInfo, Record, RunLine
from harness.scenario.case import Case
from harness.scenario.options import Options
from harness.targets.situation import Situation, SnapshotAnswer
from harness.targets.target import Identity, Launch

_REF = "replay"
_CANT = "can't be judged again"
#: Why, where this suite has no scenario of that id.
GONE = f"{_CANT}: this suite has, or draws, no such scenario"


def not_stored(what: str) -> NoReturn:
    """Skip a scenario that needs what no history holds."""
    pytest.skip(f"{_CANT}: {what} is not in the record")


class _NoHost:
    """Stands where the host is in a real run: whoever asks it anything can't be judged again."""

    def __getattr__(self, name: str) -> NoReturn:
        not_stored("what it asks its machines")


NO_HOST = cast("Host", _NoHost())


@dataclass(frozen=True)
class StoredTarget:
    """The executor as a record names it: there is nothing to run."""

    info: ExecutorInfo
    packages: tuple[str, ...] = ()
    image: str | None = None
    deadline: float | None = None

    @property
    def identity(self) -> Identity:
        info = self.info
        return Identity(info.name, info.version, info.kind, info.digest, info.files)

    @property
    def not_applicable(self) -> Mapping[str, str]:
        return self.info.not_applicable

    def install(self, guest: Guest) -> None:  # noqa: ARG002  # as a real one
        not_stored("the executor")

    def launch(self) -> Launch:
        not_stored("the executor")


@dataclass
class Stored:
    """The runs of a record by their scenarios, handed out in the order in which they happened."""

    record: Record
    _runs: dict[str, deque[History]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Stored:
        """Raises UsageProblem where the record holds no run."""
        record = read(path)
        if not record.runs:
            raise UsageProblem(
                f"{path} holds no run that could be judged again",
                "give the results.jsonl of snapcert conform, or of certify from level 3 on",
                _REF,
            )
        runs: defaultdict[str, deque[History]] = defaultdict(deque)
        for line in record.runs:
            runs[line.scenario].append(line.history)
        return cls(record, dict(runs))

    def scenarios(self, run: str = "") -> tuple[str, ...]:
        """Ids of all scenarios of the record, or of the one that this run belongs to.

        Those that never ran, or have no run, are among them: a verdict must account for them too.
        """
        record = self.record
        if not run:
            return tuple(sorted({*record.plan, *(s.id for s in record.scenarios), *self._runs}))
        line = record.run(run)
        if line is None:
            known = ", ".join(line.id for line in record.runs[:6])
            raise UsageProblem(
                f"the record has no run {run}", f"runs are {known}, …: see the report", _REF
            )
        return (line.scenario,)

    def left_out(self, due: Collection[str]) -> set[str]:
        """The scenarios that its run left out, and those that this replay does."""
        return {*self.record.plan, *self.record.left_out} - {*due}

    def selection(self, options: Options) -> str:
        """What chose a part of the scenarios: when they were run, and now."""
        # Stored runs are never all that a certification asks for.
        now = options.selection or ("replay" if options.kit is not None else "")
        return " ".join(filter(None, (self.record.header.selection, now)))

    @property
    def why_short(self) -> str:
        """Why the record does not speak of a whole run, "" where it does."""
        footer = self.record.footer
        return footer.interrupted if footer else "the record that is judged again has no footer"

    def take(self, scenario: str) -> History:
        """The next run of a scenario; skips it where it makes more of them than are stored."""
        waiting = self._runs.get(scenario)
        if waiting is None:
            not_stored("a run of it")
        if not waiting:
            not_stored("one more run of it")
        return waiting.popleft()


class StoredCase(Case):
    """A case whose backups have happened already."""

    def __init__(self, stored: Stored, *case: Any) -> None:
        super().__init__(*case)
        self._stored = stored

    def observe(
        self,
        situation: Situation,  # noqa: ARG002  # it was met then
        during: Callable[[], None] | None = None,  # noqa: ARG002
    ) -> History:
        """The stored run; `during` was done then."""
        return self._stored.take(self.scenario)


@dataclass
class StoredSession(Session):
    """A certification's scenario whose rounds have happened already."""

    stored: Stored | None = None

    def contract(self, *_: object) -> None:
        not_stored("what level 2 observed")

    def fault_round(self, *_: object, **__: object) -> None:
        not_stored("what became of a backup under a fault")

    def _run(
        self,
        kit: Kit,  # noqa: ARG002  # it was run then
        judge_it: Callable[[History], None] | None = None,
        answer: SnapshotAnswer = "take",  # noqa: ARG002
    ) -> History:
        assert self.stored is not None
        history = self.stored.take(self.scenario)
        self.record(RunLine(history.id, self.scenario, history))
        if judge_it is not None:
            judge_it(history)
        return history


def same_kit(record: Record, kit: Kit) -> None:
    """Raise UsageProblem where the kit's files are not those that the record is about."""
    info = record.header.kit
    if info is None or info.digest != kit.digest:
        raise UsageProblem(
            f"{kit.folder} is not the kit that was run then: its files differ",
            "get the files of that day: what is asked of a run follows from config and kit.toml",
            _REF,
        )


def chosen(items: Sequence[pytest.Item], only: Sequence[str]) -> tuple[list[pytest.Item], ...]:
    """Items whose ids are among `only`, and the others."""
    wanted = set(only)
    kept = [item for item in items if item.nodeid in wanted]
    return kept, [item for item in items if item.nodeid not in wanted]
