"""Did anything get worse? Two sets of records of the same thing, BASE and NEW. Pure.

Each side may hold several records: repeats of one run, or its parts. A scenario *holds* where it
passed (with or without warnings) in every repeat that judged it, *fails* where it failed in every
one, and is *flaky* where it did both. A repeat that planned it and can't tell (skipped, not
applicable, the harness failed, the run ended before) did not judge it: a failure is not mended by
not looking. What is accepted as a known deviation fails all the same.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from harness.problem import UsageProblem
from harness.results.plain import one_line, seconds
from harness.results.record import Header, Record
from harness.results.slower import FEWEST, enough, measures, same_machine, slower
from harness.results.verdict import BAD, EXECUTED

Kind = Literal[
    "newly-failing",
    "newly-skipped",
    "removed",
    "flaky",
    "slower",
    "fixed",
    "newly-warned",
    "added",
]
#: In the order in which they are told, the worst first.
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Those that say of a scenario that it fails.
_FAILING: tuple[Kind, ...] = ("newly-failing", "flaky")

#: What stands for a scenario that was planned and has no line.
_NEVER = "never ran"


class Standing(enum.Enum):
    """How a scenario stands on one side, over all repeats."""

    HOLDS = "holds"
    FAILS = "fails"
    FLAKY = "flaky"
    SILENT = "not judged"
    ABSENT = "not there"


@dataclass(frozen=True)
class Seen:
    """One scenario on one side: a status for each repeat, and the clauses that failed in any."""

    statuses: tuple[str, ...] = ()
    clauses: frozenset[str] = frozenset()
    why: str = ""

    @property
    def standing(self) -> Standing:
        """The sum of all repeats."""
        if not self.statuses:
            return Standing.ABSENT
        judged = [status for status in self.statuses if status in EXECUTED]
        if not judged:
            return Standing.SILENT
        bad = sum(status in BAD for status in judged)
        if bad == len(judged):
            return Standing.FAILS
        return Standing.FLAKY if bad else Standing.HOLDS

    @property
    def words(self) -> str:
        """ "passed", or over several repeats "2 of 3 passed, 1 of 3 failed"."""
        if not self.statuses:
            return "not there"
        total = len(self.statuses)
        counted = {status: self.statuses.count(status) for status in dict.fromkeys(self.statuses)}
        if len(counted) == 1:
            return f"{self.statuses[0]} in each of {total}" if total > 1 else self.statuses[0]
        return ", ".join(f"{status} in {count} of {total}" for status, count in counted.items())

    def any(self, status: str) -> bool:
        """Whether any repeat ended so."""
        return status in self.statuses

    @property
    def unjudged(self) -> bool:
        """Whether any repeat has no judgement of it."""
        return any(status not in EXECUTED for status in self.statuses)


@dataclass(frozen=True)
class Change:
    """One difference; `worse` says whether NEW is worse for it."""

    kind: Kind
    subject: str
    detail: str
    worse: bool


@dataclass(frozen=True)
class Comparison:
    """All differences, the worst first; `notes` say what bears on how far to trust them."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    scenarios: int = 0

    @property
    def worse(self) -> bool:
        return any(change.worse for change in self.changes)

    @property
    def exit_code(self) -> int:
        """0 where nothing is worse, else 1."""
        return int(self.worse)

    @property
    def sentence(self) -> str:
        """ "worse: 1 newly failing, 2 slower", or that nothing is."""
        bad = [change.kind for change in self.changes if change.worse]
        if not bad:
            return f"nothing is worse: {self.scenarios} scenarios compared"
        counts = [f"{bad.count(kind)} {_name(kind)}" for kind in KINDS if kind in bad]
        return f"worse: {', '.join(counts)}"

    def to_data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "worse": self.worse,
            "exit_code": self.exit_code,
            "scenarios": self.scenarios,
            "changes": [
                {"kind": c.kind, "subject": c.subject, "detail": c.detail, "worse": c.worse}
                for c in self.changes
            ],
            "notes": list(self.notes),
        }

    def lines(self) -> Iterator[str]:
        """For a person: each kind with its changes, the notes, the sentence."""
        for kind in KINDS:
            found = [change for change in self.changes if change.kind == kind]
            if not found:
                continue
            yield f"{_name(kind)} ({len(found)})"
            for change in found:
                yield f"  {one_line(change.subject)}"
                mark = "worse: " if change.worse else ""
                yield f"    {mark}{one_line(change.detail)}"
        for note in self.notes:
            yield f"note: {one_line(note)}"
        yield self.sentence


