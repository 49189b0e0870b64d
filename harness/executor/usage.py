"""The options of the command line, and its help."""

from __future__ import annotations

import argparse

from . import __version__
from .settings import LOG_FOLDER, STATE_FOLDER

_EPILOG = """\
environment:
  SNAPCERT_SNAPSHOT      full path of an executable that takes the snapshot; exit 0: taken
  SNAPCERT_STATUS        where the outcome is written, as JSON
  SNAPCERT_SINGLE_DISK   1 where the only disk carries the root filesystem
  SNAPCERT_FREEZE_BOUND  seconds from the first freeze to the last thaw, at most 60

exit status: 0 succeeded (check: nothing found), 1 failed (check: a finding), 2 wrong usage
"""


def parser() -> argparse.ArgumentParser:
    """Of the commands backup and check."""
    program = argparse.ArgumentParser(
        prog="executor",
        description="Backs up this machine in an application-consistent way: pre-script, freeze, "
        "snapshot, thaw, post-script.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    program.add_argument("--version", action="version", version=__version__)
    commands = program.add_subparsers(
        dest="command", required=True, metavar="COMMAND", prog="executor"
    )
    run = commands.add_parser(
        "backup",
        help="perform one backup run",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--snapshot", metavar="PATH", help="instead of SNAPCERT_SNAPSHOT")
    run.add_argument("--status", metavar="PATH", help="instead of SNAPCERT_STATUS")
    run.add_argument(
        "--log-folder", metavar="DIR", default=LOG_FOLDER, help="logs of runs (%(default)s)"
    )
    run.add_argument(
        "--state-folder",
        metavar="DIR",
        default=STATE_FOLDER,
        help="locks, and the record of an interrupted run; a tmpfs (%(default)s)",
    )
    check = commands.add_parser(
        "check", help="judge config and scripts as a backup would, and run nothing"
    )
    check.add_argument("--json", action="store_true", help="print one JSON object")
    return program
