"""The command line of the executor."""

from __future__ import annotations

import json
import os
import sys
from typing import List, NamedTuple, Optional, Tuple

from ..contract.verdict import NotConfigured, proceeds
from .journal import explain
from .main import backup
from .mounts import find_filesystems, find_partial
from .precheck import Precheck, precheck
from .settings import LOG_FOLDER, STATE_FOLDER, UsageError, read_settings
from .system import decode

_USAGE = 2


class Options(NamedTuple):
    """What the command line says; `json` is of the command check, the others of backup."""

    command: str = "backup"
    snapshot: Optional[str] = None
    status: Optional[str] = None
    log_folder: str = LOG_FOLDER
    state_folder: str = STATE_FOLDER
    json: bool = False


_BACKUP = Options()


def _parse(words: List[str]) -> Options:
    # A backup as it is usually started has no options, and starts sooner without argparse.
    from .usage import parser

    return Options(**vars(parser().parse_args(words)))


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command line; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    options = _BACKUP if words == ["backup"] else _parse(words)
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


class _Freeze(NamedTuple):
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
