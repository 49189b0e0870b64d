"""Where the suite's own files are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

import harness
from harness.problem import Problem

_PACKAGE = Path(harness.__file__).resolve().parent


def suite_root() -> Path:
    """The folder that holds `scenarios/` and `fixtures/`."""
    for root in (_PACKAGE / "_suite", _PACKAGE.parent):
        if (root / "scenarios").is_dir() and (root / "fixtures").is_dir():
            return root
    raise Problem(
        f"the suite's scenarios and fixtures are not beside {_PACKAGE}",
        "install snapcert again; the package is not whole",
    )


def fixture(name: str) -> bytes:
    """The content of `fixtures/NAME`, for instance "scripts/succeed.sh"."""
    return (suite_root() / "fixtures" / name).read_bytes()
