"""From the text after `--executor` to a target."""

from __future__ import annotations

from pathlib import Path

from harness.contract.rulesets import DEFAULT_FOR_OTHERS, STRICT
from harness.problem import UsageProblem
from harness.targets.command import CommandTarget
from harness.targets.reference import ReferenceTarget
from harness.targets.target import Target


def select_target(spec: str, version: str) -> Target:
    """`reference`, or `command:PATH`; a UsageProblem says what is wrong with anything else."""
    if spec == "reference":
        return ReferenceTarget(version)
    kind, _, path = spec.partition(":")
    if kind == "command" and path:
        return CommandTarget(Path(path).expanduser())
    raise UsageProblem(
        f"--executor {spec!r} names no executor",
        "give `reference`, or `command:PATH` with a file or a folder that holds `run`",
    )


def default_rules(spec: str) -> str:
    """The rule set that judges this executor where none is named."""
    return STRICT if spec == "reference" else DEFAULT_FOR_OTHERS
