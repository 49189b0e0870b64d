"""Which scenarios are tried for a mutant, and in which order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import lines
from tests.mutants.lines import Course, course_of, covered_mutations, near
from tests.mutants.mutations import EXECUTOR, Mutation, mutations, read, scopes

MODULE = "executor/settings.py"


def mutant_in(scope: str) -> Mutation:
    return next(m for m in mutations(EXECUTOR) if (m.module, m.scope) == (MODULE, scope))


def course(name: str, seconds: float, *numbers: int) -> Course:
    return Course(name, seconds, {MODULE: frozenset(numbers)})


def test_what_a_traced_executor_told() -> None:
    told = course_of("s", 1.5, b"executor/run.py:3\nexecutor/run.py:3\nexecutor/main.py:7\n")
    assert told.lines == {"executor/run.py": frozenset({3}), "executor/main.py": frozenset({7})}
    assert told.size == 2


def test_only_scenarios_that_execute_the_line_are_near() -> None:
    mutant = mutant_in("_bound")
    there, elsewhere = course("there", 1, mutant.line), course("elsewhere", 1, mutant.line + 1000)
    assert near(mutant, [elsewhere, there]) == [there]
    assert mutant in covered_mutations([there])
    assert mutant not in covered_mutations([elsewhere])


def test_the_quickest_comes_first_then_what_is_unlike_it_then_what_takes_long() -> None:
    mutant = mutant_in("_bound")
    scope = next(s for s in scopes(read(MODULE)) if s.name == "_bound")
    whole = range(scope.first, scope.last + 1)
    quickest = course("test_a.py::test_x[data-ext4]", 0.5, mutant.line)
    alike = course("test_a.py::test_y[data-ext4]", 0.7, mutant.line)
    elsewhere = course("test_b.py::test_z[single-disk-ext4]", 0.9, mutant.line)
    telling = course("test_a.py::test_w[data-ext4]", 0.8, *whole)
    long = course("test_c.py::test_v[two-disks-ext4]", 60.0, *whole, scope.last + 1)
    told = near(mutant, [long, alike, telling, elsewhere, quickest])
    assert told == [quickest, elsewhere, telling, alike, long]


def test_of_a_constant_those_are_near_that_use_it() -> None:
    constant = next(
        m for m in mutations(EXECUTOR) if m.module == "executor/tree.py" and m.scope == ""
    )
    assert "GRACE" in read("executor/tree.py").splitlines()[constant.line - 1]
    users = lines._wanted(constant.module, constant.line)
    assert users["executor/tree.py"]
    assert constant.line not in users["executor/tree.py"]
    assert not users[MODULE]


def test_lines_are_found_again_after_an_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "LIMIT = 3\n\n\ndef one():\n    return 1\n\n\ndef two():\n    a = 1\n    return a\n"
    now = {MODULE: source}
    monkeypatch.setattr(lines, "read", lambda module: now[module])
    monkeypatch.setattr(lines, "modules", lambda room: tuple(now))
    told = {MODULE: frozenset({1, 4, 8, 9})}
    kept = lines.by_scope(told)
    outside = {1, 2, 3, 6, 7}
    assert lines.found_again(kept) == {MODULE: {4, 8, 9} | outside}
    # What is the same moves along; of what is not, every line counts as executed.
    now[MODULE] = source.replace("LIMIT = 3", "LIMIT = 3\nMORE = 4")
    assert lines.found_again(kept)[MODULE] >= {5, 9, 10}
    assert not {6, 11} & lines.found_again(kept)[MODULE]
    now[MODULE] = source.replace("a = 1", "a = 2")
    assert lines.found_again(kept)[MODULE] >= {8, 9, 10}
    now[MODULE] = source.partition("def two")[0]
    assert lines.found_again(kept)[MODULE] >= {4}


def test_a_traced_executor_tells_its_lines_and_those_of_its_children(tmp_path: Path) -> None:
    """As the prelude does it, on a program of its own: nothing of the executor is started here."""
    told = tmp_path / "told"
    prelude = lines._PRELUDE.replace(repr(lines.TOLD), repr(str(told)))
    program = """if True:
    import os
    if os.fork() == 0:
        os._exit(0)
    os.wait()
"""
    traced = f"{prelude}\nexec(compile({program!r}, 'harness/executor/x.py', 'exec'))\n"
    subprocess.run([sys.executable, "-c", traced], check=True, timeout=30)
    found = course_of("s", 0.0, told.read_bytes()).lines
    assert found == {"executor/x.py": frozenset({1, 2, 3, 4, 5})}
