"""What counts as the same result, and what becomes of the load."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import stability
from bench.__main__ import main as bench
from bench.stability import Result, Run, busy, checks_of, differences, not_always_made, report
from harness.results.record import CheckLine, Record, ScenarioLine, Status
from tests.results.sample import conform_header, conform_lines

ROOT = Path(__file__).resolve().parents[2]
_STARTER = """
from bench.stability import busy
with busy(1) as processes:
    print(processes[0].pid, flush=True)
    processes[0].wait()
"""


def run(**statuses: Status) -> Run:
    checks = {("test_x", clause): Result(s, "this", f"it {s}") for clause, s in statuses.items()}
    return Run("ext4", 0, 60.0, 1, checks, 2.0)


def test_the_same_results_do_not_differ() -> None:
    runs = [run(A="passed", B="warned") for _ in range(3)]
    assert differences(runs) == []
    assert not_always_made(runs) == 0


def test_a_result_that_differs_is_shown_with_its_evidence() -> None:
    (found,) = differences([run(A="passed"), run(A="failed"), run(A="passed")])
    assert (found.scenario, found.clause) == ("test_x", "A")
    assert "run 2: failed" in str(found)
    assert "observed it failed" in str(found)


def test_a_check_that_is_not_made_is_counted_and_no_difference() -> None:
    runs = [run(A="passed", B="passed"), run(A="passed"), run(A="passed", B="failed")]
    assert [d.clause for d in differences(runs)] == ["B"]
    assert not_always_made(runs) == 1
    assert "| ext4 | 3 | 1 | 2 | 60 to 60 | 2.0 to 2.0 | 1 | 1 |" in report({"ext4": runs}, "it", 2)


def test_the_worst_of_several_checks_is_the_result() -> None:
    def check(status: Status, observed: str) -> CheckLine:
        return CheckLine("test_x", "", "FBK-01.status", "FBK-01", "seed", status, "e", observed)

    lines = (check("passed", "one"), check("failed", "two"), check("passed", "three"))
    scenarios = (ScenarioLine("test_x", "failed", 1.0),)
    checks = checks_of(Record(conform_header(), scenarios=scenarios, checks=lines))
    assert checks["test_x", "FBK-01.status"] == Result("failed", "e", "two")
    assert checks["test_x", ""].status == "failed"
    assert len(checks) == 2


def test_a_real_record_has_each_of_its_checks() -> None:
    lines = tuple(conform_lines())
    made = tuple(line for line in lines if isinstance(line, CheckLine))
    checks = checks_of(Record(conform_header(), checks=made))
    assert set(checks) == {(line.scenario, line.clause) for line in made}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_load_ends_with_its_context() -> None:
    with busy(2) as processes:
        pids = [process.pid for process in processes]
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


def test_the_load_ends_where_whoever_started_it_is_killed() -> None:
    starter = subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, cwd=ROOT)
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    until = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_runs_are_compared_within_their_selection(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {"ext4": ["passed", "passed"], "ext4,xfs,btrfs": ["failed", "failed"]}
    taken = {name: iter(statuses) for name, statuses in results.items()}
    monkeypatch.setattr(
        stability,
        "conform",
        lambda filesystems, _: run(A=next(taken[filesystems])),  # type: ignore[arg-type]
    )
    assert stability.main(["--ext4", "2", "--all", "2"]) == 0
    assert "| ext4,xfs,btrfs | 2 |" in capsys.readouterr().out
    taken = {"ext4": iter(["passed", "failed"])}
    assert stability.main(["--ext4", "2", "--all", "0"]) == 1
    assert "run 2: failed" in capsys.readouterr().out


def test_options_go_to_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(stability, "main", lambda words=(): seen.append(list(words)) or 0)
    assert bench(["stability", "--ext4", "2", "--load", "1"]) == 0
    assert bench(["stability"]) == 0
    assert bench(["nothing"]) == 4
    assert seen == [["--ext4", "2", "--load", "1"], []]
