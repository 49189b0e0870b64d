"""Reads results.jsonl back, also one that was cut off.

A last line without its newline was being written when the run ended: it is left out, with a note.
Everything else that is not a line of the format, and a digest that does not match, is a
UsageProblem that names file, line and remedy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from harness.problem import UsageProblem
from harness.results.record import (
    SCHEMA,
    TYPES,
    CheckLine,
    ControlLine,
    Footer,
    Header,
    Line,
    PlanLine,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
    decode,
)
from harness.results.verdict import Verdict, judge

_REMEDY = "give the results.jsonl that snapcert wrote, unchanged"
_Kind = TypeVar("_Kind", bound=Line)


def read(path: Path) -> Record:
    """The record in a file; raises UsageProblem where it is none."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageProblem(
            f"{path} can't be read: {error.strerror}", "give the path of a results.jsonl", "results"
        ) from error


def parse(data: bytes, name: str = "results.jsonl") -> Record:
    """The record in the bytes of a file; `name` is how errors call it."""
    *whole, rest = data.split(b"\n")
    notes = []
    if rest:
        notes.append(f"the last line of {name} is torn: the run ended while it was written")
    lines: list[Line] = []
    offset = 0
    for number, raw in enumerate(whole, 1):
        if lines and isinstance(lines[-1], Footer):
            raise _problem(name, number, "stands after the footer")
        line = _line(raw, name, number, notes)
        if line is None:
            offset += len(raw) + 1
            continue
        if isinstance(line, Footer) and not _same(data[:offset], line.digest):
            raise _problem(
                name, number, "has another digest: the file was changed after it was written"
            )
        offset += len(raw) + 1
        lines.append(line)
    if not lines or not isinstance(lines[0], Header):
        raise _problem(name, 1, "is no header: this is no record of snapcert")
    footers = _only(lines, Footer)
    if not footers:
        notes.append("there is no footer: the run did not reach its end")
    return assemble(lines[0], lines[1:], footers[0] if footers else None, tuple(notes))


def assemble(
    header: Header, lines: Sequence[Line], footer: Footer | None, notes: tuple[str, ...] = ()
) -> Record:
    """A record of these lines, in the order that a Record has."""
    plans = _only(lines, PlanLine)
    return Record(
        header=header,
        plan=tuple(sorted({name for line in plans for name in line.scenarios})),
        left_out=tuple(sorted({name for line in plans for name in line.left_out})),
        scenarios=tuple(sorted(_only(lines, ScenarioLine), key=lambda line: line.id)),
        checks=tuple(sorted(_only(lines, CheckLine), key=lambda line: line.scenario)),
        runs=tuple(sorted(_only(lines, RunLine), key=lambda line: line.scenario)),
        rounds=tuple(sorted(_only(lines, RoundLine), key=lambda line: line.scenario)),
        controls=tuple(sorted(_only(lines, ControlLine), key=lambda line: line.scenario)),
        footer=footer,
        notes=notes,
    )


def verdict_of(record: Record) -> Verdict:
    """The verdict of a stored record; without a footer it is incomplete at best."""
    if record.footer is not None:
        return Verdict(record.footer.verdict, record.footer.why)
    header = record.header
    return judge(record.lines(), header.kit, "its record has no footer", header.selection)


def _line(raw: bytes, name: str, number: int, notes: list[str]) -> Line | None:
    try:
        body = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _problem(name, number, "is not JSON") from error
    if not isinstance(body, dict):
        raise _problem(name, number, "is no JSON object")
    if number == 1:
        _check_header(body, name)
    elif not isinstance(body.get("type"), str):
        raise _problem(name, number, "does not say of which type it is")
    elif body["type"] not in TYPES:
        notes.append(f"line {number} of {name} is of an unknown type and was left out")
        return None
    try:
        return decode(body)
    except ValueError as error:
        raise _problem(name, number, f"can't be understood: {error}") from error


def _no_number(word: str) -> NoReturn:
    """NaN and Infinity are no JSON, and nothing that a report could show."""
    raise ValueError(word)


def _check_header(body: dict[str, Any], name: str) -> None:
    if body.get("type") != "header":
        raise _problem(name, 1, "is no header: this is no record of snapcert")
    schema = body.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise UsageProblem(
            f"{name} has format {schema}, this snapcert reads up to {SCHEMA}",
            "use the snapcert that wrote it, or a newer one",
            "results",
        )


def _same(data: bytes, digest: str) -> bool:
    return hashlib.sha256(data).hexdigest() == digest


def _only(lines: Sequence[Line], kind: type[_Kind]) -> tuple[_Kind, ...]:
    return tuple(line for line in lines if isinstance(line, kind))


def _problem(name: str, number: int, what: str) -> UsageProblem:
    return UsageProblem(f"{name}: line {number} {what}", _REMEDY, "results")
