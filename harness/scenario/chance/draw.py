"""Drawing circumstances from a seed, and looking for simpler ones that fail the same way.

Each field is plain more often than not, so that a situation has a few ingredients and a person can
read it; `settled` takes back what could not take effect beside the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from harness.history import Filesystem
from harness.scenario.chance import ingredients as tables
from harness.scenario.chance.circumstances import (
    PLAIN_PLACE,
    SUCCEEDS,
    Behaviour,
    Circumstances,
    FileFault,
    ingredients,
    rests_on,
    without,
)
from harness.scenario.chance.course import changed, meddled, refusal_of
from harness.targets.situation import SnapshotAnswer

Binds = Callable[[str], bool]

_Value = TypeVar("_Value")


def draw(random: Random, binds: Binds, filesystems: Sequence[Filesystem]) -> Circumstances:
    """One situation; its ingredients rest only on clauses for which `binds` is true."""
    one = _Chooser(random, binds)
    answers: tuple[SnapshotAnswer, ...] = ("fail", "fail", "hang")
    met = Circumstances(
        place=one.of(0.5, tables.PLACES) or PLAIN_PLACE,
        configured=not one.happens(0.05),
        plugin_host=one.of(0.06, tables.PLUGIN_HOSTS),
        config_file=one.fault(0.04, tables.CONFIG_FAULTS, tables.config_mode, 0o600, 0o777),
        content=one.of(0.12, tables.CONTENTS),
        go_on=one.setting("go_on", 0.5),
        fsfreeze=one.setting("fsfreeze", 0.3),
        pre_file=one.fault(0.04, tables.SCRIPT_FAULTS, tables.script_mode, 0o700, 0o7777),
        post_file=one.fault(0.04, tables.SCRIPT_FAULTS, tables.script_mode, 0o700, 0o7777),
        open_folder=one.happens(0.02) and one.allows(tables.OPEN_FOLDER),
        pre=one.of(0.5, tables.BEHAVIOURS) or SUCCEEDS,
        pre_retries=one.among((0, 0, 1, 2)),
        post=one.of(0.5, tables.BEHAVIOURS) or SUCCEEDS,
        post_retries=one.among((0, 0, 1, 2)),
        parameters=one.parameters(0.25),
        change=one.of(0.12, tables.CHANGES),
        meddling=one.of(0.2, tables.MEDDLINGS),
        snapshot=one.of(0.2, answers) or "take",
        filesystem=one.among(filesystems),
    )
    return settled(met)


def settled(met: Circumstances) -> Circumstances:
    """Without what could not take effect beside the rest, or would take too long to see."""
    if refusal_of(met) is not None:
        # Nothing runs: what the scripts would do is not seen.
        met = replace(
            met, pre=SUCCEEDS, pre_retries=0, post=SUCCEEDS, post_retries=0, parameters=()
        )
    if met.pre.late and met.post.late:
        met = replace(met, post=SUCCEEDS)
    if met.pre.late or met.post.late:
        # The budget is short then, and an executor may poll for the end of each attempt.
        met = replace(met, pre_retries=0, post_retries=0)
    if met.change is not None and not changed(met):
        met = replace(met, change=None)
    if met.change is not None and (met.post != SUCCEEDS or met.post_retries):
        met = replace(met, post=SUCCEEDS, post_retries=0)
    if met.meddling is not None and not _meddles(met):
        met = replace(met, meddling=None)
    return met


def _meddles(met: Circumstances) -> bool:
    """The disk is frozen by somebody who thaws it as the post-script starts: that one must run."""
    verb = met.meddling.verb if met.meddling else ""
    if verb == "freeze":
        return meddled(met, "freeze") and met.post.runs and met.change is None
    return meddled(met, "thaw") and met.fsfreeze is not False and met.snapshot == "take"


def simpler(met: Circumstances) -> Iterator[Circumstances]:
    """Each situation with one ingredient less, or a less special one in its place."""
    for name in ingredients(met):
        yield settled(without(met, name))
    if met.pre_retries > 1:
        yield settled(replace(met, pre_retries=1))
    if met.post_retries > 1:
        yield settled(replace(met, post_retries=1))
    if _special(met.pre):
        yield settled(replace(met, pre=tables.FAILS))
    if _special(met.post):
        yield settled(replace(met, post=tables.FAILS))


def _special(does: Behaviour) -> bool:
    """It fails, in another way than by its exit status 1."""
    return does.succeeds_at != 1 and not does.late and does != tables.FAILS


def shrink(
    first: _Value,
    simpler_than: Callable[[_Value], Iterable[_Value]],
    fails: Callable[[_Value], bool],
    tries: int,
) -> _Value:
    """The simplest value found that fails as `first` does, with at most `tries` questions.

    No value is asked about twice.
    """
    smallest, asked = first, [first]
    searching = True
    while searching:
        searching = False
        for candidate in simpler_than(smallest):
            if candidate in asked:
                continue
            if len(asked) > tries:
                return smallest
            asked.append(candidate)
            if fails(candidate):
                smallest, searching = candidate, True
                break
    return smallest


class _Chooser:
    """Chance, and what may be chosen."""

    def __init__(self, random: Random, binds: Binds) -> None:
        self._random = random
        self._binds = binds

    def happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def allows(self, clauses: Iterable[str]) -> bool:
        return all(self._binds(clause) for clause in clauses)

    def among(self, values: Sequence[_Value]) -> _Value:
        return values[self._random.randrange(len(values))]

    def of(self, probability: float, values: Sequence[_Value]) -> _Value | None:
        """One of those that may be drawn, with this probability."""
        # Both are drawn always: a table that grows moves what comes after it as little as it can.
        happens, place = self.happens(probability), self._random.random()
        allowed = [value for value in values if self.allows(rests_on(value))]
        return allowed[int(place * len(allowed))] if happens and allowed else None

    def setting(self, name: str, probability: float) -> bool | None:
        if self.happens(probability):
            return False
        return None if self.happens(0.1) and self.allows((tables.LEFT_OUT[name],)) else True

    def fault(
        self,
        probability: float,
        values: Sequence[FileFault],
        of_mode: Callable[[int], FileFault],
        good: int,
        most: int,
    ) -> FileFault | None:
        """A fault of the table, or as often any mode up to `most` but the good one."""
        mode = self._random.randrange(most)
        drawn = of_mode(most if mode == good else mode)
        return self.of(probability, (*values, *[drawn] * len(values)))

    def parameters(self, probability: float) -> tuple[str, ...]:
        happens, chosen = self.happens(probability), self.among(tuple(tables.PARAMETERS))
        return chosen if happens and self.allows(tables.PARAMETERS[chosen]) else ()
