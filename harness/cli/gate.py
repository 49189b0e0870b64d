"""`snapcert gate`: may these kits pass, after a change?"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness import __version__
from harness.certify import baseline as baselines
from harness.certify import gate as gates
from harness.certify.baseline import Baseline, Ground
from harness.certify.gate import Passage
from harness.certify.kit import Kit, load_kit
from harness.certify.levels import HIGHEST
from harness.certify.revisions import paths_since
from harness.cli.certify import certify, kit_folder
from harness.cli.suite_run import shared_options
from harness.problem import Problem, UsageProblem
from harness.results.compare import accepting, compare
from harness.results.plain import plain
from harness.results.reader import read, verdict_of
from harness.scenario import accepted as deviations
from harness.scenario.options import parse_rules
from harness.targets.select import select_target

_USUAL_LEVEL, _USUAL_ROUNDS = HIGHEST, 5


#: Each option is a variable too, for continuous integration: SNAPCERT_GATE_BASELINE and so on.
_VARIABLES = "SNAPCERT_GATE"


class _Gate(click.Command):
    """Ends with the gate's line whatever kept it from judging, wrong options included."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:
        as_json = "--json" in args
        try:
            return super().make_context(info_name, args, *rest, **extra)
        except click.UsageError as error:
            said = UsageProblem(error.format_message(), "see `snapcert gate --help`", "gate")
            raise click.exceptions.Exit(_closed_by(said, as_json)) from error

    def invoke(self, ctx: click.Context) -> int:
        try:
            return int(super().invoke(ctx))
        except Problem as problem:
            return _closed_by(problem, ctx.params["as_json"])


def _closed_by(problem: Problem, as_json: bool) -> int:
    """Tell what kept the gate from judging, with the line at the end; the exit status."""
    click.echo(plain(str(problem)), err=True)
    _tell(gates.obstacle(problem), as_json)
    return problem.exit_code


def _tell(told: Mapping[str, Any], as_json: bool) -> None:
    """The document, or its line."""
    click.echo(json.dumps(told, indent=1) if as_json else told["why"][0])


@click.command(
    cls=_Gate,
    short_help="Let a change of kits pass, or not.",
    context_settings={"auto_envvar_prefix": _VARIABLES},
)
@click.argument("kits", nargs=-1, required=True, metavar="KIT…", envvar=f"{_VARIABLES}_KITS")
@click.option("--baseline", multiple=True, required=True, metavar="FILE",
              help="results.jsonl or certificate of an earlier certification, or a folder of "
              "records; several may be given.")  # fmt: skip
@click.option("--changed-since", default=None, metavar="REV",
              help="What git says has changed is run too, not only what differs from the "
              "baseline.")  # fmt: skip
@click.option("--level", type=click.IntRange(1, 4), default=None,
              help="How far a changed kit is run. Default: as its baseline, else 4.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=None,
              help="Backups under load. Default: as the baseline, else 5.")  # fmt: skip
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False),
              help="The issuer's public key, to check certificates.")  # fmt: skip
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False),
              help="Secrets for the kits that ask for some, as of `certify`.")  # fmt: skip
@shared_options
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              default=Path("reports/gate"), show_default=True,
              help="Folder with a folder of results for each kit.")  # fmt: skip
@click.pass_context
def gate(
    context: click.Context,
    /,
    *,
    kits: Sequence[str],
    baseline: Sequence[str],
    changed_since: str | None,
    level: int | None,
    rounds: int | None,
    key: Path | None,
    env_file: Path | None,
    out: Path,
    as_json: bool,
    **options: Any,
) -> int:
    """Judge each KIT: level 1 always, the levels after it where something changed.

    A kit has changed where its files, the executor, the suite or the rule set are not those of its
    baseline; one without a sound baseline is run too. A run is also compared with its baseline,
    but for what a known deviation accepts. The last line says why the gate is open (exit status 0)
    or closed. Each option is a variable too: SNAPCERT_GATE_KITS, SNAPCERT_GATE_BASELINE and so on.
    """
    known = baselines.load(baseline, key, dt.datetime.now(dt.UTC))
    ground = _ground(options["executor"], options["rules"])
    loaded = [load_kit(kit_folder(name)) for name in kits]
    if len({kit.name for kit in loaded}) < len(loaded):
        raise UsageProblem("two of the kits have the same name", "gate them one after the other")
    deviations.require_kits(options["known_deviations"], {*known, *(kit.name for kit in loaded)})
    runs = []
    for kit in loaded:
        base = known.get(kit.name)
        asked = level or (base.level if base else _USUAL_LEVEL)
        why = baselines.reasons(kit, base, ground, asked, _changed(kit, changed_since))
        run: dict[str, Any] = {
            **options,
            "kit": str(kit.folder),
            "level": asked if why else 1,
            "rounds": rounds or (base.rounds if base else 0) or _USUAL_ROUNDS,
            "filesystems": ",".join(base.filesystems) or None if base else None,
            "env_file": env_file if kit.manifest.secrets else None,
            "out": out / kit.name,
            "as_json": False,
        }
        runs.append((kit, base, run, why))
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
        passages = [_pass(context, *given) for given in runs]
    _tell(gates.to_data(passages), as_json)
    return gates.exit_code(passages)


def _changed(kit: Kit, revision: str | None) -> tuple[str, ...]:
    """What git says has changed in the kit, and in the one whose files it takes."""
    if revision is None:
        return ()
    found = paths_since(revision, kit.folder)
    base = kit.manifest.base
    if base:
        found += tuple(f"{base}/{name}" for name in paths_since(revision, kit.folder / base))
    return found


def _ground(executor: str, rules: str | None) -> Ground:
    target = select_target(executor, __version__)
    return Ground(__version__, parse_rules(rules, executor), dict(target.identity.files))


def _pass(
    context: click.Context,
    kit: Kit,
    base: Baseline | None,
    run: dict[str, Any],
    why: Sequence[str],
) -> Passage:
    """Run one kit; what kept it from a verdict is its passage's why, and the others go on."""
    try:
        context.invoke(certify, **run)
    except Problem as problem:
        click.echo(plain(str(problem)), err=True)
        return Passage(kit.name, problem.exit_code, problem.message)
    record = read(run["out"] / "results.jsonl")
    comparison = None
    if base and base.records and why:
        comparison = accepting(compare(base.records, [record]), [record])
        for line in comparison.lines():
            click.echo(line)
    return gates.passage(kit.name, verdict_of(record), run["level"], why, comparison)
