"""What a record says of how to run it again: its failures, and the command line that made it."""

from __future__ import annotations

import shlex
from pathlib import Path

from harness.problem import IncompleteProblem, UsageProblem
from harness.results.reader import read
from harness.results.record import Record
from harness.results.verdict import is_bad


def failed_of(path: Path) -> tuple[str, ...]:
    """Ids of the scenarios of a record that did not hold, or never ran; in the record's order.

    What a known deviation accepted is among them. Raises IncompleteProblem where there is none.
    """
    record = read(path)
    done = {line.id: line for line in record.scenarios}
    found = [
        scenario
        for scenario in dict.fromkeys((*record.plan, *done))
        if scenario not in done or is_bad(done[scenario].status) or done[scenario].deviation
    ]
    if not found:
        raise IncompleteProblem(
            f"nothing failed in {path}: there is nothing to run again",
            "leave --rerun-failed away to run everything",
            "rerun-failed",
        )
    return tuple(found)


def words_of(record: Record, command: str, name: str) -> list[str]:
    """The arguments of the command line that made a record; `name` is how errors call it.

    Raises UsageProblem where another command made it.
    """
    try:
        words = shlex.split(record.header.command)
    except ValueError:  # a quotation without its end
        words = [record.header.command]
    if words[1:2] != [command]:
        made = " ".join(words[:2])
        raise UsageProblem(
            f"{name} was made by `{made}`, not by `snapcert {command}`",
            f"give the results.jsonl of snapcert {command}",
            "results",
        )
    return words[2:]
