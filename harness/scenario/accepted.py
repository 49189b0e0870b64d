"""The file of known deviations that a run was given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harness.certify.clauses import CLAUSES
from harness.contract.clauses import CATALOGUE, RULES
from harness.problem import UsageProblem
from harness.results.deviations import of_kit, parse
from harness.results.record import Deviation


def known_deviations(path: Path | None, kit: str) -> tuple[Deviation, ...]:
    """Those of a file that speak of this run: of the kit ("" for a conformance run), or of any.

    None where there is no file. Raises UsageProblem for what is wrong with it, expired entries
    included.
    """
    if path is None:
        return ()
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageProblem(
            f"{path} can't be read: {why}", "give the path of a TOML file", "known-deviations"
        ) from None
    known = {*CATALOGUE, *RULES, *CLAUSES, *(clause.split(".", 1)[0] for clause in CLAUSES)}
    today = dt.datetime.now(dt.UTC).date()
    return of_kit(parse(text, str(path), today, known), kit)
