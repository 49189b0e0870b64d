"""The command line of the executor."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ..contract.verdict import NotConfigured, proceeds
from . import __version__
from .journal import explain
from .main import backup
from .mounts import find_filesystems, find_partial
from .precheck import Precheck, precheck
from .settings import LOG_FOLDER, STATE_FOLDER, UsageError, read_settings
from .system import decode

_USAGE = 2

_EPILOG = """\
environment:
  SNAPCERT_SNAPSHOT      full path of an executable that takes the snapshot; exit 0: taken
  SNAPCERT_STATUS        where the outcome is written, as JSON
  SNAPCERT_SINGLE_DISK   1 where the only disk carries the root filesystem
  SNAPCERT_FREEZE_BOUND  seconds from the first freeze to the last thaw, at most 60

exit status: 0 succeeded (check: nothing found), 1 failed (check: a finding), 2 wrong usage
"""


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "check":
            if os.geteuid() != 0:
                raise UsageError("a check needs root: it judges files of root", "start it as root")
            return _check(options.json)
        if os.geteuid() != 0:
            raise UsageError("a backup needs root: it freezes filesystems", "start it as root")
        settings = read_settings(
            {decode(key): decode(value) for key, value in os.environb.items()},
            snapshot=options.snapshot,
            status=options.status,
            state_folder=options.state_folder,
            log_folder=options.log_folder,
        )
        return backup(settings)
    except UsageError as problem:
        sys.stderr.write(f"error: {problem.message}\n  remedy: {problem.remedy}\n")
        return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="executor",
        description="Backs up this machine in an application-consistent way: pre-script, freeze, "
        "snapshot, thaw, post-script.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
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
    return parser


@dataclass(frozen=True)
class _Freeze:
    """What a backup would freeze now: `names` in order. `none_because`: why it would not."""

    names: Tuple[str, ...] = ()
    none_because: str = ""


def _freeze(found: Precheck) -> _Freeze:
    happenings = [] if found.happening is None else [found.happening]
    plan = proceeds(found.policy, happenings)
    if not plan.snapshot:
        return _Freeze(none_because="the backup would fail before it, without a snapshot")
    if not found.policy.fsfreeze:
        return _Freeze(none_because="fsFreezeEnabled is false")
    if not plan.freeze:
        return _Freeze(none_because="after this finding a single disk is backed up as it is")
    partial = ", ".join(filesystem.name for filesystem in find_partial())
    if partial:
        return _Freeze(none_because=f"the freeze would fail, only a folder is mounted of {partial}")
    return _Freeze(tuple(filesystem.name for filesystem in find_filesystems()))


def _check(as_json: bool) -> int:
    single = os.environ.get("SNAPCERT_SINGLE_DISK", "") == "1"
    found = precheck(single)
    name = getattr(found.happening, "name", None)
    freeze = _freeze(found)
    if as_json:
        sys.stdout.write(json.dumps(_report(found, name, freeze), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found, name, freeze)) + "\n")
    return 0 if name is None else 1


def _report(found: Precheck, name: Optional[str], freeze: _Freeze) -> object:
    return {
        "configured": not isinstance(found.happening, NotConfigured),
        "error": name,
        "detail": found.detail,
        "warnings": list(found.warnings),
        "continueBackupOnFailure": found.policy.continue_on_failure,
        "fsFreezeEnabled": found.policy.fsfreeze,
        "timeoutInSeconds": None if found.pre is None else found.pre.seconds,
        "scripts": {s.which: s.resolved for s in (found.pre, found.post) if s is not None},
        "filesystems": list(freeze.names),
        "nothingFrozenBecause": freeze.none_because,
    }


def _lines(found: Precheck, name: Optional[str], freeze: _Freeze) -> List[str]:
    lines = explain(name, found.detail) if name is not None else [found.detail]
    lines += [f"warning: {warning}" for warning in found.warnings]
    if freeze.none_because:
        lines.append(f"would be frozen: nothing, {freeze.none_because}")
    else:
        lines.append(f"would be frozen, in this order: {', '.join(freeze.names) or 'nothing'}")
    return lines
