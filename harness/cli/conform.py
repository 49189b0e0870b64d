"""`snapcert conform`: does an executor keep the contract?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from harness.cli.suite_run import run_suite, shared_options
from harness.cli.then import given_then
from harness.contract.rulesets import DEFAULT_FOR_OTHERS
from harness.results.reader import read
from harness.results.verdict import EXIT_CODES
from harness.results.versus import versus as held_against
from harness.scenario.again import failed_of
from harness.scenario.options import USUAL_SITUATIONS, fresh_seed
from harness.scenario.suite import suite_root
from harness.targets.select import default_rules, has_fixed_waits

#: A run that ended so has nothing that could be compared.
_JUDGED = (EXIT_CODES["conforms"], EXIT_CODES["does-not-conform"])

#: What decides which scenarios there are, and what they ask.
_THE_SAME = ("executor", "rules", "filesystems", "seed", "situations", "speed", "known_deviations")


@click.command(short_help="Judge an executor, rule by rule.")
@shared_options
@click.option("--versus", default=None, metavar="E",
              help="Judge this one too, and show the rules where the two differ.")  # fmt: skip
@click.option("--fs", "filesystems", default="ext4,xfs,btrfs", show_default=True,
              help="Comma separated; the first is used where none matters.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              default=Path("reports/conform"), show_default=True,
              help="Folder of results.jsonl, junit.xml and report.html.")  # fmt: skip
@click.option("--situations", type=click.IntRange(0), default=USUAL_SITUATIONS, show_default=True,
              help="Situations drawn by chance, by --seed.")  # fmt: skip
@click.option("--rerun-failed", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="A results.jsonl: only what failed in it, with the options of that run where "
              "they are not given.")  # fmt: skip
@click.pass_context
def conform(
    context: click.Context,
    /,
    *,
    situations: int,
    versus: str | None,
    rerun_failed: Path | None,
    **options: Any,
) -> int:
    """Run every scenario of the contract against an executor and give the verdict.

    The record and its reports are in the folder of --out.

    With --versus the same scenarios, by the same rules and the same seed, are run against a second
    executor, and the rules that the two keep differently are listed (versus.md). The exit status
    is then 1 where the second one does worse anywhere, and 0 where it does not.
    """
    extra: tuple[str, ...] = ()
    if rerun_failed is not None:
        failed_of(rerun_failed)  # that nothing failed is said before anything is run
        extra = ("--rerun-failed", str(rerun_failed))
        then = as_then(rerun_failed, context)
        situations = then.pop("situations", situations)
        options |= then
    extra += ("--situations", str(situations))
    if versus is None:
        return run_suite([suite_root() / "scenarios"], extra=extra, **options)
    return _both(versus, extra, options)


def _both(second: str, extra: tuple[str, ...], options: dict[str, Any]) -> int:
    first = options["executor"]
    if options["rules"] is None:
        alike = default_rules(first) == default_rules(second)
        options["rules"] = default_rules(first) if alike else DEFAULT_FOR_OTHERS
    if options["seed"] is None:
        options["seed"] = fresh_seed()
    speed, out = options["speed"], options["out"]
    records = []
    for letter, executor in (("a", first), ("b", second)):
        options["executor"] = executor
        options["speed"] = speed if has_fixed_waits(executor) else 1
        options["out"] = out / letter
        status = run_suite([suite_root() / "scenarios"], extra=extra, **options)
        if status not in _JUDGED:
            return status
        records.append(read(out / letter / "results.jsonl"))
    found = held_against(*records)
    (out / "versus.md").write_text(found.markdown(), encoding="utf-8")
    click.echo("\n".join(found.lines()))
    click.echo(f"  table     {out / 'versus.md'}")
    return int(found.worse)


def as_then(path: Path, context: click.Context) -> dict[str, Any]:
    """The options with which a record was made, but for those that are given now."""
    then = given_then(conform, path)
    return {
        name: then[name]
        for name in _THE_SAME
        if context.get_parameter_source(name) is ParameterSource.DEFAULT
    }
