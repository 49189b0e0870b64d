"""What of a record speaks against its subject, the worst harm first: what every reader shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.results.record import CheckLine, Record, RunLine, ScenarioLine
from harness.results.texts import ErrorWords, errors_named
from harness.results.verdict import STATUSES, is_bad
from harness.results.wording import HARMS

_WORST_FIRST: tuple[str, ...] = tuple(HARMS)[::-1]


@dataclass(frozen=True)
class Failure:
    """A scenario that failed, with the checks that do not hold and what the errors in it mean."""

    scenario: ScenarioLine
    checks: tuple[CheckLine, ...]
    errors: tuple[ErrorWords, ...]

    @property
    def harm(self) -> str:
        """The worst of its checks' harms, "" where none has one."""
        known = [c.harm for c in self.checks if c.harm in HARMS]
        return min(known, key=_WORST_FIRST.index, default="")


def failures(record: Record) -> tuple[Failure, ...]:
    """Every scenario of a record that failed."""
    checks = grouped(record.checks)
    runs: dict[str, RunLine] = {run.id: run for run in record.runs}
    found = []
    for scenario in record.scenarios:
        if not is_bad(scenario.status):
            continue
        own = sorted(
            (c for c in checks.get(scenario.id, ()) if is_bad(c.status)), key=check_gravity
        )
        seen = [runs[name] for name in dict.fromkeys(c.run for c in own) if name in runs]
        found.append(Failure(scenario, tuple(own), tuple(errors_named(own, seen))))
    return tuple(sorted(found, key=lambda f: gravity(f.scenario, f.checks)))


def grouped(checks: Sequence[CheckLine]) -> Mapping[str, list[CheckLine]]:
    """Checks by their scenario."""
    found: dict[str, list[CheckLine]] = {}
    for check in checks:
        found.setdefault(check.scenario, []).append(check)
    return found


def check_gravity(check: CheckLine) -> tuple[int, int]:
    """Sorts the worst check first."""
    harm = _WORST_FIRST.index(check.harm) if check.harm in HARMS else len(HARMS)
    return -STATUSES.index(check.status), harm


def gravity(scenario: ScenarioLine, checks: Sequence[CheckLine]) -> tuple[int, int, str]:
    """Sorts the scenario with the worst harm first."""
    harms = [_WORST_FIRST.index(c.harm) for c in checks if c.harm in HARMS]
    return min(harms, default=len(HARMS)), -STATUSES.index(scenario.status), scenario.id
