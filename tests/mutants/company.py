"""Survivors in company: several mutants in one executor, before all scenarios that execute them.

A mutant that passed the nearest scenarios seldom fails another one. So that the rest can be asked
at all, some mutants share an executor. Where a scenario fails it, each of them meets that scenario
alone, and what fails alone is killed; what passes everything has survived every scenario there is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from harness.executor.package import pack, sources
from tests.mutants.executor import Scenarios
from tests.mutants.lines import Course, executing
from tests.mutants.mutations import Mutation, quiet, read
from tests.mutants.outcomes import KILLED, Outcome

#: Lines first to last of the original (half open), and what stands there in the mutant.
_Change = tuple[int, int, list[str]]


@cache
def change_of(mutation: Mutation) -> _Change:
    """The one stretch of lines in which a mutant differs."""
    before, after = read(mutation.module).splitlines(), mutation.source().splitlines()
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    parts = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    first, last = parts[0][1], parts[-1][2]
    return first, last, after[parts[0][3] : parts[-1][4]]


def companies(chosen: Sequence[Mutation], size: int) -> list[list[Mutation]]:
    """Groups of at most `size` that differ in different lines, neighbours apart."""
    count = -(-len(chosen) // size)
    groups: list[list[Mutation]] = [[] for _ in range(count)]
    for number, mutation in enumerate(chosen):
        turn = [groups[(number + step) % len(groups)] for step in range(len(groups))]
        group = next((g for g in turn if len(g) < size and _fits(mutation, g)), None)
        if group is None:
            groups.append([mutation])
        else:
            group.append(mutation)
    return [group for group in groups if group]


def _fits(mutation: Mutation, group: Sequence[Mutation]) -> bool:
    first, last, _ = change_of(mutation)
    others = [change_of(other) for other in group if other.module == mutation.module]
    return all(last < start or end < first for start, end, _ in others)


def together(group: Sequence[Mutation]) -> bytes:
    """The executor with all of these changes."""
    files = sources()
    for module in {mutation.module for mutation in group}:
        lines = read(module).splitlines()
        changes = sorted((change_of(m) for m in group if m.module == module), reverse=True)
        for first, last, instead in changes:
            lines[first:last] = instead
        files[f"harness/{module}"] = ("\n".join(lines) + "\n").encode()
    with quiet():
        return pack(files)


def judge_together(
    scenarios: Scenarios, courses: Sequence[Course], known: Sequence[tuple[Mutation, Outcome]]
) -> Iterator[Outcome]:
    """What becomes of a group of survivors before all that executes them."""
    alive = {mutation.id: (mutation, outcome) for mutation, outcome in known}
    due = {m.id: {course.scenario for course in executing(m, courses)} for m, _ in known}
    order = sorted(courses, key=lambda course: course.scenario)
    for course, coming in zip(order, [*order[1:], None], strict=True):
        here = [m for m, _ in alive.values() if course.scenario in due[m.id]]
        following = coming.scenario if coming is not None else None
        if not here or scenarios.noticed(course, together(here), following) is None:
            continue
        for mutation in here:
            failed = scenarios.noticed(course, together([mutation]))
            if failed is not None:
                _, outcome = alive.pop(mutation.id)
                how = failed.clause or f"no verdict: {failed.broken}"
                count = len(due[mutation.id])
                yield replace(
                    outcome, status=KILLED, by=course.scenario, how=how, tried=count, near=count
                )
    for mutation, outcome in alive.values():
        count = len(due[mutation.id])
        yield replace(outcome, tried=count, near=count)
