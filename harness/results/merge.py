"""Several records as one: shards of a run, or parts split by -k or --fs, judged as a whole.

Only what speaks of the same thing under the same rules can be merged. A scenario that stands in
several records counts once, with its worst result: no order of the arguments hides a failure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.problem import UsageProblem
from harness.results.closing import close
from harness.results.reader import assemble
from harness.results.record import (
    CheckLine,
    ControlLine,
    Header,
    Line,
    Record,
    RoundLine,
    RunLine,
    Status,
    encode,
)
from harness.results.verdict import STATUSES, worst

_NO_FOOTER = "a record has no footer"


def subject(header: Header) -> dict[str, object]:
    """What a record speaks of, by the words for it: all of it must be the same in a merge."""
    kit = header.kit
    return {
        "the version of the suite": header.suite,
        "the rule set": header.rules,
        "the executor": replace(header.executor, files={}),
        "the kit": kit.name if kit else "",
        "the kit's files": (kit.version, kit.digest) if kit else "",
        "the kit's packages": dict(kit.packages) if kit else "",
        "the level": kit.level if kit else 0,
        "the known deviations": header.deviations,
    }


def merge(records: Sequence[Record], names: Sequence[str] = ()) -> Record:
    """One record of all; `names` is how errors call them. A single one comes back as it is.

    Raises UsageProblem where they speak of different things. The result has a footer; where a
    part has none, or was interrupted, it is incomplete at best.
    """
    if len(records) == 1:
        return records[0]
    _same_subject(records, names or [f"record {number}" for number in range(1, len(records) + 1)])
    # Which of two equal results is kept must not hang on the order of the arguments.
    parts = sorted(records, key=_age)
    owners = _owners(parts)
    plan = {name for part in parts for name in part.plan}
    left_out = {name for part in parts for name in part.left_out} - plan
    header = _header(parts, whole=not left_out)
    loose = dict.fromkeys(line for part in parts for line in part.controls if not line.scenario)
    lines = [line for number, part in enumerate(parts) for line in _own(part, number, owners)]
    body = assemble(header, [*loose, *lines], None)
    body = replace(body, plan=tuple(sorted(plan)), left_out=tuple(sorted(left_out)))
    footer = close(
        header,
        body.lines(),
        ended=max(part.footer.ended if part.footer else part.header.started for part in parts),
        digest=digest(body),
        interrupted="; ".join(dict.fromkeys(filter(None, map(_interrupted, parts)))),
    )
    return replace(body, footer=footer, notes=tuple(dict.fromkeys(_notes(parts))))


def digest(record: Record) -> str:
    """The sha256 of all lines but the footer, as they would stand in a file."""
    whole = hashlib.sha256(encode(record.header))
    for line in record.lines():
        whole.update(encode(line))
    return whole.hexdigest()


def to_bytes(record: Record) -> bytes:
    """The record as a results.jsonl of its own."""
    lines: list[Line] = [record.header, *record.lines()]
    if record.footer is not None:
        lines.append(replace(record.footer, digest=digest(record)))
    return b"".join(map(encode, lines))


def _age(record: Record) -> tuple[str, str]:
    return record.header.started, record.footer.digest if record.footer else digest(record)


def _same_subject(records: Sequence[Record], names: Sequence[str]) -> None:
    first = subject(records[0].header)
    for record, name in zip(records[1:], names[1:], strict=True):
        for what, value in subject(record.header).items():
            if value != first[what]:
                raise UsageProblem(
                    f"{name} and {names[0]} differ in {what}: they are no parts of one run",
                    "merge records of the same executor, kit, rules and suite; render others "
                    "one by one, or side by side with --format html",
                    "merge",
                )


def _owners(parts: Sequence[Record]) -> dict[str, int]:
    """For each scenario the part whose result of it counts: the worst, of equal ones the first."""
    best: dict[str, tuple[int, int]] = {}
    for number, part in enumerate(parts):
        for name, status in _statuses(part).items():
            rank = STATUSES.index(status)
            if name not in best or rank > best[name][0]:
                best[name] = rank, number
    return {name: number for name, (_, number) in best.items()}


def _statuses(part: Record) -> dict[str, Status]:
    found: dict[str, list[Status]] = {}
    for scenario in part.scenarios:
        found.setdefault(scenario.id, []).append(scenario.status)
    judged: tuple[CheckLine | RoundLine, ...] = (*part.checks, *part.rounds)
    for line in judged:
        found.setdefault(line.scenario, []).append(line.status)
    others: tuple[RunLine | ControlLine, ...] = (*part.runs, *part.controls)
    for other in others:  # an unfinished scenario may have left nothing else
        found.setdefault(other.scenario, [])
    return {name: worst(statuses) for name, statuses in found.items() if name}


def _own(part: Record, number: int, owners: dict[str, int]) -> Iterator[Line]:
    yield from (line for line in part.scenarios if owners[line.id] == number)
    for lines in (part.checks, part.runs, part.rounds, part.controls):
        yield from (line for line in lines if owners.get(line.scenario) == number)


def _header(parts: Sequence[Record], *, whole: bool) -> Header:
    headers = [part.header for part in parts]
    first = headers[0]
    kit = first.kit
    if kit is not None:
        kit = replace(kit, rounds=max(h.kit.rounds for h in headers if h.kit))
    # A part that does not say what it left out can't be known to be completed by the others.
    partial = [p.header.selection for p in parts if p.header.selection]
    known = all(p.left_out for p in parts if p.header.selection)
    selection = "" if whole and known else " or ".join(f"({s})" for s in dict.fromkeys(partial))
    return replace(
        first,
        command=_joined((h.command for h in headers), "; "),
        engine=_joined(h.engine for h in headers),
        kernel=_joined(h.kernel for h in headers),
        image=_joined(h.image for h in headers),
        workers=max(h.workers for h in headers),
        selection=partial[0] if len(set(partial)) == 1 and selection else selection,
        kit=kit,
    )


def _joined(values: Iterable[str], by: str = ", ") -> str:
    return by.join(dict.fromkeys(values))


def _interrupted(part: Record) -> str:
    return part.footer.interrupted if part.footer else _NO_FOOTER


def _notes(parts: Sequence[Record]) -> Iterator[str]:
    for part in parts:
        yield from part.notes
    seeds = list(dict.fromkeys(str(part.header.seed) for part in parts))
    if len(seeds) > 1:
        yield f"merged from parts with different seeds: {', '.join(seeds)}"
    names = [line.id for part in parts for line in part.scenarios]
    if twice := len(names) - len(set(names)):
        noun = "scenario stands" if twice == 1 else "scenarios stand"
        yield f"{twice} {noun} in several parts: the worst result of each counts"


def subjects(records: Sequence[Record]) -> list[list[Record]]:
    """The records in groups that can be merged, in the order of the first of each."""
    groups: list[tuple[dict[str, object], list[Record]]] = []
    for record in records:
        about = subject(record.header)
        for known, group in groups:
            if known == about:
                group.append(record)
                break
        else:
            groups.append((about, [record]))
    return [group for _, group in groups]
