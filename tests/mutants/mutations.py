"""Which mutants of the contract and of the executor there are, each with an id that stays.

The mutation tool's operators find the places and make the changes; here each change gets a name.
An id depends on what stands there (module, scope, operator, line, which of several alike), so that
an edit elsewhere moves no mutant. A scope is a function, a method, or what is left of a class or
of a module without those; its digest tells whether a result still speaks of this code.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "harness"
#: The two rooms that are mutated: one by its unit tests, one by the scenarios.
CONTRACT, EXECUTOR = "contract", "executor"

#: Left out: two operators that want names to insert (they replace operands at random), and those
#: that make an identity of an equality, which is CPython's own affair (whether equal constants are
#: one object) and no change that a program could rely on.
_LEFT_OUT = (
    "VariableInserter",
    "VariableReplacer",
    "ReplaceComparisonOperator_Eq_Is",
    "ReplaceComparisonOperator_NotEq_IsNot",
)

#: Runs on the test machine, not in guests: no scenario can execute it.
_PACKS = "executor/package.py"


@dataclass(frozen=True)
class Mutation:
    """One change: the `occurrence`-th place of `operator` in `module`, below harness/."""

    id: str
    module: str
    scope: str
    operator: str
    occurrence: int
    line: int

    def source(self) -> str:
        """The whole module with this change; as it is where the tool can't make it."""
        operator = OperatorProvider()[self.operator]()
        try:
            changed = mutate_code(read(self.module), operator, self.occurrence)
        except AttributeError:
            # Its operator of handlers trips over a dotted name (`except configparser.Error`).
            return read(self.module)
        if changed is None:
            raise LookupError(f"{self.id}: {self.module} has no such place any more")
        return str(changed)


@dataclass(frozen=True)
class Scope:
    """A stretch of lines of a module, from `first` to `last`; `digest` names what stands there.

    Not a `function`, it is executed by whatever imports the module.
    """

    name: str
    first: int
    last: int
    digest: str
    function: bool


def read(module: str) -> str:
    """The source of a module, given as "contract/verdict.py"."""
    return (HARNESS / module).read_text(encoding="utf-8")


def modules(room: str) -> tuple[str, ...]:
    """The modules of a room that are mutated."""
    found = (p.relative_to(HARNESS).as_posix() for p in sorted((HARNESS / room).rglob("*.py")))
    return tuple(module for module in found if module != _PACKS)


def mutations(room: str) -> list[Mutation]:
    """Every mutant of a room, in the order of its modules and lines."""
    return [m for module in modules(room) for m in mutations_of(module, read(module))]


@cache
def mutations_of(module: str, source: str) -> tuple[Mutation, ...]:
    """Every mutant of a module with this source."""
    lines = source.splitlines()
    provider = OperatorProvider()
    nodes = list(ast_nodes(get_ast(source)))
    areas = scopes(source)
    alike: Counter[tuple[str, str, str]] = Counter()
    found = []
    for name in provider:
        if name in _LEFT_OUT:
            continue
        operator = provider[name]()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(places):
            scope = scope_at(line, areas).name
            text = lines[line - 1].strip()
            likeness = (scope, name, text)
            identity = _digest(module, *likeness, str(alike[likeness]))
            alike[likeness] += 1
            label = f"{module.removesuffix('.py')}:{identity}"
            found.append(Mutation(label, module, scope, name, occurrence, line))
    return tuple(sorted(found, key=lambda mutation: mutation.line))


@cache
def scopes(source: str) -> tuple[Scope, ...]:
    """The functions and methods of a module; then its classes and itself, without those."""
    tree = ast.parse(source)
    functions = [("", node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for owner in classes:
        methods = (node for node in owner.body if isinstance(node, ast.FunctionDef))
        functions += [(f"{owner.name}.", method) for method in methods]
    ranges = [(f"{prefix}{node.name}", *_lines_of(node)) for prefix, node in functions]
    ranges += [(node.name, *_lines_of(node)) for node in classes]
    ranges.append(("", 1, len(source.splitlines())))
    told = _told_lines(source, tree)
    found: list[Scope] = []
    for name, first, last in ranges:
        mine = [told.pop(line) for line in range(first, last + 1) if line in told]
        found.append(Scope(name, first, last, _digest(*mine), len(found) < len(functions)))
    return tuple(found)


def scope_at(line: int, areas: Sequence[Scope]) -> Scope:
    """The innermost scope of `scopes` at a line."""
    return next(area for area in areas if area.first <= line <= area.last)


def digests(room: str) -> dict[str, str]:
    """Of every scope of a room, by "module:scope": comments and docstrings do not count."""
    return {
        f"{module}:{scope.name}": scope.digest
        for module in modules(room)
        for scope in scopes(read(module))
    }


def is_viable(changed: str, original: str) -> bool:
    """Whether a mutated source compiles and says something else than the original."""
    try:
        with quiet():
            tree = ast.parse(changed)
            compile(changed, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return ast.dump(tree) != ast.dump(ast.parse(original))


def quiet() -> warnings.catch_warnings[None]:
    """What Python thinks of a mutant's style (`is` with a literal) is not asked for."""
    return warnings.catch_warnings(action="ignore")


def shown(changed: str, original: str) -> tuple[str, str]:
    """The lines that differ, before and after, for people."""
    before, after = original.splitlines(), changed.splitlines()
    while before and after and before[0] == after[0]:
        del before[0], after[0]
    while before and after and before[-1] == after[-1]:
        del before[-1], after[-1]
    return _joined(before), _joined(after)


def shard(chosen: Sequence[Mutation], part: tuple[int, int]) -> list[Mutation]:
    """The share of shard `part` = (I, N), I from 1: every N-th, so that shares are alike."""
    number, count = part
    return list(chosen[number - 1 :: count])


def sample(chosen: Sequence[Mutation], size: int, seed: int) -> list[Mutation]:
    """`size` mutants by lot. The lot of each depends on its id and the seed alone, so that an edit
    changes little of what is drawn."""
    drawn = sorted(chosen, key=lambda mutation: _digest(str(seed), mutation.id))[:size]
    return sorted(drawn, key=lambda mutation: (mutation.module, mutation.line, mutation.id))


def scope_key(mutation: Mutation) -> str:
    """The key of its scope in `digests`."""
    return f"{mutation.module}:{mutation.scope}"


def by_id(chosen: Sequence[Mutation]) -> Mapping[str, Mutation]:
    """The same, to be found by id."""
    return {mutation.id: mutation for mutation in chosen}


def _lines_of(node: ast.FunctionDef | ast.ClassDef) -> tuple[int, int]:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return first, node.end_lineno or first


def _told_lines(source: str, tree: ast.Module) -> dict[int, str]:
    """The lines that are neither blank nor only a comment nor part of a docstring, by number.

    Text, because what `ast` makes of it is not the same in every version of Python.
    """
    told = {
        number: line.rstrip()
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                told.pop(line, None)
    return told


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
