"""One entry to all oracles: a history in, findings out."""

from __future__ import annotations

from harness.history import Expected, Finding, History
from harness.oracles import (
    application,
    contract,
    filesystem,
    freezing,
    log,
    ordering,
    plugged,
    refusal,
    residue,
    scripts,
    snapshots,
    thawing,
)
from harness.oracles.application import Enough
from harness.oracles.terms import Terms


def judge(
    history: History,
    expected: Expected | None = None,
    terms: Terms | None = None,
    enough: Enough | None = None,
) -> tuple[Finding, ...]:
    """All findings about one run, in the order claim, refusal, scripts, order, freeze, set,
    application, residue, log.

    `expected` is None where the scenario expects no verdict (the executor was killed). Pure: a
    stored history gives the same findings again.
    """
    terms = terms or Terms()
    return (
        *plugged.findings(history, terms),
        *contract.findings(history, expected, terms, enough),
        *refusal.findings(history, terms),
        *scripts.findings(history, terms),
        *ordering.findings(history, terms),
        *freezing.findings(history, terms),
        *snapshots.findings(history, terms),
        *thawing.findings(history, terms),
        *filesystem.findings(history, terms),
        *application.findings(history, enough),
        *residue.findings(history, terms),
        *log.findings(history),
    )


def failures(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings that do not hold, the most harmful first."""
    return tuple(sorted((f for f in findings if not f.holds), key=lambda f: -f.harm))
