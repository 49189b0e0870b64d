"""The command line that a record keeps, parsed again: whoever wrote it, it may say anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.problem import UsageProblem
from harness.results.reader import read
from harness.scenario.again import words_of


def given_then(command: click.Command, path: Path) -> Mapping[str, Any]:
    """The parameters with which `command` made the record at `path`.

    Raises UsageProblem where another command made it, or this one takes no such line.
    """
    name = command.name or ""
    words = words_of(read(path), name, str(path))
    try:
        # Without --help: it would print a page and end well.
        return command.make_context(name, words, help_option_names=[]).params
    except click.ClickException as error:
        raise UsageProblem(
            f"{path} was made by a command line that `snapcert {name}` does not take: "
            f"{error.format_message()}",
            f"give a results.jsonl that `snapcert {name}` of this version wrote, unmerged",
            "results",
        ) from error