@dataclass
class _Side:
    """Everything of one side by scenario, and the clauses that it judged anywhere."""

    records: Sequence[Record]
    seen: dict[str, Seen] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, records: Sequence[Record]) -> _Side:
        statuses: defaultdict[str, list[str]] = defaultdict(list)
        clauses: defaultdict[str, set[str]] = defaultdict(set)
        why: dict[str, str] = {}
        judged = set()
        for record in records:
            for check in record.checks:
                if check.status in EXECUTED:
                    judged.add(check.clause)
                if check.status in BAD or check.deviation:
                    clauses[check.scenario].add(check.clause)
            ran = set()
            for line in record.scenarios:
                ran.add(line.id)
                if record.header.replay and line.status == "skipped":
                    continue  # not stored, so not asked for
                statuses[line.id].append("failed" if line.deviation else line.status)
                why.setdefault(line.id, line.skipped_reason or line.message)
            for scenario in record.plan:
                if scenario not in ran:
                    statuses[scenario].append(_NEVER)
        seen = {
            scenario: Seen(tuple(found), frozenset(clauses[scenario]), why.get(scenario, ""))
            for scenario, found in statuses.items()
        }
        return cls(records, seen, judged)

    @property
    def partial(self) -> bool:
        """Whether no record of this side is about the whole suite."""
        return all(record.header.selection or record.header.replay for record in self.records)


def compare(base: Sequence[Record], new: Sequence[Record]) -> Comparison:
    """NEW held against BASE; a UsageProblem where they are not about the same thing."""
    _require_alike(base, new)
    before, after = _Side.of(base), _Side.of(new)
    changes = list(_by_scenario(before, after))
    if not after.partial:
        changes += [
            Change("removed", f"clause {clause}", "judged in BASE, nowhere in NEW", worse=True)
            for clause in sorted(before.judged - after.judged)
        ]
    slow, few = _slower(base, new)
    changes += slow
    notes = [*_notes(base, new, before, after), *few]
    changes.sort(key=lambda change: (KINDS.index(change.kind), change.subject))
    both = before.seen.keys() & after.seen.keys()
    return Comparison(tuple(changes), tuple(notes), len(both))


def accepting(found: Comparison, new: Sequence[Record]) -> Comparison:
    """The same, where what a known deviation of NEW accepts is told as ever, but is not worse.

    A gate asks that: what NEW accepts has a reason and an owner, and may be new.
    """
    accepted = {line.id: line.deviation for r in new for line in r.scenarios if line.deviation}
    for line in (line for record in new for line in record.scenarios if line.status in BAD):
        accepted.pop(line.id, None)
    return replace(
        found,
        changes=tuple(
            replace(change, detail=f"{change.detail}; {accepted[change.subject]}", worse=False)
            if change.kind in _FAILING and change.subject in accepted
            else change
            for change in found.changes
        ),
    )


def change_of(scenario: str, base: Seen, new: Seen) -> Change | None:
    """The difference of one scenario that NEW has, None where there is none."""
    now, then = new.standing, base.standing
    bad = (Standing.FAILS, Standing.FLAKY)
    told = f"{base.words} in BASE, {new.words} in NEW"
    failed = f": {', '.join(sorted(new.clauses))}" if new.clauses else ""
    if now is Standing.FAILS and then is not Standing.FAILS:
        return Change("newly-failing", scenario, told + failed, worse=True)
    if now in bad and then in bad and (more := sorted(new.clauses - base.clauses)):
        return Change("newly-failing", scenario, f"fails also at {', '.join(more)}", worse=True)
    if now is Standing.FLAKY:
        return Change("flaky", scenario, told + failed, worse=then not in bad)
    hushed = now is Standing.SILENT and then in (*bad, Standing.HOLDS)
    at_times = now is Standing.HOLDS and new.unjudged and base.statuses and not base.unjudged
    if hushed or at_times:
        because = f" ({new.why})" if new.why else ""
        return Change("newly-skipped", scenario, told + because, worse=True)
    if then is Standing.ABSENT:
        return Change("added", scenario, new.words, worse=False)
    if now is Standing.HOLDS and then in bad:
        return Change("fixed", scenario, told, worse=False)
    if new.any("warned") and not base.any("warned"):
        return Change("newly-warned", scenario, told, worse=False)
    return None


