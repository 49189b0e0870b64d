"""`snapcert certify`: do a vendor's scripts keep a real application consistent?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.certify.kit import load_kit
from harness.cli.suite_run import run_suite, shared_options
from harness.problem import UsageProblem
from harness.scenario.options import FILESYSTEMS
from harness.scenario.suite import suite_root


@click.command(short_help="Prove a script kit, level by level.")
@click.argument("kit")
@click.option("--level", type=click.IntRange(1, 4), default=4, show_default=True,
              help="1 static, 2 contract, 3 consistent under load, 4 resilient; each includes "
              "those before.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True,
              help="Backups under load, each restored and proven; at level 4 as many more in "
              "which the executor is killed.")  # fmt: skip
@click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False),
              help="Secrets that the kit asks for, a line NAME=VALUE each; mode 600. Their values "
              "reach no report.")  # fmt: skip
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False),
              help="Private key (`snapcert keygen`): a kit that is certified gets a signed "
              "certificate.json.")  # fmt: skip
@click.option("--valid-days", type=click.IntRange(1, 3650), default=365, show_default=True,
              help="How long that certificate holds.")  # fmt: skip
@shared_options
@click.option("--fs", "filesystems", default=None,
              help="Filesystems to put the kit's disks on, one after the other, comma separated. "
              "Default: what the kit says.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False),
              default=Path("reports/certify"), show_default=True,
              help="Folder of results.jsonl, junit.xml and report.html.")  # fmt: skip
def certify(kit: str, level: int, rounds: int, filesystems: str | None, **options: Any) -> int:
    """Certify the script kit in the folder KIT (or a bundled kit by its name).

    Backups are taken under load and under faults, every snapshot set is restored into a fresh
    guest, and the application proves there what it still holds.
    """
    folder = kit_folder(kit)
    loaded, env_file = load_kit(folder), options.pop("env_file")
    if level > 1 or env_file is not None:
        loaded.with_secrets(env_file)  # what is wrong with them is said before anything was run
    disks = loaded.manifest.layout.disks
    own = dict.fromkeys(disk.filesystem for disk in disks if disk.filesystem in FILESYSTEMS)
    if level == 1:
        options["workers"] = 0  # one static check: starting workers would take longer
    extra = ["--kit", str(folder), "--level", str(level), "--rounds", str(rounds)]
    if env_file is not None:
        extra += ["--env-file", str(env_file)]
    key, valid_days = options.pop("key"), options.pop("valid_days")
    if key is not None:
        from harness.certify.certificate import private_key

        private_key(key)  # what is wrong with it is said before anything was run
        extra += ["--key", str(key), "--valid-days", str(valid_days)]
    return run_suite(
        [suite_root() / "scenarios" / "certification"],
        extra=tuple(extra),
        filesystems=filesystems or ",".join(own) or FILESYSTEMS[0],
        **options,
    )


def kit_folder(kit: str) -> Path:
    """The folder of a kit: a path, or the name of a bundled one."""
    given = Path(kit)
    if given.is_dir():
        return given.resolve()
    bundled = suite_root() / "fixtures" / "kits"
    if "/" not in kit and (bundled / kit).is_dir():
        return bundled / kit
    names = ", ".join(sorted(path.name for path in bundled.iterdir() if path.is_dir()))
    raise UsageProblem(
        f"there is no script kit at {kit}",
        f"give a folder with kit.toml, or the name of a bundled kit: {names}",
    )
