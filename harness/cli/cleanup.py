"""`snapcert cleanup`: mend what crashed runs left."""

from __future__ import annotations

import click

from harness.machines.cleanup import cleanup as mend
from harness.machines.engine import Engine
from harness.machines.images import BASE, reference
from harness.problem import EngineProblem


@click.command(short_help="Mend what crashed runs left.")
@click.option("--all-of", multiple=True, metavar="RUN",
              help="Also end this run, whoever started it, kept guests included.")  # fmt: skip
def cleanup(all_of: tuple[str, ...]) -> None:
    """Thaw, end, unmount, detach and remove what dead runs of this machine left.

    Runs that are alive, and machines that others started, are never touched.
    """
    engine = Engine.connect()
    report = mend(engine, all_of=all_of, image=reference(BASE), progress=click.echo)
    for sentence in report.mended:
        click.echo(f"mended: {sentence}")
    for sentence in report.kept:
        click.echo(f"left alone: {sentence}")
    if report.problems:
        raise EngineProblem(
            "; ".join(report.problems),
            "run `snapcert cleanup` again; a frozen filesystem that stays ends only with the "
            "machine's restart",
            "left-behind",
        )
    if not report.mended:
        click.echo("nothing to mend")