def _by_scenario(before: _Side, after: _Side) -> Iterator[Change]:
    for scenario in {**before.seen, **after.seen}:
        base = before.seen.get(scenario, Seen())
        if scenario in after.seen:
            change = change_of(scenario, base, after.seen[scenario])
            if change is not None:
                yield change
        elif not after.partial:
            yield Change("removed", scenario, f"{base.words} in BASE", worse=True)


def _slower(base: Sequence[Record], new: Sequence[Record]) -> tuple[list[Change], list[str]]:
    if not same_machine([*base, *new]):
        return [], ["times were not compared: the kernel or the engine is another one"]
    then, now = measures(base), measures(new)
    both = [measure for measure in now if measure in then]
    judged = [measure for measure in both if enough(then[measure], now[measure])]
    changes = []
    for what, where in judged:
        old, late = then[what, where], now[what, where]
        if slower(old, late):
            detail = (
                f"median {what} {seconds(old.median)} in BASE (± {seconds(old.deviation)}, "
                f"{len(old.values)} values), {seconds(late.median)} in NEW "
                f"(± {seconds(late.deviation)}, {len(late.values)} values)"
            )
            changes.append(Change("slower", f"{what} of {where}", detail, worse=True))
    notes = []
    if missing := len(both) - len(judged):
        notes.append(
            f"{missing} of {len(both)} times were not compared: each side needs {FEWEST} values; "
            "give several records"
        )
    return changes, notes


def _require_alike(base: Sequence[Record], new: Sequence[Record]) -> None:
    subjects = [_subject(record.header) for record in (*base, *new)]
    if len(set(subjects)) > 1:
        raise UsageProblem(
            f"these records are not about the same thing: {', '.join(dict.fromkeys(subjects))}",
            "compare conformance with conformance, and a kit's certification with that kit's",
            "compare",
        )


def _subject(header: Header) -> str:
    return f"kit {header.kit.name}" if header.kit else "conformance"


def _notes(
    base: Sequence[Record], new: Sequence[Record], before: _Side, after: _Side
) -> Iterator[str]:
    facts: tuple[tuple[str, Callable[[Header], str]], ...] = (
        ("the suite's version", lambda h: h.suite),
        ("the rule set", lambda h: h.rules),
        ("the executor", lambda h: f"{h.executor.name} {h.executor.version}".strip()),
        ("the kit's version", lambda h: h.kit.version if h.kit else ""),
        ("the certification's level", lambda h: str(h.kit.level) if h.kit else ""),
    )
    for what, values in facts:
        then = sorted({values(record.header) for record in base})
        now = sorted({values(record.header) for record in new})
        if then != now:
            yield f"{what} differs: {', '.join(then)} in BASE, {', '.join(now)} in NEW"
    if len({record.header.seed for record in (*base, *new)}) > 1:
        yield "the seeds differ: what is drawn by chance is not the same"
    if after.partial:
        left_out = len(before.seen.keys() - after.seen.keys())
        chosen = ", ".join(sorted({record.header.selection or "judged again" for record in new}))
        yield f"NEW is a part ({chosen}): {left_out} scenarios of BASE were not asked for"
    for name, side in (("BASE", base), ("NEW", new)):
        if torn := sum(record.footer is None for record in side):
            yield f"{torn} of {len(side)} records of {name} did not reach their end"


def _name(kind: Kind) -> str:
    return kind.replace("-", " ")
