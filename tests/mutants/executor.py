"""Mutants of the executor before the scenarios that execute the mutated line, until one notices."""

from __future__ import annotations

from collections.abc import Sequence

from harness.executor.package import pack, sources
from tests.mutants.lines import Course, Courses, course_of, near, traced_executor
from tests.mutants.mutations import Mutation, is_viable, quiet, read, scope_key, shown
from tests.mutants.outcomes import INVALID, KILLED, SURVIVED, Outcome, outcome_of
from tests.mutants.stage import Played, Stage

#: What a backup of a mutant may take: so many times as long as the whole scenario does with the
#: executor itself, and some seconds more, because the machine may be busier now.
_PATIENCE, _MORE = 3.0, 5.0


def trace(stage: Stage, courses: Courses, scenarios: Sequence[str]) -> list[str]:
    """Play these with the traced executor; the ones that it does not pass, which are left out."""
    archive = traced_executor()
    failed = []
    for scenario, following in zip(scenarios, [*scenarios[1:], None], strict=True):
        played = stage.play(scenario, archive, None, following)
        if not played.passed:
            played = stage.play(scenario, archive, None, following)
        if played.passed:
            courses.add(course_of(scenario, played.seconds, played.told))
        else:
            failed.append(f"{scenario}: {played.clause or played.broken}: {played.observed}")
    return failed


class Scenarios:
    """Judges mutants on a stage; at most `most` scenarios each."""

    def __init__(self, stage: Stage, courses: Sequence[Course], most: int) -> None:
        self._stage = stage
        self._courses = courses
        self._most = most

    def judge(self, mutation: Mutation) -> Outcome:
        """What becomes of one mutant."""
        original, changed = read(mutation.module), mutation.source()
        scope, lines = scope_key(mutation), shown(changed, original)
        if not is_viable(changed, original):
            return outcome_of(mutation, scope, lines, INVALID)
        archive = packed(mutation.module, changed)
        courses = near(mutation, self._courses)
        chosen = courses[: self._most]
        for tried, course in enumerate(chosen, 1):
            following = chosen[tried].scenario if tried < len(chosen) else None
            failed = self.noticed(course, archive, following)
            if failed is not None:
                how = failed.clause or f"no verdict: {failed.broken}"
                told = {"by": course.scenario, "how": how, "tried": tried, "near": len(courses)}
                return outcome_of(mutation, scope, lines, KILLED, **told)
        told = {"tried": len(chosen), "near": len(courses)}
        return outcome_of(mutation, scope, lines, SURVIVED, **told)

    def noticed(
        self, course: Course, archive: bytes, following: str | None = None
    ) -> Played | None:
        """The failure of this scenario; None where it passes.

        That the deadline is over proves nothing on a busy machine: it must be so with twice as much
        time as well. And what kept a scenario from a verdict must do so again.
        """
        deadline = _PATIENCE * course.seconds + _MORE
        played = self._stage.play(course.scenario, archive, deadline, following)
        if played.clause.endswith("(hung)"):
            played = self._stage.play(course.scenario, archive, 2 * deadline, following)
        elif played.broken:
            played = self._stage.play(course.scenario, archive, deadline, following)
        return None if played.passed else played


def packed(module: str, source: str) -> bytes:
    """The executor with this source for one of its modules."""
    with quiet():
        return pack({**sources(), f"harness/{module}": source.encode()})
