"""Executors that ask for the snapshot wrongly, or take its failure wrongly."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_RUN = "executor/run.py"
_WAIT = "        ended = warden.wait(self._lifeline, deadline)\n"
_THAW_FIRST = (
    "        # Thaw first: what the command waits for may be waiting for the thaw (SNP-02).\n"
)
_GIVEN_UP = "            ended = warden.stop()\n            reason"
_FAILED = "        self._happen(SnapshotFailed(reason))\n"

DEFECTS = (
    Defect(
        name="takes-two-sets",
        breaks=("SNP-01.one",),
        edits=(Edit(_RUN, _WAIT, f"{_WAIT}        warden.start(None)\n{_WAIT}"),),
        scenarios="test_application_consistent and data-ext4",
    ),
    Defect(
        name="asks-again-after-a-failure",
        breaks=("SNP-02.thaw",),
        edits=(
            Edit(
                _RUN,
                _WAIT,
                f"{_WAIT}        if ended is not None and not ended.success:\n"
                f"            warden.start(None)\n    {_WAIT}",
            ),
        ),
        scenarios="test_snapshot_fails and data-ext4",
    ),
    Defect(
        name="ends-the-command-before-the-thaw",
        breaks=("SNP-02.thaw-first",),
        edits=(
            Edit(_RUN, _THAW_FIRST, "        late = ended or warden.stop()\n"),
            Edit(_RUN, _GIVEN_UP, "            ended = late\n            reason"),
        ),
        scenarios="test_snapshot_hangs and data-ext4",
    ),
    Defect(
        name="leaves-the-commands-children",
        breaks=("SNP-02.tree",),
        edits=(Edit(_RUN, "        left = ended.left or warden.sweep()\n", "        left = 0\n"),),
        scenarios="test_command_fails and leaves",
    ),
    Defect(
        name="impatient-with-the-snapshot",
        breaks=("SNP-02.bound",),
        edits=(
            Edit(
                _RUN,
                "        deadline = freezer.deadline if freezer else "
                "now() + bound - min(1.0, bound / 10)\n",
                "        deadline = now() + bound / 10\n",
            ),
        ),
        scenarios="test_snapshot_takes_long",
    ),
    Defect(
        name="a-failed-snapshot-ends-the-run",
        breaks=("SNP-02.post",),
        edits=(
            Edit(
                _RUN,
                "            self._run_post()\n",
                "            if not any(isinstance(h, SnapshotFailed) for h in self._happenings):\n"
                "                self._run_post()\n",
            ),
        ),
        scenarios="test_snapshot_fails and data-ext4",
    ),
    Defect(
        name="takes-a-failed-snapshot-for-one",
        breaks=("SNP-02.verdict", "SNP-02.error"),
        edits=(Edit(_RUN, _FAILED, "        self._happen(SnapshotTaken())\n"),),
        scenarios="test_snapshot_fails and data-ext4",
    ),
)
