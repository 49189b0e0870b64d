"""Executors that are plugged in wrongly: their outcome, their end, how they ask for the set."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

DEFECTS = (
    Defect(
        name="misspells-an-error",
        breaks=("PLG-01.names",),
        edits=(
            Edit(
                "contract/errors.py",
                '    PRE_EXECUTION_FAILED = "Pre-ScriptExecutionFailed"\n',
                '    PRE_EXECUTION_FAILED = "PreScriptExecutionFailed"\n',
            ),
        ),
        scenarios="test_pre_fails and data-ext4 and test_errors",
    ),
    Defect(
        name="writes-no-status",
        breaks=("PLG-01.status",),
        edits=(
            Edit(
                "executor/run.py",
                "    if path is None:\n        return None\n    content",
                "    if path is not None:\n        return None\n    content",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="a-failed-run-has-a-level",
        breaks=("PLG-01.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                '        return Verdict("failed", "none", errors)\n',
                '        return Verdict("failed", "crash", errors)\n',
            ),
        ),
        scenarios="test_snapshot_fails and data-ext4",
    ),
    Defect(
        name="writes-its-status-in-place",
        breaks=("PLG-01.whole",),
        edits=(
            Edit(
                "executor/state.py",
                '    temporary = f"{path}.{os.getpid()}.tmp"\n',
                "    temporary = path\n",
            ),
            Edit(
                "executor/state.py",
                "        with contextlib.suppress(OSError):\n"
                "            os.unlink(temporary)\n"
                "        raise\n",
                "        raise\n",
            ),
        ),
        scenarios="test_no_room_for_the_outcome or (test_killed_as_it_writes and whole)",
    ),
    Defect(
        name="exits-with-0",
        breaks=("PLG-01.exit",),
        edits=(
            Edit(
                "executor/run.py",
                '        status = 0 if verdict.status == "succeeded" else 1\n',
                "        status = 0\n",
            ),
        ),
        scenarios="test_snapshot_fails and data-ext4",
    ),
    Defect(
        name="the-latest-error-first",
        breaks=("PLG-01.primary",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    found.sort(key=lambda pair: pair[0])\n",
                "    found.sort(key=lambda pair: -pair[0])\n",
            ),
        ),
        scenarios="test_what_goes_wrong_together",
    ),
    Defect(
        name="never-ends",
        breaks=("PLG-01.deadline",),
        edits=(
            Edit(
                "executor/run.py",
                "        verdict = judge(self._policy, self._happenings)\n        status = 0",
                "        select.poll().poll()\n"
                "        verdict = judge(self._policy, self._happenings)\n"
                "        status = 0",
            ),
            Edit(
                "executor/run.py",
                "import os\nfrom typing",
                "import os\nimport select\nfrom typing",
            ),
        ),
        scenarios="test_snapshot_hangs and data-ext4 and not root",
    ),
    Defect(
        name="tells-the-snapshot-command-what-to-do",
        breaks=("PLG-01.snapshot",),
        edits=(
            Edit(
                "executor/run.py",
                "            command = Command((self._settings.snapshot,), "
                "self._settings.environment)\n",
                '            words = (self._settings.snapshot, "--take")\n'
                "            command = Command(words, self._settings.environment)\n",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="asks-nobody-whether-there-is-a-set",
        breaks=("PLG-01.snapshot",),
        edits=(
            Edit(
                "executor/run.py",
                "        if ended is not None and ended.success:\n",
                "        if ended is not None:\n",
            ),
        ),
        scenarios="test_snapshot_fails and data-ext4",
    ),
    Defect(
        name="reasons-that-are-no-texts",
        breaks=("PLG-01.details",),
        edits=(
            Edit(
                "executor/run.py",
                '        "reasons": {name: reasons[name] for name in verdict.errors if name in '
                "reasons},\n",
                '        "reasons": {name: [reasons.get(name)] for name in verdict.errors},\n',
            ),
        ),
        scenarios="test_warnings_and_reasons_are_texts",
    ),
    Defect(
        name="warnings-in-one-text",
        breaks=("PLG-01.details",),
        edits=(
            Edit(
                "executor/run.py",
                '        "warnings": warnings,\n',
                '        "warnings": "; ".join(warnings),\n',
            ),
        ),
        scenarios="test_warnings_and_reasons_are_texts",
    ),
)
