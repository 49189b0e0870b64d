"""`snapcert compare`: did anything get worse from one record to another?"""

from __future__ import annotations

import json

import click

from harness.results.compare import compare as compared
from harness.results.gather import records


@click.command(short_help="Say what got worse between two records.")
@click.argument("base")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def compare(base: str, new: str, as_json: bool) -> int:
    """Hold the results NEW against BASE: exit status 0 where nothing is worse, else 1.

    Each is a results.jsonl, a folder with some below it, or several of these joined by commas:
    repeats of one run, which tell what is flaky and what is slower.
    """
    comparison = compared(records(base), records(new))
    if as_json:
        click.echo(json.dumps(comparison.to_data(), indent=1))
    else:
        for line in comparison.lines():
            click.echo(line)
    return comparison.exit_code
