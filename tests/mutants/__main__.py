"""`python -m tests.mutants`: try the broken executors, and write down what was seen."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.mutants import table
from tests.mutants.commands import COMMANDS
from tests.mutants.defect import Defect, KitDefect
from tests.mutants.defects import all_defects
from tests.mutants.trial import Trial, try_defect


@click.group()
def main() -> None:
    """Broken executors, and mutants of contract and executor, before the suite and its tests."""


@main.command()
@click.argument("names", nargs=-1)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
@click.option("--write", is_flag=True, help="Enter what was seen into the tracked table.")
@click.option("--due", is_flag=True, help="Only what the tracked table does not show yet.")
@click.option("--verbose", is_flag=True, help="Print what the suite said.")
def run(names: tuple[str, ...], jobs: int, write: bool, due: bool, verbose: bool) -> None:
    """Try the defects NAMES, or all; exit status 1 where one is not noticed."""
    defects = all_defects()
    unknown = sorted(set(names) - set(defects))
    if unknown:
        raise click.UsageError(f"there is no defect {', '.join(unknown)}")
    chosen = [defects[name] for name in names or defects]
    known = table.load()
    if due:
        told = " ".join(table.complaints(known, defects))
        chosen = [defect for defect in chosen if f"{defect.name}:" in told]

    def attempt(defect: Defect | KitDefect) -> tuple[Defect | KitDefect, Trial, float]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="snapcert-mutant-") as folder:
            return defect, try_defect(defect, Path(folder)), time.monotonic() - began

    unnoticed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for defect, trial, seconds in pool.map(attempt, chosen):
            missing = trial.missing(defect)
            unnoticed += bool(missing)
            word = "noticed" if not missing else "NOT noticed" if trial.ran else "NOT RUN"
            click.echo(f"{word:<12} {defect.name}  {', '.join(defect.breaks)}  ({seconds:.0f} s)")
            if missing:
                failed = ", ".join(trial.failures) or "nothing"
                click.echo(f"  no check of {', '.join(missing)} failed; what failed: {failed}")
            if verbose or (missing and not trial.ran):
                click.echo(trial.said)
            if write:
                table.enter(known, defect, trial)
                table.save(known)
    click.echo(f"{len(chosen)} defects tried, {unnoticed} not noticed")
    sys.exit(1 if unnoticed else 0)


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
