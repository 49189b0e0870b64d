"""`snapcert explain`: what an error name, a rule, a clause or a finding means."""

from __future__ import annotations

from difflib import get_close_matches

import click

from harness.certify import explain as of_kits
from harness.contract import explain as of_executors
from harness.problem import UsageProblem

_SUGGESTED = 3


@click.command(short_help="Say what an error, a rule, a clause or a finding means.")
@click.argument("name")
def explain(name: str) -> None:
    """Say what NAME means: an error (Pre-ScriptTimeout), a rule (FBK-03, KIT-1), a clause of one
    (KIT-1.path), or a finding of level 1 (lint.crlf).
    """
    text = of_executors.explain(name) or of_kits.explain(name)
    if text is None:
        near = ", ".join(_near(name))
        hint = f"did you mean {near}?" if near else "give an error name or a rule's id"
        raise UsageProblem(f"nothing is called {name!r}", hint)
    click.echo(text)


def _near(name: str) -> list[str]:
    """Names that may be meant, the nearest first."""
    wanted = name.strip().casefold()
    own = get_close_matches(wanted, [each.casefold() for each in of_kits.NAMES], _SUGGESTED)
    known = {each.casefold(): each for each in (*of_kits.NAMES, *of_executors.suggest(name))}
    found = [*own, *(each.casefold() for each in of_executors.suggest(name))]
    return [known[each] for each in get_close_matches(wanted, found, _SUGGESTED, 0.0)]
