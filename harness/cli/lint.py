"""`snapcert lint`: level 1 of the kits that files belong to, in a moment and without a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from harness.certify.kit import MANIFEST, Kit, load_kit
from harness.certify.kit_schema import published
from harness.certify.lint import lint as findings_of
from harness.results.plain import one_line


@click.command(short_help="Look at kits without running them (level 1).")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…",
                type=click.Path(path_type=Path))  # fmt: skip
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda context, _, asked: _print_schema(context, asked=asked),
              help="Print the JSON Schema of kit.toml.")  # fmt: skip
def lint(paths: Sequence[Path]) -> int:
    """Judge each kit that a PATH is, or lies in; a file of no kit is left out of account.

    Exit status 1 where a kit has an error; warnings are shown only.
    """
    failed = False
    for folder in _kits(paths):
        for severity, line in _lines(load_kit(folder)):
            failed |= severity == "error"
            click.echo(line)
    return int(failed)


def _print_schema(context: click.Context, *, asked: bool) -> None:
    if asked:
        click.echo(published(), nl=False)
        context.exit()


def _kits(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of the kits, each once; a folder that is given must be one, or lie in one."""
    found = []
    for path in paths:
        above = [path, *path.absolute().parents] if path.is_dir() else path.absolute().parents
        kit = next((folder for folder in above if (folder / MANIFEST).is_file()), None)
        if kit is not None:
            found.append(kit.resolve())
        elif path.is_dir() or not path.exists():
            found.append(path)  # whoever reads it says what is wrong
    return tuple(dict.fromkeys(found))


def _lines(kit: Kit) -> Iterator[tuple[str, str]]:
    for found in findings_of(kit):
        path = kit.folder / found.file
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        place = f"{shown}:{found.line}" if found.line else str(shown)
        text = f"{place}: {found.severity}: {found.message} [{found.rule}]; {found.remedy}"
        yield found.severity, one_line(text)
