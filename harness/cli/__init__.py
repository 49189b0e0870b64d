"""The snapcert command: one file a subcommand, each thin."""

from __future__ import annotations

import importlib
import io
import sys

import click

from harness import __version__
from harness.problem import Problem, UsageProblem
from harness.results.plain import plain

#: The subcommands; NAME is the function NAME of the module of that name in this folder.
_COMMANDS = (
    "certify", "conform", "init", "lint", "gate", "report", "compare", "history", "replay",
    "doctor", "explain", "cleanup", "shell", "restore", "keygen", "verify",
)  # fmt: skip
_EPILOG = (
    "Exit codes: 0 conforms; 1 does not; 2 incomplete; 3 the harness or the engine failed; "
    "4 wrong usage, or a known deviation that fails no more."
)


class _Commands(click.Group):
    """Imports a subcommand when it is asked for: most need neither pytest nor the engine's client,
    and a hook before each commit must not wait for them.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"harness.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="snapcert")
def cli() -> None:
    """Conformance and certification of application-consistent VM snapshots on Linux."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a Problem is shown in words, with its exit code, never a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        status = cli.main(given, prog_name="snapcert", standalone_mode=False)
    except Problem as problem:
        click.echo(plain(str(problem)), err=True)
        _tell(problem, given)
        sys.exit(problem.exit_code)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(plain(shown.getvalue()), nl=False, err=True)
        _tell(UsageProblem(error.format_message(), "see --help"), given)
        sys.exit(UsageProblem.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _tell(problem: Problem, arguments: list[str]) -> None:
    """Who asked for a document gets one, also where there is no verdict."""
    if "--json" in arguments:
        from harness.results import brief

        click.echo(brief.problem(problem), nl=False)
