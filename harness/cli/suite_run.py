"""Running the suite's pytest modules, for `conform` and `certify`."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import pytest
from _pytest.mark.expression import Expression

from harness import __version__
from harness.problem import Problem, UsageProblem
from harness.scenario.controller import PROBLEM
from harness.scenario.options import parse_filesystems, parse_rules
from harness.scenario.suite import suite_root
from harness.targets.select import select_target

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Options that `conform` and `certify` share, in the order of the help.
_SHARED = (
    click.option("--executor", default="reference", show_default=True, metavar="E",
                 help="`reference`, `command:PATH` (a file, or a folder with `run`), or "
                 "`azure-vmsnapshot:PATH`, or `qemu-guest-agent`."),
    click.option("--rules", default=None, metavar="SET",
                 help="2017-04, 2025-04 or strict. Default: strict for the reference, "
                 "2025-04 for others."),
    click.option("-n", "workers", type=click.IntRange(0), default=4, show_default=True,
                 help="Workers in parallel; 0 runs in this process."),
    click.option("-k", "keyword", default="", metavar="EXPR",
                 help="Run only what matches, as in pytest."),
    click.option("-x", "first", is_flag=True, help="Stop at the first failure."),
    click.option("--seed", type=int, default=None,
                 help="Decides what is drawn by chance: situations, instants of backups."),
    click.option("--keep-failed", is_flag=True,
                 help="Keep the guests of what failed, for `snapcert shell`."),
    click.option("--known-deviations", type=click.Path(path_type=Path, dir_okay=False),
                 help="TOML file of failures that are accepted for a while; strict both ways."),
    click.option("--timeout-scale", type=click.FloatRange(min=0.1), default=1.0,
                 show_default=True, help="Multiplies the deadlines of executors and applications."),
    click.option("--speed", type=click.IntRange(1), default=1, show_default=True,
                 help="Lets the fixed waits of azure-vmsnapshot pass so many times faster."),
    click.option("--quiet", is_flag=True, help="Show only failures and the verdict."),
    click.option("--json", "as_json", is_flag=True,
                 help="Write the verdict as one JSON document to standard output, all else to "
                 "standard error."),
)  # fmt: skip


def shared_options(function: _Function) -> _Function:
    """Add the shared options to a click command."""
    for option in reversed(_SHARED):
        function = option(function)
    return function


def run_suite(
    tests: list[Path],
    *,
    executor: str,
    rules: str | None,
    filesystems: str,
    out: Path,
    workers: int,
    keyword: str,
    first: bool,
    seed: int | None,
    keep_failed: bool,
    known_deviations: Path | None,
    timeout_scale: float,
    speed: int,
    quiet: bool,
    as_json: bool,
    extra: tuple[str, ...] = (),
) -> int:
    """Run these modules under pytest with snapcert's own view; the exit code of the verdict.

    What the user gave is judged first, so that wrong usage never gets as far as a machine.
    """
    root = suite_root()
    parse_rules(rules, executor)
    parse_filesystems(filesystems)
    select_target(executor, __version__, speed)
    if keyword:
        _check_keyword(keyword)
    arguments = [
        "-p", "harness.pytest_plugin",
        "-c", str(root / "scenarios" / "suite.ini"),
        "--rootdir", str(root),
        "--live",
        "--executor", executor,
        "--fs", filesystems,
        "--out", str(out),
        "--timeout-scale", str(timeout_scale),
        "--speed", str(speed),
        *extra,
    ]  # fmt: skip
    if rules is not None:
        arguments += ["--rules", rules]
    if seed is not None:
        arguments += ["--seed", str(seed)]
    if workers:
        arguments += ["-n", str(workers), "--dist", "worksteal", "--max-worker-restart", "0"]
    if keyword:
        arguments += ["-k", keyword]
    if first:
        arguments.append("-x")
    if known_deviations is not None:
        arguments += ["--known-deviations", str(known_deviations)]
    if keep_failed:
        arguments.append("--keep-failed")
    if quiet:
        arguments.append("--quiet-view")
    if as_json:
        arguments.append("--json-view")
    return _under_pytest([*arguments, *map(str, tests)], out)


class _Ending:
    """Keeps pytest's config, in which a run that could not end well leaves its Problem."""

    config: pytest.Config | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Called before the run begins."""
        self.config = config


def _under_pytest(arguments: list[str], out: Path) -> int:
    """pytest's exit status; raises the Problem that kept a run from a verdict."""
    ending = _Ending()
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        status = int(pytest.main(arguments, plugins=[ending]))
    finally:
        signal.signal(signal.SIGTERM, before)
    problem = ending.config.stash.get(PROBLEM, None) if ending.config is not None else None
    if problem is not None:
        raise problem
    if status not in range(5):
        raise Problem(f"pytest ended with {status}", f"see {out}/pytest.log", "suite")
    return status


def _terminated(*_: object) -> None:
    """SIGTERM ends a run as Ctrl-C does: machines are given back, the record is rendered."""
    raise KeyboardInterrupt("by SIGTERM")


def _check_keyword(keyword: str) -> None:
    try:
        Expression.compile(keyword)
    except SyntaxError as error:
        raise UsageProblem(
            f"-k {keyword!r} is no expression: {error.msg}",
            "combine words of scenarios' names with and, or, not and brackets",
        ) from error
