"""Executors that go wrong only where several things meet, or only after a while."""

from __future__ import annotations

from tests.mutants.defect import Defect, Drawn, Edit

DEFECTS = (
    Defect(
        name="post-retries-forgotten-after-a-failed-pre",
        breaks=("FBK-03.post-runs",),
        edits=(
            Edit(
                "executor/run.py",
                old="        finding = run_script(\n            self._post,\n",
                new="        failed = any(isinstance(h, ScriptFinding) for h in self._happenings)\n"
                "        finding = run_script(\n"
                "            self._post._replace(retries=0) if failed else self._post,\n",
            ),
        ),
        scenarios="test_random and test_situation",
    ),
    Defect(
        name="not-executable-counts-as-done-where-retries-are-left",
        breaks=("FBK-03.level",),
        edits=(
            Edit(
                "executor/scripts.py",
                old="        if attempt > script.retries:\n",
                new="        if ended.error is not None and script.retries:\n"
                "            return None\n"
                "        if attempt > script.retries:\n",
            ),
        ),
        scenarios="test_random and test_situation",
    ),
    Drawn(
        # What survives of it pays nothing, which it may leave to the next run; but not to one that
        # forgets it because the config is gone.
        name="no-recovery-without-a-config",
        breaks=("ROB-02.post",),
        edits=(
            Edit(
                "executor/run.py",
                old="            self._run_post()\n            if proceeds",
                new="            if not self._lifeline.killed:\n"
                "                self._run_post()\n"
                "            if proceeds",
            ),
            Edit(
                "executor/run.py",
                old="        finding = recover(self._state,",
                new="        if not os.path.exists(self._paths.config):\n"
                "            return\n"
                "        finding = recover(self._state,",
            ),
        ),
        scenarios="test_random and test_sequence",
        seed=94,
    ),
    Defect(
        name="fourth-run-is-not-frozen",
        breaks=("FRZ-01.freeze", "SNP-01.while-frozen"),
        edits=(
            Edit(
                "executor/run.py",
                old="        if not plan.freeze:\n",
                new="        logs = self._settings.log_folder\n"
                "        full = os.path.isdir(logs) and len(os.listdir(logs)) > 2\n"
                "        if full or not plan.freeze:\n",
            ),
        ),
        scenarios="test_random and test_sequence",
    ),
)
