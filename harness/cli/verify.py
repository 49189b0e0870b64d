"""`snapcert verify`: does a certificate hold, and for these files? Offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import __version__
from harness.certify.kit import load_kit
from harness.cli.certify import kit_folder
from harness.problem import IncompleteProblem
from harness.results.plain import plain
from harness.results.statement import EXECUTOR, KIT
from harness.targets.select import select_target

if TYPE_CHECKING:
    from harness.certify.certificate import Certificate


@click.command(short_help="Check a certificate, offline.")
@click.argument("certificate", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("kit", required=False)
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False),
              help="The issuer's public key.")  # fmt: skip
@click.option("--executor", default=None, metavar="E",
              help="Also compare the executor that it was certified with.")  # fmt: skip
def verify(certificate: Path, kit: str | None, key: Path | None, executor: str | None) -> None:
    """Check CERTIFICATE: its signature, its expiry and, where KIT is given, each file of the kit.

    Without --key nothing is known of who signed it: the exit status is then 2, incomplete.
    """
    from harness.certify import certificate as certificates

    found = certificates.load(certificate)
    signed_by = certificates.public_key(key) if key is not None else None
    if signed_by is not None:
        certificates.check_signature(found, signed_by)
    certificates.check_expiry(found, dt.datetime.now(dt.UTC))
    if kit is not None:
        certificates.check_kit(found, load_kit(kit_folder(kit)))
    if executor is not None:
        files = select_target(executor, __version__).identity.files
        certificates.check_files(found, EXECUTOR, files)
    for line in lines_of(found, kit):
        click.echo(plain(line))  # the words are those of whoever wrote the certificate
    if signed_by is None:
        raise IncompleteProblem(
            "the signature was not checked: anybody may have written this certificate",
            "give the issuer's public key with --key",
            "certificate",
        )


def _rounds(about: Mapping[str, Any]) -> str:
    faults = f", {about['faults']} with faults" if about.get("faults") else ""
    return f"{about['rounds']} rounds{faults}"


def lines_of(found: Certificate, kit: str | None) -> list[str]:
    """What a certificate says, for a person; as given, of the files of `kit` too."""
    about = found.certified
    vendor = f" by {about['vendor']}" if about["vendor"] else ""
    where = ", ".join(about["filesystems"]) or "no filesystem"
    counts = f"{about['acknowledged']:,} operations acknowledged, {about['lost']} lost"
    lines = [
        f"kit        {about['kit']} {about['version']}{vendor}",
        f"certified  level {about['level']}, {_rounds(about)} on {where}; {counts}",
        f"proof      {about['caught']} of {about['sabotages']} sabotages of the evidence caught",
        f"expires    {found.expires.isoformat()}",
    ]
    lines += [f"files      {len(found.files(KIT))}, each as certified"] if kit is not None else []
    return lines
