"""The defects by area of the contract; each module has DEFECTS."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from tests.mutants.defect import Defect, KitDefect


def all_defects() -> dict[str, Defect | KitDefect]:
    """Every defect by its name; a ValueError names one that stands twice."""
    found: dict[str, Defect | KitDefect] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])):
        for defect in importlib.import_module(f"{__name__}.{module}").DEFECTS:
            if defect.name in found:
                raise ValueError(f"two defects are named {defect.name}")
            found[defect.name] = defect
    return found
