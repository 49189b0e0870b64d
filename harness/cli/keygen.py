"""`snapcert keygen`: a key that signs certificates."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Make a key that signs certificates.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def keygen(file: Path) -> None:
    """Write a new private key to FILE, mode 600, and its public half to FILE.pub.

    Give the public half to those who check your certificates; never the private one.
    """
    from harness.certify.certificate import make_key

    public = make_key(file)
    click.echo(f"private key  {file}  (keep it secret)")
    click.echo(f"public key   {public}")
