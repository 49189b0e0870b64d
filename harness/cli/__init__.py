"""The snapcert command: one file a subcommand, each thin."""

from __future__ import annotations

import sys

import click

from harness import __version__
from harness.cli.certify import certify
from harness.cli.cleanup import cleanup
from harness.cli.compare import compare
from harness.cli.conform import conform
from harness.cli.doctor import doctor
from harness.cli.explain import explain
from harness.cli.gate import gate
from harness.cli.history import history
from harness.cli.init import init
from harness.cli.keygen import keygen
from harness.cli.lint import lint
from harness.cli.replay import replay
from harness.cli.report import report
from harness.cli.restore import restore
from harness.cli.shell import shell
from harness.cli.verify import verify
from harness.problem import Problem, UsageProblem
from harness.results import brief
from harness.results.plain import plain

_EPILOG = (
    "Exit codes: 0 conforms; 1 does not; 2 incomplete; 3 the harness or the engine failed; "
    "4 wrong usage, or a known deviation that fails no more."
)


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="snapcert")
def cli() -> None:
    """Conformance and certification of application-consistent VM snapshots on Linux."""


for _command in (
    certify,
    conform,
    init,
    lint,
    gate,
    report,
    compare,
    history,
    replay,
    doctor,
    explain,
    cleanup,
    shell,
    restore,
    keygen,
    verify,
):
    cli.add_command(_command)


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
        error.show()
        _tell(UsageProblem(error.format_message(), "see --help"), given)
        sys.exit(UsageProblem.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _tell(problem: Problem, arguments: list[str]) -> None:
    """Who asked for a document gets one, also where there is no verdict."""
    if "--json" in arguments:
        click.echo(brief.problem(problem), nl=False)
