"""`snapcert replay`: judge the runs of a record again, without an engine."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.certify import certify, kit_folder
from harness.cli.suite_run import run_suite
from harness.cli.then import given_then
from harness.contract.rulesets import RULESETS
from harness.problem import UsageProblem
from harness.results.gather import paths
from harness.results.reader import read
from harness.scenario.suite import suite_root

_SHOWN = 3


@click.command(short_help="Judge the runs of a record again.")
@click.argument("results")
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
    *, results: str, run: str, kit: str | None, rules: str | None, out: Path, quiet: bool
) -> int:
    """Judge again what is stored in RESULTS, or only its run RUN. Nothing is run, no engine asked.

    RESULTS is a results.jsonl, or a folder with one below it. By this version's scenarios and
    oracles, under the record's rule set or another one. What a scenario asked its machines itself,
    and what was drawn by chance, is not stored: it can't be judged again, and the verdict is then
    incomplete (exit status 2) at best. What failed of it stays a failure.
    """
    path = _only(results)
    header = read(path).header
    extra = ["--replay", str(path), "--replay-run", run]
    where = suite_root() / "scenarios"
    filesystems = "ext4,xfs,btrfs"
    if header.kit is not None:
        then = given_then(certify, path)
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


def _only(given: str) -> Path:
    """The one record that is given."""
    found = paths(given)
    if len(found) > 1:
        raise UsageProblem(
            f"{given} holds {len(found)} records, and one at a time is judged again",
            f"give one of them: {', '.join(map(str, found[:_SHOWN]))}, …",
            "results",
        )
    return found[0]
