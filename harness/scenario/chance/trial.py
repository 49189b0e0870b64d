"""Trying what was drawn in fresh guests, until the simplest that fails is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from harness.history import Filesystem
from harness.results.record import CheckLine, Line
from harness.results.verdict import is_bad
from harness.scenario.case import Case, ScenarioFailed, Workplace
from harness.scenario.chance.draw import shrink
from harness.scenario.layouts import LAYOUTS
from harness.scenario.worker import KEEP_SECONDS, Recorder

#: How often, and for how many seconds, simpler ones are looked for: each costs a guest.
TRIES = 40
SECONDS = 120.0

_Drawn = TypeVar("_Drawn")


@dataclass(frozen=True)
class Kind(Generic[_Drawn]):
    """A kind of thing that is drawn: how it is told, what a simpler one is, how it is tried."""

    describe: Callable[[_Drawn], str]
    simpler: Callable[[_Drawn], Iterable[_Drawn]]
    guest: Callable[[_Drawn], tuple[str, Filesystem]]
    act: Callable[[Case, _Drawn], object]


@dataclass(frozen=True)
class Trial:
    """What one try showed: its lines for the record, and what failed, by clause and in words."""

    lines: tuple[Line, ...]
    failed: frozenset[str]
    why: str


class Trials:
    """One scenario's tries; what was drawn first goes on record, and the simplest that fails."""

    def __init__(self, workplace: Workplace, recorder: Recorder, *, keep: bool) -> None:
        self._workplace = workplace
        self._recorder = recorder
        self._keep = keep

    def judge(self, first: _Drawn, kind: Kind[_Drawn]) -> None:
        """Try it; ScenarioFailed tells the simplest one that fails at a clause at which it does."""
        told = kind.describe(first)
        self._recorder.title = f"By chance: {told}"
        trial = self._try(first, kind)
        tried = {first: trial}
        smallest = first
        try:
            if trial.why:
                smallest = self._simplest(tried, first, kind)
        finally:
            if smallest != first:
                self._record(tried[smallest])
            self._record(trial)
        if not trial.why:
            return
        simplest = kind.describe(smallest)
        self._recorder.title = f"By chance: {simplest}"
        why = f"where {simplest}:\n{tried[smallest].why}"
        if smallest != first:
            why += f"\n(drawn first, and simplified in {len(tried) - 1} tries: {told})"
        raise ScenarioFailed(why)

    def _simplest(self, tried: dict[_Drawn, Trial], first: _Drawn, kind: Kind[_Drawn]) -> _Drawn:
        until = time.monotonic() + SECONDS * self._workplace.timeout_scale

        def fails(candidate: _Drawn) -> bool:
            if time.monotonic() > until:
                return False
            tried[candidate] = self._try(candidate, kind)
            return bool(tried[candidate].failed & tried[first].failed)

        return shrink(first, kind.simpler, fails, TRIES)

    def binds(self, clause: str) -> bool:
        """Whether an executor that breaks this clause fails here."""
        return self._workplace.binds(clause)

    def _try(self, drawn: _Drawn, kind: Kind[_Drawn]) -> Trial:
        name, filesystem = kind.guest(drawn)
        lines: list[Line] = []
        layout = LAYOUTS[name](filesystem)
        case = Case(self._workplace, self._recorder.scenario, layout, filesystem, lines.append)
        why = ""
        try:
            kind.act(case, drawn)
            case.conclude()
        except ScenarioFailed as failure:
            why = str(failure)
        finally:
            if self._keep and case.failed and self._recorder.kept is None:
                self._recorder.kept = case.keep(KEEP_SECONDS)
            case.close()
        told = kind.describe(drawn)
        bad = [line for line in lines if isinstance(line, CheckLine) and is_bad(line.status)]
        failed = frozenset(line.clause for line in bad)
        return Trial(tuple(_told(line, told) for line in lines), failed, why)

    def _record(self, trial: Trial) -> None:
        for line in trial.lines:
            self._recorder.add(line)


def _told(line: Line, told: str) -> Line:
    """A check says in which circumstances it was made."""
    if isinstance(line, CheckLine):
        return replace(line, expected=f"{line.expected}, where {told}")
    return line
