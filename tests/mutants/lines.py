"""Which scenario executes which lines of the executor: a traced one tells while the suite runs it.

The traced executor is the reference itself with a few lines before its start. They tell each line
when it is first executed, at once, into a file on the guest's tmpfs: the processes of a run are
killed, and what is frozen takes no write.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import median

from harness.executor.package import pack, sources
from tests.mutants.mutations import (
    EXECUTOR,
    ROOT,
    Mutation,
    Scope,
    modules,
    mutations,
    read,
    scope_at,
    scopes,
)
from tests.mutants.outcomes import STATE

#: So many times the usual is long.
_LONG = 4.0

#: Where the traced executor tells its lines, in the guest.
TOLD = "/run/snapcert/lines"

_PRELUDE = f"""\
import fcntl, os, sys
_told = os.open({TOLD!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_out = fcntl.fcntl(_told, fcntl.F_DUPFD_CLOEXEC, 500)
os.close(_told)
_seen = set()
def _local(frame, event, _):
    if event == "line":
        key = (frame.f_code.co_filename, frame.f_lineno)
        if key not in _seen:
            _seen.add(key)
            os.write(_out, ("%s:%d\\n" % (key[0].rpartition("harness/")[2], key[1])).encode())
    return _local
def _called(frame, event, _):
    return _local if "harness/executor/" in frame.f_code.co_filename else None
sys.settrace(_called)
"""


@dataclass(frozen=True)
class Course:
    """What one scenario does in the executor: the lines of each module, and how long it takes."""

    scenario: str
    seconds: float
    lines: Mapping[str, frozenset[int]]

    @property
    def size(self) -> int:
        """How many lines it executes: the fewer, the nearer it is to each of them."""
        return sum(map(len, self.lines.values()))


def traced_executor() -> bytes:
    """The reference executor that tells its lines."""
    files = sources()
    files["__main__.py"] = _PRELUDE.encode() + files["__main__.py"]
    return pack(files)


def course_of(scenario: str, seconds: float, told: bytes) -> Course:
    """What the file in the guest says."""
    lines: dict[str, set[int]] = {}
    for word in told.decode("ascii").split():
        module, _, number = word.rpartition(":")
        lines.setdefault(module, set()).add(int(number))
    return Course(scenario, seconds, {name: frozenset(found) for name, found in lines.items()})


def executing(mutation: Mutation, courses: Iterable[Course]) -> list[Course]:
    """The scenarios that execute the mutated line, in no order."""
    wanted = _wanted(mutation.module, mutation.line)
    return [course for course in courses if _executes(course.lines, wanted)]


def near(mutation: Mutation, courses: Iterable[Course]) -> list[Course]:
    """The scenarios of `executing` in the order in which they are to be tried.

    The quickest one first, because most mutants fall at once. Then each time the one that is most
    unlike those before it, in its guest, its module and its way through the mutated one, and that
    sees most of the mutant's scope. Those that take long come last.
    """
    found = sorted(executing(mutation, courses), key=lambda course: (course.seconds, course.size))
    if not found:
        return []
    scope = next(s for s in scopes(read(mutation.module)) if s.name == mutation.scope)
    long = _LONG * median(course.seconds for course in found)
    whole = frozenset(range(scope.first, scope.last + 1))
    order, left = (
        [found[0]],
        [_Candidate.of(course, mutation.module, whole) for course in found[1:]],
    )
    tried = {*_Candidate.of(found[0], mutation.module, whole).traits}
    while left:
        best = max(
            left, key=lambda c: (c.course.seconds <= long, c.worth(tried), -c.course.seconds)
        )
        left.remove(best)
        tried |= best.traits
        order.append(best.course)
    return order


@dataclass(frozen=True)
class _Candidate:
    """A scenario that may be tried next: what it is like, and how much of the scope it sees."""

    course: Course
    traits: frozenset[object]
    seen: float

    @classmethod
    def of(cls, course: Course, module: str, scope: frozenset[int]) -> _Candidate:
        way = course.lines.get(module, frozenset())
        file, _, name = course.scenario.partition("::")
        guest = name.partition("[")[2].partition("-ext4")[0]
        traits = frozenset({("file", file), ("guest", guest), ("way", way)})
        return cls(course, traits, len(way & scope) / len(scope))

    def worth(self, tried: set[object]) -> float:
        """How unlike it is to what was tried; of two alike the one that sees more."""
        return len(self.traits - tried) + self.seen


def covered_mutations(courses: Iterable[Course]) -> list[Mutation]:
    """The mutants of the executor that some scenario executes."""
    union: dict[str, frozenset[int]] = {}
    for course in courses:
        for module, lines in course.lines.items():
            union[module] = union.get(module, frozenset()) | lines
    return [
        mutation
        for mutation in mutations(EXECUTOR)
        if _executes(union, _wanted(mutation.module, mutation.line))
    ]


def _executes(lines: Mapping[str, frozenset[int]], wanted: Mapping[str, frozenset[int]]) -> bool:
    return any(mine & lines.get(module, frozenset()) for module, mine in wanted.items())


@cache
def _wanted(module: str, line: int) -> Mapping[str, frozenset[int]]:
    """The lines of which one must be executed for the mutant to matter, by module.

    Those of the mutated statement; where that only defines something, which every start of the
    executor does, those that use what it defines.
    """
    statement = _statements(module)[line]
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        inner = statement.body[0].lineno
        return {module: frozenset(range(inner, (statement.end_lineno or inner) + 1))}
    targets: list[ast.expr] = []
    if statement in _tree(module).body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    if not names:
        return {module: _lines_of(statement)}
    return {
        other: frozenset().union(*(_uses(other).get(name, frozenset()) for name in names))
        for other in modules(EXECUTOR)
    }


@cache
def _uses(module: str) -> Mapping[str, frozenset[int]]:
    """The lines of the statements that read each name."""
    found: dict[str, frozenset[int]] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            lines = _lines_of(_statements(module)[node.lineno])
            found[node.id] = found.get(node.id, frozenset()) | lines
    return found


@cache
def _statements(module: str) -> Mapping[int, ast.stmt]:
    """The innermost statement at each line."""
    found = [node for node in ast.walk(_tree(module)) if isinstance(node, ast.stmt)]
    found.sort(key=lambda node: _first(node) - (node.end_lineno or 0))
    return {
        line: node for node in found for line in range(_first(node), (node.end_lineno or 0) + 1)
    }


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _lines_of(statement: ast.stmt) -> frozenset[int]:
    """Its own lines: of a compound statement those of its head."""
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return frozenset(range(statement.lineno, max(end, statement.lineno) + 1))


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(read(module))


# -- kept between runs


class Courses:
    """The courses of the traced runs so far, of the scenarios as they are now."""

    def __init__(self) -> None:
        self._path = STATE / "lines.jsonl"
        self._known: dict[str, Course] = {}
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []
        for entry in map(json.loads, lines):
            name = entry["scenario"]
            if entry["module"] == _digest(name.partition("::")[0]):
                self._known[name] = Course(name, entry["seconds"], found_again(entry["scopes"]))

    def __contains__(self, scenario: str) -> bool:
        return scenario in self._known

    def __iter__(self) -> Iterator[Course]:
        return iter(self._known.values())

    def add(self, course: Course) -> None:
        """One more; one write, because the shards of a run append to the same file."""
        self._known[course.scenario] = course
        entry = {
            "scenario": course.scenario,
            "module": _digest(course.scenario.partition("::")[0]),
            "seconds": round(course.seconds, 3),
            "scopes": by_scope(course.lines),
        }
        STATE.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(entry).encode() + b"\n")


#: By "module:scope": the digest of its text, and lines counted from its first one.
_Offsets = Mapping[str, tuple[str, list[int]]]


def by_scope(lines: Mapping[str, frozenset[int]]) -> dict[str, tuple[str, list[int]]]:
    """Lines by the scope that they stand in, so that they are found again after an edit."""
    found: dict[str, tuple[str, list[int]]] = {}
    for module, numbers in lines.items():
        for place in _places(read(module)).values():
            mine = sorted(numbers & place.lines)
            if mine:
                offsets = [number - place.scope.first for number in mine]
                found[f"{module}:{place.scope.name}"] = (place.digest, offsets)
    return found


def found_again(offsets: _Offsets) -> dict[str, frozenset[int]]:
    """The lines of `by_scope` in the code as it is now.

    Of a function that has changed since, and of what stands outside of functions, which every start
    executes: all lines.
    """
    lines: dict[str, set[int]] = {}
    there = {module: _places(read(module)) for module in modules(EXECUTOR)}
    for key, (digest, numbers) in offsets.items():
        module, _, name = key.partition(":")
        place = there.get(module, {}).get(name)
        if place is not None:
            same = place.scope.function and digest == place.digest
            here = {place.scope.first + number for number in numbers} if same else place.lines
            lines.setdefault(module, set()).update(here)
    return {module: frozenset(numbers) for module, numbers in lines.items()}


@dataclass(frozen=True)
class _Place:
    """A scope, the digest of its text, and the lines of which it is the innermost scope."""

    scope: Scope
    digest: str
    lines: frozenset[int]


@cache
def _places(source: str) -> Mapping[str, _Place]:
    text, areas = source.splitlines(), scopes(source)
    lines: dict[str, set[int]] = {}
    for number in range(1, len(text) + 1):
        lines.setdefault(scope_at(number, areas).name, set()).add(number)
    return {
        scope.name: _Place(
            scope,
            hashlib.sha256("\n".join(text[scope.first - 1 : scope.last]).encode()).hexdigest()[:12],
            frozenset(lines.get(scope.name, ())),
        )
        for scope in areas
    }


@cache
def _digest(file: str) -> str:
    path = ROOT / file
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "gone"
