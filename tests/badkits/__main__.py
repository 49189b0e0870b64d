"""`python -m tests.badkits [NAMES]`: certify the kits that must fail, and compare."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.badkits import table
from tests.badkits.badkit import BadKit, bad_kits
from tests.badkits.trial import Trial, attempt


@click.command()
@click.argument("names", nargs=-1)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
@click.option("--write", is_flag=True, help="Enter what was seen into the tracked table.")
@click.option("--due", is_flag=True, help="Only what the tracked table does not show yet.")
@click.option("--verbose", is_flag=True, help="Print what certification said.")
def main(names: tuple[str, ...], jobs: int, write: bool, due: bool, verbose: bool) -> None:
    """Certify the bad kits NAMES, or all; exit status 1 where one is not found as it must be."""
    kits = bad_kits()
    if unknown := sorted(set(names) - set(kits)):
        raise click.UsageError(f"there is no bad kit {', '.join(unknown)}")
    known = table.load()
    chosen = {name: kits[name] for name in names or kits}
    if due:
        chosen = {name: kits[name] for name in table.due(known, chosen)}

    def run(kit: BadKit) -> tuple[BadKit, Trial, float]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="snapcert-bad-kit-") as folder:
            return kit, attempt(kit, Path(folder)), time.monotonic() - began

    missed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for kit, trial, seconds in pool.map(run, chosen.values()):
            missed += bool(trial.wrong)
            word = "MISSED" if trial.wrong else "found"
            where = ", ".join(kit.fails) or f"refused, {kit.refused}"
            click.echo(f"{word:<7} {kit.name}  level {kit.level}  {where}  ({seconds:.0f} s)")
            for sentence in trial.wrong:
                click.echo(f"  {sentence}")
            if verbose:
                for check in trial.heard:
                    click.echo(f"  {check.status} {check.clause}: {check.observed}")
                click.echo(trial.output)
            if write:
                table.enter(known, kit, trial)
                table.save({name: row for name, row in known.items() if name in kits})
    click.echo(f"{len(chosen)} bad kits tried, {missed} not found as they must be")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
