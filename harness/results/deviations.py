"""Known deviations: failures that are accepted for a while, each with a reason and an owner. Pure.

A TOML file with tables `[[deviation]]`. It is strict both ways: a failure that no entry names
fails, and an entry that no longer fails, or has expired, is an error (exit code 4), so that the
file never hides a regression or keeps what is long mended.

What an entry accepts keeps its observation, its harm and its consequence, and is shown as what it
is; only its status becomes "warned". Nothing of it is certified.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from harness.problem import UsageProblem
from harness.results.record import (
    CheckLine,
    Deviation,
    Header,
    Line,
    PlanLine,
    RoundLine,
    ScenarioLine,
)
from harness.results.verdict import BAD, EXECUTED, worst

_REF = "known-deviations"
_KEYS = tuple(field.name for field in fields(Deviation))
_REQUIRED = ("reason", "link", "owner", "expires")
#: A key of the file alone: it stands for as many entries as instances.
_INSTANCES = "instances"

#: The level at which a certification has looked at all that a kit can do wrong.
FULL_LEVEL = 4


def parse(text: str, name: str, today: dt.date, known: Collection[str]) -> tuple[Deviation, ...]:
    """The entries of a file that errors call `name`; `known` are the ids of rules and clauses.

    Raises UsageProblem where one is malformed, names what there is not, stands twice or has
    expired.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{name} is no TOML: {error}", "mend that place", _REF) from None
    if unknown := sorted(data.keys() - {"deviation"}):
        raise UsageProblem(
            f"{name} has an unknown key {unknown[0]!r}", "write tables [[deviation]]", _REF
        )
    tables = data.get("deviation", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageProblem(
            f"{name}: deviation is no list of tables", "write tables [[deviation]]", _REF
        )
    found: list[Deviation] = []
    for number, table in enumerate(tables, 1):
        for entry in _entries(table, f"{name}: deviation {number}", known):
            if _same(entry, found):
                raise UsageProblem(
                    f"{name}: deviation {number} names {subject(entry)} a second time",
                    "keep one of the two",
                    _REF,
                )
            found.append(entry)
    if late := [entry for entry in found if dt.date.fromisoformat(entry.expires) <= today]:
        first = late[0]
        raise UsageProblem(
            f"{name}: {subject(first)} has expired on {first.expires} ({len(late)} expired)",
            f"mend it, or let {first.owner} decide anew and give it another day: {first.link}",
            _REF,
        )
    return tuple(found)


def subject(entry: Deviation) -> str:
    """What an entry is about, in words."""
    parts = [entry.clause, f"in {entry.scenario}" if entry.clause else entry.scenario]
    about = " ".join(part for part in parts if part and part != "in ")
    return f"{about} of kit {entry.kit}" if entry.kit else about


def told(entry: Deviation) -> str:
    """An entry as results show it."""
    return f"known deviation until {entry.expires}: {entry.reason} ({entry.owner}, {entry.link})"


def of_kit(entries: Sequence[Deviation], kit: str) -> tuple[Deviation, ...]:
    """Those that speak of a run: of this kit ("" for a conformance run), or of anything."""
    return tuple(entry for entry in entries if entry.kit in ("", kit))


def excuse(lines: Sequence[Line], entries: Sequence[Deviation]) -> list[Line]:
    """The lines of one scenario, those that failed by a known deviation as such.

    A round becomes as bad as what is left of its checks; other lines are as they were.
    """
    excused = [_excused(line, entries) if isinstance(line, CheckLine) else line for line in lines]
    checks = [line for line in excused if isinstance(line, CheckLine)]
    return [
        replace(line, status=worst((c.status for c in checks if c.run == line.run), "warned"))
        if isinstance(line, RoundLine) and line.status in BAD and any(c.deviation for c in checks)
        else line
        for line in excused
    ]


def excuse_scenario(
    line: ScenarioLine, lines: Sequence[Line], entries: Sequence[Deviation], *, by_checks: bool
) -> ScenarioLine:
    """The line of a scenario whose checks were excused already.

    `by_checks`: it failed by its checks alone, so that it holds where all that failed is excused.
    An entry of the scenario itself also accepts a failure that is no check's.
    """
    if line.status not in BAD:
        return line
    checks = [check for check in lines if isinstance(check, CheckLine)]
    if any(check.status in BAD for check in checks):
        return line
    said = list(dict.fromkeys(check.deviation for check in checks if check.deviation))
    own = [told(e) for e in entries if not e.clause and _names(e, line.id)]
    if not own and not (said and by_checks):
        return line
    said = said or own
    return replace(line, status="warned", deviation="; ".join(said), message="; ".join(said))


def stale(header: Header, lines: Sequence[Line], interrupted: str = "") -> tuple[str, ...]:
    """Sentences about the entries of a run that name nothing which fails; none where all do.

    An entry is stale where what it names was executed and did not fail; in a whole conformance
    run, and in a kit's at the full level, also where nothing that it names was executed at all. A
    run that did not reach its end tells nothing.
    """
    if interrupted or any(
        isinstance(line, ScenarioLine) and line.status == "harness-error" for line in lines
    ):
        return ()
    full = header.kit is None or header.kit.level >= FULL_LEVEL
    whole = full and not (header.selection or header.replay)
    found = []
    for entry in header.deviations:
        executed, failing = _met(entry, lines)
        if failing:
            continue
        if executed:
            found.append(f"{subject(entry)} is a known deviation and does not fail any more")
        elif whole and not _skipped(entry, lines):
            found.append(f"{subject(entry)} is a known deviation and names nothing that was run")
    return tuple(found)


def excused(lines: Sequence[Line]) -> tuple[str, ...]:
    """What was accepted in a run, each entry once, with how often."""
    said = [line.deviation for line in lines if isinstance(line, CheckLine) and line.deviation]
    said += [
        line.deviation
        for line in lines
        if isinstance(line, ScenarioLine) and line.deviation and line.deviation not in said
    ]
    return tuple(f"{text}: {said.count(text)} times" for text in dict.fromkeys(said))


def _entries(table: Mapping[str, Any], place: str, known: Collection[str]) -> list[Deviation]:
    """A table's entry; where it lists instances of its scenario, one for each."""
    given = dict(table)
    instances = given.pop(_INSTANCES, None)
    entry = _entry(given, place, known)
    if instances is None:
        return [entry]
    texts = isinstance(instances, list) and all(isinstance(one, str) and one for one in instances)
    if not texts or not instances:
        raise UsageProblem(
            f"{place}: {_INSTANCES} is no list of texts",
            f'list what stands in the brackets of the ids: {_INSTANCES} = ["data-ext4"]',
            _REF,
        )
    if not entry.scenario or "[" in entry.scenario:
        raise UsageProblem(
            f"{place} has {_INSTANCES} and no scenario that they are of",
            "give scenario = its id without the brackets",
            _REF,
        )
    return [replace(entry, scenario=f"{entry.scenario}[{one}]") for one in instances]


def _entry(table: Mapping[str, Any], place: str, known: Collection[str]) -> Deviation:
    given = dict(table)
    if isinstance(given.get("expires"), dt.date) and not isinstance(given["expires"], dt.datetime):
        given["expires"] = given["expires"].isoformat()
    if "rule" in given and "clause" not in given:
        given["clause"] = given.pop("rule")
    for key, value in given.items():
        if key not in _KEYS:
            keys = ("rule", *_KEYS, _INSTANCES)
            near = get_close_matches(key, keys, 1)
            hint = f"did you mean {near[0]}?" if near else f"keys are {', '.join(keys)}"
            raise UsageProblem(f"{place} has an unknown key {key!r}", hint, _REF)
        if not isinstance(value, str) or not value.strip():
            raise UsageProblem(f"{place}: {key} is no text", f"give {key} as a text", _REF)
    for key in _REQUIRED:
        if key not in given:
            raise UsageProblem(
                f"{place} has no {key}",
                "a known deviation says why, where it is tracked, whose it is and until when",
                _REF,
            )
    try:
        dt.date.fromisoformat(given["expires"])
    except ValueError:
        raise UsageProblem(
            f"{place}: expires is no day: {given['expires']!r}", "write it as 2027-03-31", _REF
        ) from None
    entry = Deviation(**given)
    if not entry.clause and not entry.scenario:
        raise UsageProblem(
            f"{place} names neither a rule, a clause nor a scenario",
            "give clause = the id of a rule or clause, scenario = a scenario's id, or both",
            _REF,
        )
    if entry.clause and entry.clause not in known:
        near = get_close_matches(entry.clause, list(known), 3)
        hint = f"did you mean {', '.join(near)}?" if near else "`snapcert explain` knows the ids"
        raise UsageProblem(f"{place} names {entry.clause!r}, which there is not", hint, _REF)
    return entry


def _same(entry: Deviation, others: Sequence[Deviation]) -> bool:
    key = (entry.clause, entry.scenario, entry.kit)
    return any(key == (other.clause, other.scenario, other.kit) for other in others)


def _excused(check: CheckLine, entries: Sequence[Deviation]) -> CheckLine:
    if check.status not in BAD:
        return check
    entry = next((entry for entry in entries if _speaks_of(entry, check)), None)
    if entry is None:
        return check
    means = f". It means: {check.consequence}" if check.consequence else ""
    return replace(
        check, status="warned", deviation=told(entry), consequence=f"{told(entry)}{means}"
    )


def _speaks_of(entry: Deviation, check: CheckLine) -> bool:
    if entry.clause and entry.clause not in (check.clause, check.rule):
        return False
    return not entry.scenario or _names(entry, check.scenario)


def _names(entry: Deviation, scenario: str) -> bool:
    """A scenario by its whole id, or all instances of one by the id without its parameters."""
    return entry.scenario in (scenario, scenario.partition("[")[0])


def _met(entry: Deviation, lines: Sequence[Line]) -> tuple[bool, bool]:
    """Whether what it names was executed, and whether any of that failed, excused or not."""
    named: list[CheckLine | ScenarioLine] = []
    for line in lines:
        if entry.clause:
            if isinstance(line, CheckLine) and _speaks_of(entry, line):
                named.append(line)
        elif isinstance(line, ScenarioLine) and _names(entry, line.id):
            named.append(line)
    executed = any(line.status in EXECUTED for line in named)
    return executed, any(line.status in BAD or line.deviation for line in named)


def _skipped(entry: Deviation, lines: Sequence[Line]) -> bool:
    """Whether a scenario that it names was planned, and not judged."""
    planned = [i for line in lines if isinstance(line, PlanLine) for i in line.scenarios]
    return bool(entry.scenario) and any(_names(entry, scenario) for scenario in planned)
