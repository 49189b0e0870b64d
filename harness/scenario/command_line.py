"""The command lines that a record keeps: the one that runs all of it again, and one scenario."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from harness.results.record import Line, RunLine
from harness.scenario.options import USUAL_SITUATIONS, Options


def made_by(options: Options) -> str:
    """The command line that does the whole run again."""
    return shlex.join(["snapcert", *_words(options)])


def alone(options: Options, scenario: str, lines: Sequence[Line]) -> str:
    """The one that runs this scenario alone, or judges what these lines hold of it again."""
    if options.replay is None:
        # A -k expression that selects it alone: its name with its parameters.
        return shlex.join(["snapcert", *_words(options), "-k", scenario.rsplit("::", 1)[-1]])
    runs = [line.id for line in lines if isinstance(line, RunLine)]
    return shlex.join(["snapcert", *_replay(options, options.replay, runs[0] if runs else "")])


def shown_path(path: Path) -> str:
    """A path as a person would type it here, and as it may stand in a report."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _words(options: Options) -> list[str]:
    if options.replay is not None:
        return _replay(options, options.replay, options.replay_run)
    if options.kit is not None:
        words = ["certify", shown_path(options.kit), "--level", str(options.level)]
        words += ["--rounds", str(options.rounds)]
        if options.env_file is not None:
            words += ["--env-file", shown_path(options.env_file)]
    else:
        words = ["conform"]
        if options.situations != USUAL_SITUATIONS:
            words += ["--situations", str(options.situations)]
    words += ["--executor", options.executor, "--rules", options.rules]
    if options.known_deviations is not None:
        words += ["--known-deviations", shown_path(options.known_deviations)]
    if options.speed != 1:
        words += ["--speed", str(options.speed)]
    if options.timeout_scale != 1.0:
        words += ["--timeout-scale", f"{options.timeout_scale:g}"]
    return [*words, "--fs", ",".join(options.filesystems), "--seed", str(options.seed)]


def _replay(options: Options, record: Path, run: str) -> list[str]:
    words = ["replay", shown_path(record), *([run] if run else []), "--rules", options.rules]
    return [*words, *(["--kit", shown_path(options.kit)] if options.kit is not None else [])]
