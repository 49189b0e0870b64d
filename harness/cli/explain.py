"""`snapcert explain`: what an error name, a rule or a clause means."""

from __future__ import annotations

import click

from harness.contract import explain as contract
from harness.problem import UsageProblem


@click.command(short_help="Say what an error, a rule or a clause means.")
@click.argument("name")
def explain(name: str) -> None:
    """Say what NAME means: an error (Pre-ScriptTimeout), a rule (FBK-03) or a clause of one."""
    text = contract.explain(name)
    if text is None:
        near = contract.near(name)
        hint = f"did you mean {', '.join(near)}?" if near else "give an error name or a rule id"
        raise UsageProblem(f"nothing is called {name!r}", hint)
    click.echo(text)
