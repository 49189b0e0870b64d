"""`snapcert init`: a script kit to start from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from harness.certify.starter import Starter, begin, offered, usual_name
from harness.problem import UsageProblem
from harness.scenario.suite import suite_root


@click.command(short_help="Write a script kit to start from.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--app", metavar="APP", default=None,
              help="What it is for; without it the applications are listed.")  # fmt: skip
@click.option("--name", default=None, help="The kit's name. Default: the folder's.")
@click.option("--vendor", default="example", show_default=True, help="Who answers for it.")
def init(folder: Path, app: str | None, name: str | None, vendor: str) -> None:
    """Write a script kit into FOLDER that certifies as it is, to be changed step by step.

    FOLDER must be empty, or not there yet.
    """
    apps = offered(suite_root() / "fixtures")
    if app is None or app not in apps:
        said = "--app is missing" if app is None else f"there is no kit for --app {app}"
        raise UsageProblem(said, f"choose from{_listed(apps.values())}", "init")
    kit = begin(apps[app], folder, name or usual_name(folder), vendor)
    click.echo(f"wrote kit {kit.name} to {folder}: {len(kit.files)} files. Next:")
    for level, text in (("lint", ""), ("certify", " --level 2"), ("certify", "")):
        click.echo(f"  snapcert {level} {folder}{text}")


def _listed(apps: Iterable[Starter]) -> str:
    return "".join(f"\n    {entry.app:<11} {entry.text}" for entry in apps)
