"""`snapcert report`: a stored record, or several as one, in the form that somebody reads."""

from __future__ import annotations

from pathlib import Path

import click

from harness.problem import UsageProblem
from harness.results import html
from harness.results.formats import FORMATS
from harness.results.gather import paths
from harness.results.merge import merge, subjects
from harness.results.reader import read, verdict_of
from harness.results.schema import published
from harness.results.texts import CLAUSE_TEXTS


@click.command(short_help="Render a stored record, or merge several.")
@click.argument("results", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="html",
              show_default=True, help="What to write.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write; without it, standard output.")  # fmt: skip
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda context, _, asked: _print_schema(context, asked=asked),
              help="Print the JSON Schema of a results.jsonl's lines.")  # fmt: skip
@click.option("--exit-code", is_flag=True,
              help="End with the verdict's exit code, not with 0.")  # fmt: skip
def report(results: tuple[str, ...], form: str, out: Path | None, exit_code: bool) -> int:
    """Render the record in RESULTS: a results.jsonl, or a folder with one or more below it.

    Several that speak of the same executor, kit and rules are merged: shards, or parts split by
    -k or --fs, are judged as one run. As html, records of different executors stand side by side.
    """
    found = list(dict.fromkeys(path for given in results for path in paths(given)))
    records = [read(path) for path in found]
    if form == "html":
        groups = [merge(group) for group in subjects(records)]
        data = html.render(groups, CLAUSE_TEXTS).encode("utf-8")
    else:
        groups = [merge(records, [str(path) for path in found])]
        data = FORMATS[form](groups[0])
    _write(data, out)
    return max(verdict_of(group).exit_code for group in groups) if exit_code else 0


def _print_schema(context: click.Context, *, asked: bool) -> None:
    if asked:
        click.echo(published(), nl=False)
        context.exit()


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        click.echo(data, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    except OSError as error:
        raise UsageProblem(
            f"the report can't be written to {out}: {error.strerror}",
            "make room or rights there, or choose another file with --out",
            "results",
        ) from error
    click.echo(str(out), err=True)
