"""The file of known deviations that a run was given, held against what there is to deviate from."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

from harness.certify.clauses import CLAUSES
from harness.contract.clauses import CATALOGUE, RULES
from harness.problem import UsageProblem
from harness.results.deviations import of_kit, parse, subject
from harness.results.record import Deviation
from harness.scenario.suite import suite_root

_REF = "known-deviations"


def known_deviations(path: Path | None, kit: str) -> tuple[Deviation, ...]:
    """Those of a file that speak of this run: of the kit ("" for a conformance run), or of any.

    None where there is no file. Raises UsageProblem for what is wrong with it, expired entries
    included.
    """
    return of_kit(_read(path), kit) if path is not None else ()


def require_kits(path: Path | None, kits: Collection[str]) -> None:
    """Raise UsageProblem where an entry is of a kit that is none of these: it would never speak."""
    for entry in _read(path) if path is not None else ():
        if entry.kit and entry.kit not in kits:
            raise UsageProblem(
                f"{path}: {subject(entry)}: no such kit is gated, and no baseline is of it",
                f"name one of {', '.join(sorted(kits))}, or remove the entry",
                _REF,
            )


def _read(path: Path) -> tuple[Deviation, ...]:
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageProblem(
            f"{path} can't be read: {why}", "give the path of a TOML file", _REF
        ) from None
    known = {*CATALOGUE, *RULES, *CLAUSES, *(clause.split(".", 1)[0] for clause in CLAUSES)}
    today = dt.datetime.now(dt.UTC).date()
    entries = parse(text, str(path), today, known)
    _require_scenarios(str(path), [entry for entry in entries if entry.scenario])
    return entries


def _require_scenarios(name: str, entries: Sequence[Deviation]) -> None:
    """Raise UsageProblem where one is about a scenario that the suite has not, at any level.

    The brackets of an instance depend on what a run is asked for: `deviations.stale` sees to them.
    """
    known = _scenarios() if entries else ()
    for entry in entries:
        scenario = entry.scenario.partition("[")[0]
        if scenario not in known:
            near = get_close_matches(scenario, known, 1, 0.8)
            hint = f"did you mean {near[0]}?" if near else "a record's lines and reports show ids"
            raise UsageProblem(f"{name} names {entry.scenario!r}, which there is not", hint, _REF)


def _scenarios() -> tuple[str, ...]:
    """The ids of all scenarios without their brackets, read off their modules' text."""
    root = suite_root()
    return tuple(
        f"{path.relative_to(root)}::{node.name}"
        for path in sorted((root / "scenarios").rglob("test_*.py"))
        for node in ast.parse(path.read_bytes()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
