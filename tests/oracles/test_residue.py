"""What may stay, what must not, and what must not grow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history import History, Process
from harness.oracles.residue import findings, growth, left_processes
from harness.oracles.terms import Terms
from tests.oracles.builders import history, state


def after(**changes: object) -> History:
    return history(after=replace(state(105.0), **changes))  # type: ignore[arg-type]


def test_a_pid_that_was_used_again_is_another_process() -> None:
    again = replace(state(1).processes[0], start_ticks=99)
    assert left_processes(state(1), replace(state(2), processes=(again,))) == (again,)


def test_the_applications_own_processes_are_its_own() -> None:
    worker = Process(77, 700, ("postgres: client",), "application")
    assert left_processes(state(1), replace(state(2), processes=(worker,))) == ()


def test_lasting_state_may_stand() -> None:
    files = {"/var/lib/x/journal": "-rw------- 0:0 400"}
    assert all(f.holds for f in growth([history(), after(files=files), after(files=files)]))


@pytest.mark.parametrize("log", ["/var/log/x", "/run/executor/run.log"])
def test_logs_may_grow(log: str) -> None:
    runs = [after(files={log: f"-rw------- 0:0 {n}"}) for n in (1, 2, 3)]
    assert all(f.holds for f in growth(runs))


def test_a_journal_must_not_grow() -> None:
    runs = [after(files={"/var/lib/x": f"-rw------- 0:0 {n}"}) for n in (1, 2, 3)]
    (finding,) = growth(runs)
    assert not finding.holds
    assert "/var/lib/x" in finding.observed


def test_processes_must_not_grow() -> None:
    runs = [
        after(processes=tuple(Process(n, n, ("x",)) for n in range(count))) for count in (1, 2, 3)
    ]
    assert not growth(runs)[0].holds


def test_two_runs_show_no_growth() -> None:
    assert growth([history(), history()]) == ()


def test_locks_of_the_application_come_and_go() -> None:
    worker = Process(77, 700, ("sqlite",), "application")
    run = after(processes=(*state(1).processes, worker), locks=("POSIX WRITE 77 /data/db",))
    assert all(f.holds for f in findings(run, Terms()))
