"""The contract's own words, by which a reading of a record explains itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.contract.clauses import CATALOGUE
from harness.contract.errors import ERRORS
from harness.results.record import CheckLine, RunLine

#: What each clause asks.
CLAUSE_TEXTS: Mapping[str, str] = {clause.id: clause.text for clause in CATALOGUE.values()}


class ErrorWords(NamedTuple):
    """An error name of an executor, what it means and what to do about it."""

    name: str
    message: str = ""
    action: str = ""


_NAMES = re.compile("|".join(sorted(map(re.escape, ERRORS), key=len, reverse=True)))


def error_words(name: str) -> ErrorWords:
    """The contract's words for a name; a name that it does not know has none."""
    text = ERRORS.get(name)
    return ErrorWords(name, text.message, text.action) if text else ErrorWords(name)


def errors_named(checks: Iterable[CheckLine], runs: Iterable[RunLine] = ()) -> list[ErrorWords]:
    """The contract's errors that stand in these checks, or that these runs reported; each once."""
    found: dict[str, None] = {}
    for check in checks:
        for text in (check.expected, check.observed, check.consequence):
            found |= dict.fromkeys(_NAMES.findall(text))
    for run in runs:
        outcome = run.history.end.outcome
        if outcome is not None:
            found |= dict.fromkeys(name for name in outcome.errors if name in ERRORS)
    return [error_words(name) for name in found]
