"""The reference of the command line as a page, read off the parser: `make commands` writes it."""

from __future__ import annotations

import sys

import click

from harness.cli import cli

_HEAD = """\
# The command line

Each command of `snapcert` with its options, read off the parser by `make commands`. Every command
also takes `--help`. The exit codes are in [the README](../README.md#what-you-can-ask).
"""


def page() -> str:
    """The whole page as Markdown."""
    context = click.Context(cli, info_name="snapcert")
    parts = [_HEAD]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts.append(_section(name, command, context))
    return "\n".join(parts)


def _section(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    words = " ".join((command.help or "").split("\n\n")[0].split())
    lines = [f"## {name}", "", f"{words}", "", f"`{name} {usage}`", ""]
    rows = [
        record
        for parameter in command.get_params(context)
        if not (isinstance(parameter, click.Option) and "--help" in parameter.opts)
        and (record := parameter.get_help_record(context)) is not None
        and record[1]
    ]
    if rows:
        lines += ["| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in rows]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
