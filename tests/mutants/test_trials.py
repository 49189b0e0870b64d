"""Both ways to try a mutant notice one that is wrong and let one pass that is not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.mutants.mutations import ROOT

CONTRACT_TRIAL = """
import json
from tests.mutants.contract import TESTS, _run
from tests.mutants.mutations import read
module, tests = "contract/errors.py", [TESTS / "test_errors.py"]
source = read(module)
print(json.dumps([
    _run(module, source, tests, 60, 60).by,
    _run(module, source + "\\nDOCUMENTED = frozenset()\\n", tests, 60, 60).by,
    _run(module, "1 / 0", tests, 60, 60).how,
    _run(module, source + "\\nimport time\\ntime.sleep(60)\\n", tests, 60, 1).how,
    _run(module, source + "\\nwhile True: pass\\n", tests, 1, 60).how,
]))
"""

SCENARIO_TRIAL = """
import json
from tests.mutants.executor import packed
from tests.mutants.lines import course_of, traced_executor
from tests.mutants.mutations import read
from tests.mutants.stage import on_stage
source = read("executor/warden.py")
umask = source.replace("os.umask(0o022)", "os.umask(0o077)")
assert umask != source
def work(stage):
    (name,) = stage.scenarios
    whole = stage.play(name, packed("executor/warden.py", source), None)
    wrong = stage.play(name, packed("executor/warden.py", umask), None)
    traced = stage.play(name, traced_executor(), None)
    lines = sorted(course_of(name, 0.0, traced.told).lines)
    print(json.dumps([whole.passed, wrong.passed, wrong.clause, traced.passed, lines]))
on_stage(work, "test_application_consistent and data-ext4 and not root")
"""


def python(program: str) -> Any:
    """What a program of its own says: both ways fork, or run a pytest inside."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_contracts_tests_notice_a_wrong_contract() -> None:
    whole, wrong, broken, asleep, busy = python(CONTRACT_TRIAL)
    assert whole == ""
    assert wrong.startswith("tests/contract/test_errors.py::")
    assert broken == "the contract could not be imported"
    assert asleep == busy == "no end in time"


@pytest.mark.usefixtures("image")
def test_the_scenarios_notice_a_wrong_executor() -> None:
    whole, wrong, clause, traced, lines = python(SCENARIO_TRIAL)
    assert whole
    assert not wrong
    assert clause == "RUN-09.umask (failed)"
    assert traced
    assert {"executor/run.py", "executor/freezer.py", "executor/warden.py"} <= set(lines)
