"""What stays of a scenario that can't be judged again.

A replay speaks of the whole record: what it can't judge is a gap in its verdict, and what failed
then and was not looked at since is a failure still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.contract.clauses import CATALOGUE
from harness.contract.rulesets import binding
from harness.results.record import CheckLine, Line, Record, RoundLine, RunLine, ScenarioLine
from harness.results.verdict import BAD, worst


def standing(
    record: Record, scenario: str, why: str, again: Sequence[Line], rules: str
) -> tuple[Line, ...]:
    """The lines to record, beside `again`, of a scenario that could not be judged to its end.

    `again` is what could be, by this rule set; `why` says what kept the rest from it. The last is
    the scenario's own: skipped, unless something of it failed, now or then. A failure that was
    accepted stays accepted, and makes nothing of the rest.
    """
    then = next((line for line in record.scenarios if line.id == scenario), None)
    stays: tuple[CheckLine | RoundLine, ...] = (
        *_checks(record, scenario, again, rules),
        *_rounds(record, scenario, again),
    )
    judged = [line for line in (*again, *stays) if isinstance(line, CheckLine | RoundLine)]
    statuses = [line.status for line in judged if line.status in BAD]
    if then is not None and _counts(record, then):
        statuses.append(then.status)
    status = worst(statuses, "skipped")
    own = ScenarioLine(
        scenario,
        status,
        0.0,
        message=f"it failed, and {why}" if status in BAD else "",
        skipped_reason="" if status in BAD else why,
        title=then.title if then else "",
        replay=then.replay if then else "",
        stories=then.stories if then else (),
    )
    return (*_runs(record, stays, again), *stays, own)


def _counts(record: Record, then: ScenarioLine) -> bool:
    """Whether its status says what no check of it does: a failure, or that nothing was asked."""
    checks = record.checks_of(then.id)
    failed = then.status in BAD and not any(check.status in BAD for check in checks)
    return failed or then.status == "not-applicable"


def _checks(
    record: Record, scenario: str, again: Sequence[Line], rules: str
) -> Iterator[CheckLine]:
    """What failed and was not made again: of one clause in one run, `again` has the first."""
    made = Counter((c.run, c.clause) for c in again if isinstance(c, CheckLine))
    for check in record.checks_of(scenario):
        which = (check.run, check.clause)
        if made[which]:
            made[which] -= 1
        elif check.deviation or (check.status in BAD and _binds(check, rules)):
            yield check


def _binds(check: CheckLine, rules: str) -> bool:
    """Whether its failure counts by these rules; one without an outcome does by any."""
    clause = CATALOGUE.get(check.clause)
    return clause is None or check.status != "failed" or binding(clause, rules)


def _rounds(record: Record, scenario: str, again: Sequence[Line]) -> Iterator[RoundLine]:
    made = {line.number for line in again if isinstance(line, RoundLine)}
    for line in record.rounds:
        if line.scenario == scenario and line.number not in made and line.status in BAD:
            yield line


def _runs(
    record: Record, stays: Sequence[CheckLine | RoundLine], again: Sequence[Line]
) -> Iterator[RunLine]:
    """The runs of which these lines speak, where they are not in `again`."""
    there = {line.id for line in again if isinstance(line, RunLine)}
    told = {line.run for line in stays}
    yield from (run for run in record.runs if run.id in told - there)
