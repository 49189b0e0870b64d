"""Two executors, or two versions of one, side by side: the rules where they differ. Pure.

Both records are of the same suite, rule set and scenarios. Of a clause the worst status in any
scenario counts; a rule is shown with the clauses and the scenarios in which the two were judged
otherwise. A clause that only one of them was judged by is a difference too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.contract.clauses import CATALOGUE, TITLES
from harness.results.plain import one_line
from harness.results.record import CheckLine, Header, Record, Status
from harness.results.verdict import BAD, worst
from harness.results.wording import short_id

#: What stands where an executor has no check of a clause at all.
_ABSENT = "not judged"
_SCENARIOS_SHOWN = 3


@dataclass(frozen=True)
class Side:
    """What one executor showed of a clause: its worst status, and an observation with it."""

    status: Status | None
    observed: str = ""
    scenarios: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """ "failed in 3 scenarios", or "passed"."""
        if self.status is None:
            return _ABSENT
        if self.status == "passed" or not self.scenarios:
            return self.status
        count = len(self.scenarios)
        return f"{self.status} in {count} scenario{'s' if count > 1 else ''}"


@dataclass(frozen=True)
class Difference:
    """A clause that the two executors keep differently; `scenarios` are where."""

    clause: str
    first: Side
    second: Side
    scenarios: tuple[str, ...]

    @property
    def rule(self) -> str:
        return CATALOGUE[self.clause].rule

    @property
    def worse(self) -> bool:
        """Whether the second executor does worse than the first."""
        if self.second.status not in BAD:
            return False
        return self.first.status not in BAD or bool(
            set(self.second.scenarios) - set(self.first.scenarios)
        )


@dataclass(frozen=True)
class Versus:
    """The comparison; `notes` say what makes it weaker than it looks."""

    first: Header
    second: Header
    differences: tuple[Difference, ...]
    alike: int
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """Whether the second executor does worse anywhere."""
        return any(difference.worse for difference in self.differences)

    @property
    def sentence(self) -> str:
        count = len({difference.rule for difference in self.differences})
        if not count:
            return f"no rule is kept differently: {self.alike} clauses compared"
        rules = "1 rule is" if count == 1 else f"{count} rules are"
        return f"{rules} kept differently, {self.alike} clauses alike"

    def markdown(self) -> str:
        """As a table, one row a clause."""
        first, second = _name(self.first), _name(self.second)
        rows = [
            f"# {first} versus {second}",
            "",
            f"Rules {self.first.rules}; {self.sentence}.",
            "",
            f"| rule | clause | {first} | {second} | where |",
            "| --- | --- | --- | --- | --- |",
        ]
        rows += [
            " | ".join(
                (
                    f"| {difference.rule}",
                    CATALOGUE[difference.clause].text,
                    _cell(difference.first),
                    _cell(difference.second),
                    f"{_listed(difference.scenarios)} |",
                )
            )
            for difference in self.differences
        ]
        rows += ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join(rows) + "\n"

    def lines(self) -> Iterator[str]:
        """For a person at a terminal."""
        yield f"A  {_name(self.first)}"
        yield f"B  {_name(self.second)}"
        rule = ""
        for difference in self.differences:
            if difference.rule != rule:
                rule = difference.rule
                yield f"\n{rule}  {TITLES.get(rule, '')}".rstrip()
            yield f"  {difference.clause}: {CATALOGUE[difference.clause].text}"
            for letter, side in (("A", difference.first), ("B", difference.second)):
                detail = f": {one_line(side.observed)}" if side.observed else ""
                yield f"    {letter}  {side.words}{detail}"
            yield f"    in {_listed(difference.scenarios)}"
        yield ""
        yield from self.notes
        yield self.sentence


def versus(first: Record, second: Record) -> Versus:
    """Compare two records of one suite."""
    ours, theirs = _by_clause(first.checks), _by_clause(second.checks)
    found, alike = [], 0
    for clause in CATALOGUE:
        a, b = ours.get(clause, []), theirs.get(clause, [])
        if not a and not b:
            continue
        sides = _side(a, first.header), _side(b, second.header)
        where = _where(a, b)
        if not where or {side.status for side in sides} <= {None, "not-applicable"}:
            alike += 1
            continue
        found.append(Difference(clause, *sides, where))
    return Versus(first.header, second.header, tuple(found), alike, _notes(first, second))


def _by_clause(checks: Iterable[CheckLine]) -> dict[str, list[CheckLine]]:
    found: dict[str, list[CheckLine]] = {}
    for check in checks:
        found.setdefault(check.clause, []).append(check)
    return found


def _where(first: Sequence[CheckLine], second: Sequence[CheckLine]) -> tuple[str, ...]:
    """The scenarios in which the clause's worst status differs; all where one has no check of it.

    What a scenario asks depends on what an executor does in it: a check that only one of them has
    in a scenario is no difference by itself.
    """
    ours, theirs = _statuses(first), _statuses(second)
    if not ours or not theirs:
        return tuple(ours or theirs)
    return tuple(s for s in ours if s in theirs and ours[s] != theirs[s])


def _statuses(checks: Iterable[CheckLine]) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for check in checks:
        found[check.scenario] = worst((check.status, found.get(check.scenario, check.status)))
    return found


def _side(checks: Sequence[CheckLine], header: Header) -> Side:
    if not checks:
        return Side(None)
    status = worst(check.status for check in checks)
    if status == "not-applicable":
        return Side(status, header.executor.not_applicable.get(checks[0].rule, ""))
    such = [check for check in checks if check.status == status]
    observed = "" if status == "passed" else such[0].observed
    return Side(status, observed, tuple(dict.fromkeys(check.scenario for check in such)))


def _notes(first: Record, second: Record) -> tuple[str, ...]:
    notes = []
    if first.header.rules != second.header.rules:
        notes.append(f"judged by {first.header.rules} and by {second.header.rules}")
    only = set(first.plan) ^ set(second.plan)
    if only:
        notes.append(f"{len(only)} scenarios were run with one of them alone")
    notes += [
        f"the run of {_name(record.header)} did not reach its end"
        for record in (first, second)
        if record.footer is None or record.footer.interrupted
    ]
    return tuple(notes)


def _name(header: Header) -> str:
    return f"{header.executor.name} {header.executor.version}".strip()


def _cell(side: Side) -> str:
    text = f"{side.words}: {one_line(side.observed)}" if side.observed else side.words
    return text.replace("|", "\\|")


def _listed(scenarios: Sequence[str]) -> str:
    shown = ", ".join(short_id(scenario) for scenario in scenarios[:_SCENARIOS_SHOWN])
    more = len(scenarios) - _SCENARIOS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
