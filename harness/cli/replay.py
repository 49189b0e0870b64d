"""`snapcert replay`: judge the runs of a record again, without an engine."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.certify import certify, kit_folder
from harness.cli.suite_run import run_suite
from harness.cli.then import given_then
from harness.contract.rulesets import RULESETS
from harness.results.reader import read
from harness.scenario.suite import suite_root


@click.command(short_help="Judge the runs of a record again.")
@click.argument("results", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("run", default="")
@click.option("--kit", default=None,
              help="The kit that a certification was about, where it is elsewhere "
              "now.")  # fmt: skip
@click.option("--rules", type=click.Choice(tuple(RULESETS)), default=None,
              help="Another rule set. Default: that of the record.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              default=Path("reports/replay"), show_default=True,
              help="Folder of the new results.jsonl and its reports.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Show only failures and the verdict.")
def replay(
    *, results: Path, run: str, kit: str | None, rules: str | None, out: Path, quiet: bool
) -> int:
    """Judge again what is stored in RESULTS, or only its run RUN. Nothing is run, no engine asked.

    By this version's scenarios and oracles, under the record's rule set or another one. What a
    scenario asked its machines itself is not stored: such a scenario is skipped.
    """
    header = read(results).header
    extra = ["--replay", str(results), "--replay-run", run]
    where = suite_root() / "scenarios"
    filesystems = "ext4,xfs,btrfs"
    if header.kit is not None:
        then = given_then(certify, results)
        filesystems = then["filesystems"]
        folder = kit_folder(kit or then["kit"])
        extra += ["--kit", str(folder), "--level", str(header.kit.level)]
        extra += ["--rounds", str(header.kit.rounds)]
        where /= "certification"
    return run_suite(
        [where],
        executor="reference",
        rules=rules or header.rules,
        filesystems=filesystems,
        out=out,
        workers=0,
        keyword="",
        first=False,
        seed=header.seed,
        keep_failed=False,
        known_deviations=None,
        timeout_scale=1.0,
        speed=1,
        as_json=False,
        quiet=quiet,
        extra=tuple(extra),
    )
