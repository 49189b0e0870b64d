"""`snapcert restore`: copy a kept snapshot set out, to look at it with one's own tools."""

from __future__ import annotations

from pathlib import Path

import click

from harness.machines.kept import copy_out, engine_of, kept_sets
from harness.problem import UsageProblem


@click.command(short_help="Copy a snapshot set out that --keep-failed kept.")
@click.argument("run")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def restore(run: str, folder: Path) -> None:
    """Copy the snapshot sets of RUN (its id in a report, or the kept guest's name) into FOLDER.

    One image a disk, each set in a folder of its own, as it was taken: a filesystem that was not
    frozen needs its journal replayed. FOLDER must be empty, or not there yet.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageProblem(f"{folder} is not empty", "name a folder that is not there yet")
    engine = engine_of(run)
    try:
        for kept in kept_sets(engine, run):
            for image in copy_out(engine, kept, folder / kept.set_id):
                click.echo(f"{image}  ({image.stat().st_size >> 20} MiB)")
    finally:
        engine.close()
    click.echo("look into an image: mount -o loop,ro,noload IMAGE FOLDER (ext4), in a machine that")
    click.echo("may crash; never beside the original where it is xfs or btrfs: it has its UUID")
