"""`snapcert history`: many records over time, as a table and a picture."""

from __future__ import annotations

from pathlib import Path

import click

from harness.problem import UsageProblem
from harness.results.chronicle import chapters, lines
from harness.results.chronicle_page import render
from harness.results.gather import records


@click.command(short_help="Show many records over time.")
@click.argument("folder")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="The page. Default: history.html in FOLDER.")  # fmt: skip
def history(folder: str, out: Path | None) -> None:
    """Show every results.jsonl below FOLDER in the order of time, as a table and as a page.

    The page is one file with a picture: which scenarios failed when, and how long pauses and
    freezes were.
    """
    told = chapters(records(folder))
    page = out or Path(folder.split(",", maxsplit=1)[0]) / "history.html"
    try:
        page.write_text(render(told), encoding="utf-8")
    except OSError as error:
        raise UsageProblem(
            f"the page can't be written to {page}: {error.strerror}", "name another with --out"
        ) from error
    for chapter in told:
        for line in lines(chapter):
            click.echo(line)
    click.echo(f"picture: {page}")
