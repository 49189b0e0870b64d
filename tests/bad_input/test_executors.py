"""Executors that do not start, leave nothing or nonsense, or hang: told at PLG-01, whatever the
rule set; and what their executor.toml asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.contract.verdict import FreezeDone, NotConfigured, SnapshotTaken
from harness.machines.confinement import HOST_DEVICES
from harness.machines.engine import Engine
from harness.machines.errors import RequestFailed
from harness.machines.host import Host
from harness.machines.runs import new_run_id
from harness.problem import EngineProblem
from harness.results.record import CheckLine, Line
from harness.scenario.case import Case, ScenarioFailed, Workplace
from harness.scenario.given import Given
from harness.scenario.layouts import LAYOUTS
from harness.targets.command import CommandTarget
from tests.bad_input.conftest import assert_nothing_left, executor

Judge = Callable[[Path, str], list[CheckLine]]

#: Takes the snapshot as it should, so that only its outcome is judged.
_SNAPSHOT = '#!/bin/sh\n"$SNAPCERT_SNAPSHOT" || exit 1\n'
_GOOD = '{"status": "succeeded", "consistency": "crash", "errors": []}'


def _writes(text: str, status: int = 0) -> str:
    return (
        f"{_SNAPSHOT}cat >$SNAPCERT_STATUS <<'END'\n{text}\nEND\necho last words\nexit {status}\n"
    )


@pytest.fixture
def judge(host: Host) -> Iterator[Judge]:
    """One backup by an executor in this folder; its checks."""
    cases: list[Case] = []

    def run(folder: Path, rules: str) -> list[CheckLine]:
        lines: list[Line] = []
        place = Workplace(host, CommandTarget(folder), rules)
        case = Case(place, "scenario", LAYOUTS["data"]("ext4"), "ext4", lines.append)
        cases.append(case)
        case.backup(Given(None)).expect(NotConfigured(), FreezeDone(), SnapshotTaken())
        with pytest.raises(ScenarioFailed):
            case.conclude()
        return [line for line in lines if isinstance(line, CheckLine)]

    yield run
    for case in cases:
        case.close()


@pytest.mark.parametrize(
    ("run", "clause", "observed"),
    [
        (b"\x7fELF nonsense", "PLG-01.status", "can't be started: /opt/executor/run: Exec format"),
        (b"#!/no/such/interpreter\n", "PLG-01.status", "can't be started: /opt/executor/run: No"),
        (_SNAPSHOT, "PLG-01.status", "no status was written"),
        (_writes("nonsense"), "PLG-01.status", "not whole JSON"),
        (_writes(_GOOD[:30]), "PLG-01.status", "not whole JSON"),
        (_writes("[]"), "PLG-01.status", "a JSON list, not an object"),
        (_writes('{"status": "succeeded"}'), "PLG-01.status", "no key 'consistency'"),
        (_writes(_GOOD.replace('"succeeded"', "[1]")), "PLG-01.status", "status is [1]"),
        (_writes(_GOOD.replace("[]", "3")), "PLG-01.status", "errors is not a list"),
        (_writes(_GOOD, status=7), "PLG-01.exit", "exit status 7; its log ends: last words"),
        (_SNAPSHOT + "kill -SEGV $$\n", "PLG-01.exit", "ended by signal 11"),
    ],
    ids=[
        "no program",
        "no interpreter",
        "no status",
        "no JSON",
        "half",
        "no object",
        "a key missing",
        "wrong type",
        "wrong list",
        "another exit status",
        "a signal",
    ],
)
def test_no_usable_outcome(
    judge: Judge, tmp_path: Path, run: str | bytes, clause: str, observed: str
) -> None:
    checks = judge(executor(tmp_path / "bad", run), "2017-04")
    (bad,) = [check for check in checks if check.clause == clause]
    assert bad.status == "crashed"
    assert observed in bad.observed


def test_a_hang_ends_at_the_deadline_of_executor_toml(judge: Judge, tmp_path: Path) -> None:
    hanging = executor(
        tmp_path / "bad", "#!/bin/sh\necho waiting for nobody\nexec sleep 600\n", "deadline = 0.5"
    )
    (late,) = [c for c in judge(hanging, "2025-04") if c.clause == "PLG-01.deadline"]
    assert late.status == "hung"
    assert "waiting for nobody" in late.observed


def test_a_rule_declared_not_applicable(judge: Judge, tmp_path: Path) -> None:
    declared = '[not-applicable]\nSNP-01 = "it has no snapshots"'
    checks = judge(executor(tmp_path / "bad", "#!/bin/sh\nexit 0\n", declared), "strict")
    assert {c.status for c in checks if c.rule == "SNP-01"} == {"not-applicable"}


def test_a_setup_that_fails(judge: Judge, tmp_path: Path) -> None:
    described = "setup = ['sh', '-c', 'echo no compiler here >&2; exit 3']"
    with pytest.raises(EngineProblem, match="no compiler here") as raised:
        judge(executor(tmp_path / "bad", "#!/bin/sh\n", described), "strict")
    assert "set-up command" in raised.value.message
    assert "executor.toml" in raised.value.remedy


def test_a_full_store(engine: Engine, image: str) -> None:
    """The store is told full before a disk is made, and what is there goes on."""
    with Host.start(engine, new_run_id(), image, 160 << 20) as host:
        first = host.guest(LAYOUTS["data"]("ext4"))
        with pytest.raises(RequestFailed, match="MiB free") as raised:
            host.guest(LAYOUTS["two-disks"]("xfs"))
        assert raised.value.code == "store-full"
        assert "larger store" in raised.value.remedy
        assert raised.value.exit_code == 3
        assert first.run(["true"], deadline=20).ok


def test_no_loop_device(engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that may not ask for one stands for a machine that has none left."""
    without_control = tuple(rule for rule in HOST_DEVICES if "10:237" not in rule)
    assert without_control != HOST_DEVICES
    monkeypatch.setattr("harness.machines.host.HOST_DEVICES", without_control)
    run = new_run_id()
    with pytest.raises(RequestFailed, match="no loop device could be attached") as raised:
        Host.start(engine, run, image, 160 << 20)
    assert raised.value.code == "no-loop-device"
    assert "snapcert cleanup" in raised.value.remedy
    assert_nothing_left(engine, {run})
