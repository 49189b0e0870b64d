"""The architecture as a test: who may import whom (ARCHITECTURE.md's table, top to bottom)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "harness"

#: A room may import rooms below it only.
ROOMS = (
    "cli",
    "pytest_plugin",
    "scenario",
    "certify",
    "results",
    "oracles",
    "targets",
    "machines",
    "executor",
    "serialize",
    "history",
    "contract",
    "problem",
)

#: Rooms that may import fewer of those below: they run inside guests, or stay pure.
ONLY = {
    "contract": set(),
    "executor": {"contract"},
    "machines.agent": set(),
    "history": {"contract"},
    "oracles": {"contract", "history"},
    "results": {"contract", "history", "problem", "serialize"},
    "targets": {"machines", "executor", "history", "contract", "problem"},
    "certify": {"results", "oracles", "targets", "machines", "history", "contract", "problem"},
    "machines": {"history", "problem"},
    "problem": set(),
}

#: Rooms that ship into guests: standard library only.
IN_GUESTS = ("contract", "executor", "machines/agent", "targets/inside")

MODULES = sorted(HARNESS.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    """ "machines.agent" of ("machines", "agent", "wire"), "history" of ("history",)."""
    if parts[:2] == ("machines", "agent"):
        return "machines.agent"
    return parts[0] if parts else ""


def imports_of(path: Path) -> list[tuple[str, ...]]:
    """Every module that a file imports, absolute, as parts; `()` for the package itself."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = base + tuple((node.module or "").split("."))
            found.append(tuple(part for part in module if part))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HARNESS)))
def test_imports_go_down(path: Path) -> None:
    """No module imports from a room above its own, or one that its room does without."""
    mine = room_of(path.relative_to(HARNESS).with_suffix("").parts)
    if mine in ("__init__", "_suite"):
        return
    rank = ROOMS.index(mine.split(".", maxsplit=1)[0])
    for parts in imports_of(path):
        if parts[0] != "harness" or len(parts) == 1:
            continue
        theirs = room_of(parts[1:])
        if theirs == mine:
            continue
        top = theirs.split(".", maxsplit=1)[0]
        assert ROOMS.index(top) >= rank, f"{mine} imports {'.'.join(parts)}, which is above it"
        if mine in ONLY and top != mine.split(".", maxsplit=1)[0]:
            assert top in ONLY[mine], f"{mine} imports {'.'.join(parts)}"
        assert mine != "machines.agent", f"the agent imports {'.'.join(parts)}"


@pytest.mark.parametrize("room", IN_GUESTS)
def test_what_ships_into_guests_needs_nothing(room: str) -> None:
    """Contract, executor and agent import the standard library and their own package only."""
    import sys

    for path in sorted((HARNESS / room).rglob("*.py")):
        for parts in imports_of(path):
            assert parts[0] == "harness" or parts[0] in sys.stdlib_module_names, (
                f"{path.relative_to(ROOT)} imports {'.'.join(parts)}"
            )


@pytest.mark.parametrize("room", IN_GUESTS)
def test_what_ships_into_guests_is_python_3_9(room: str) -> None:
    """Older guests have Python 3.9: no newer syntax, and nothing newer at run time by accident."""
    for path in sorted((HARNESS / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        ast.parse(text, filename=str(path), feature_version=(3, 9))
        assert "from __future__ import annotations" in text or "->" not in text, path


def test_modules_stay_small() -> None:
    """One idea a module: none is longer than 500 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long
