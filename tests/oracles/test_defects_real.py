"""A miniature executor with one defect at a time, in a real guest: each fails at its clause.

The control is the same executor without a defect, which no oracle blames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    FreezeDone,
    FreezeOff,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
)
from harness.machines.host import Host
from harness.machines.layout import Layout
from harness.results.record import CheckLine, Line
from harness.results.verdict import is_bad
from harness.scenario.case import Case, Workplace
from harness.scenario.given import Given, configured, scripts
from harness.targets.command import CommandTarget
from tests.oracles import miniature

Situation = Callable[[Case], object]


def goes_well(case: Case) -> None:
    run = case.backup(Given(configured(preScriptParams=["one", "two words"]), scripts()))
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())


def without_freeze(case: Case) -> None:
    run = case.backup(Given(configured(fsFreezeEnabled=False), scripts()))
    run.expect(PreSucceeded(), FreezeOff(), SnapshotTaken(), PostSucceeded())


def with_a_retry(case: Case) -> None:
    settings = {"preScriptNoOfRetries": 2, "preScriptParams": ["3"]}
    run = case.backup(Given(configured(**settings), scripts(pre="fail-until")))
    well = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
    run.expect(*well, attempts={"pre": 3})


def pre_fails(case: Case) -> None:
    run = case.backup(Given(configured(), scripts(pre="fail")))
    failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
    run.expect(failed, FreezeDone(), SnapshotTaken(), PostSucceeded())


def snapshot_fails(case: Case) -> None:
    run = case.backup(Given(configured(), scripts()), snapshots=("fail",))
    run.expect(PreSucceeded(), FreezeDone(), SnapshotFailed(), PostSucceeded())


CONTROLS = (goes_well, without_freeze, with_a_retry, pre_fails, snapshot_fails)

#: A defect, the situation in which it shows, and the clause that must fail.
DEFECTS: tuple[tuple[str, Situation, str], ...] = (
    ("no freeze", goes_well, "SNP-01.while-frozen"),
    ("no freeze", goes_well, "FBK-07.level"),
    ("thaws early", goes_well, "FRZ-01.thaw"),
    ("freezes before pre", goes_well, "RUN-01.pre-before-freeze"),
    ("post before the snapshot", goes_well, "RUN-01.post-after-snapshot"),
    ("takes two sets", goes_well, "SNP-01.one"),
    ("downgrades", goes_well, "FBK-01.level"),
    ("no status", goes_well, "PLG-01.status"),
    ("the caller's environment", goes_well, "RUN-09.environment"),
    ("umask", goes_well, "RUN-09.umask"),
    ("no session", goes_well, "RUN-09.session"),
    ("arguments through a shell", goes_well, "CFG-06.verbatim"),
    ("leaves a process", goes_well, "ROB-03.processes"),
    ("leaves a file", goes_well, "ROB-03.files"),
    ("freezes what must not be", without_freeze, "FRZ-02.none"),
    ("no retry", with_a_retry, "RUN-03.retries"),
    ("no post", pre_fails, "FBK-03.post-runs"),
    ("claims application", pre_fails, "FBK-03.level"),
    ("misspells", pre_fails, "PLG-01.names"),
    ("exits with 0", snapshot_fails, "PLG-01.exit"),
    ("stays frozen", snapshot_fails, "FRZ-03.snapshot-failed"),
)


def failing(host: Host, folder: Path, defect: str, situation: Situation) -> dict[str, str]:
    """The clauses that fail, with what was observed, of one run of the miniature."""
    program = Path(miniature.__file__).read_text(encoding="utf-8")
    run = folder / "run"
    run.write_text(f"#!/usr/bin/python3 -I\n{program}", encoding="utf-8")
    run.chmod(0o755)
    (folder / "executor.toml").write_text(f'arguments = ["{defect}"]\n', encoding="utf-8")
    lines: list[Line] = []
    workplace = Workplace(host, CommandTarget(folder), "strict")
    case = Case(workplace, "miniature", Layout(), "ext4", lines.append)
    try:
        situation(case)
    finally:
        case.close()
    checks = [line for line in lines if isinstance(line, CheckLine)]
    assert checks
    return {line.clause: line.observed for line in checks if is_bad(line.status)}


@pytest.mark.parametrize("situation", CONTROLS, ids=lambda situation: situation.__name__)
def test_a_correct_executor_is_not_blamed(host: Host, tmp_path: Path, situation: Situation) -> None:
    assert failing(host, tmp_path, "", situation) == {}


@pytest.mark.parametrize(
    ("defect", "situation", "clause"), DEFECTS, ids=[f"{d[0]}: {d[2]}" for d in DEFECTS]
)
def test_a_defect_fails_at_its_clause(
    host: Host, tmp_path: Path, defect: str, situation: Situation, clause: str
) -> None:
    assert clause in failing(host, tmp_path, defect, situation)
