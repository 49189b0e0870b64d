"""`snapcert explain`: what an error name, a rule or a clause means."""

from __future__ import annotations

import click

from harness.contract.explain import explain as text_of
from harness.contract.explain import suggest
from harness.problem import UsageProblem


@click.command(short_help="Say what an error, a rule or a clause means.")
@click.argument("name")
def explain(name: str) -> None:
    """Say what NAME means: an error (Pre-ScriptTimeout), a rule (FBK-03) or a clause of one."""
    text = text_of(name)
    if text is None:
        near = ", ".join(suggest(name))
        hint = f"did you mean {near}?" if near else "give an error name or a rule's id"
        raise UsageProblem(f"nothing is called {name!r}", hint)
    click.echo(text)
