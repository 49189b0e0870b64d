"""Executors that run scripts wrongly."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

DEFECTS = (
    Defect(
        name="umask-of-the-caller",
        breaks=("RUN-09.umask",),
        edits=(Edit("executor/warden.py", old="        os.umask(0o022)\n", new=""),),
        scenarios="test_application_consistent and data-ext4",
    ),
)
