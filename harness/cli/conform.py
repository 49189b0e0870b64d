"""`snapcert conform`: does an executor keep the contract?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.suite_run import run_suite, shared_options
from harness.scenario.options import USUAL_SITUATIONS
from harness.scenario.suite import suite_root


@click.command(short_help="Judge an executor, rule by rule.")
@shared_options
@click.option("--fs", "filesystems", default="ext4,xfs,btrfs", show_default=True,
              help="Comma separated; the first is used where none matters.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              default=Path("reports/conform"), show_default=True,
              help="Folder of results.jsonl, junit.xml and report.html.")  # fmt: skip
@click.option("--situations", type=click.IntRange(0), default=USUAL_SITUATIONS, show_default=True,
              help="Situations drawn by chance, by --seed.")  # fmt: skip
def conform(situations: int, **options: Any) -> int:
    """Run every scenario of the contract against an executor and give the verdict.

    The record and its reports are in the folder of --out.
    """
    extra = ("--situations", str(situations))
    return run_suite([suite_root() / "scenarios"], extra=extra, **options)
