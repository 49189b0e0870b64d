"""The room ships into guests: Python 3.9, the standard library, and nothing else of the project."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_ROOM = _ROOT / "harness" / "contract"
_MODULES = sorted(_ROOM.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(_ROOM).as_posix()


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_python_39_can_read_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    body = [node for node in tree.body if not isinstance(node, ast.Expr)]
    if body:
        first = body[0]
        assert isinstance(first, ast.ImportFrom)
        assert first.module == "__future__"


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_it_imports_the_standard_library_and_itself(path: Path) -> None:
    depth = len(path.relative_to(_ROOM).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert all(a.name.split(".")[0] in sys.stdlib_module_names for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= depth  # no further up than the room itself
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] in sys.stdlib_module_names


def test_python_39_imports_all_of_it() -> None:
    python = shutil.which("python3.9")
    # A version manager may put a python3.9 on PATH that is not set up.
    if python is None or subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL):
        pytest.skip("no python3.9 on PATH: put one there to try the import as a guest would")
    names = [".".join(p.relative_to(_ROOT).with_suffix("").parts) for p in _MODULES]
    done = subprocess.run(
        [python, "-c", "; ".join(f"import {n.removesuffix('.__init__')}" for n in names)],
        cwd=_ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
