"""Executors that read the contract another way where its sources leave it open.

Each is right under the rule sets that name no reading, and wrong under `strict`, which wants one.
"""

from __future__ import annotations

from tests.mutants.defect import Edit, Reading

DEFECTS = (
    # FBK-02b: the seed's note on permissions names no setting.
    Reading(
        name="falls-back-after-a-permission",
        breaks=("FBK-02b.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        [\n"
                "            h\n"
                "            for h in happenings\n"
                "            if not (isinstance(h, ScriptFinding) and "
                'h.name.startswith("Insufficient"))\n'
                "        ],\n"
                "        ScriptFinding,\n"
                "        FreezeFailed,\n"
                "    )\n"
                "\n"
                "\n"
                "def _mercy",
            ),
        ),
        scenarios="test_a_script_that_others_may_read and data-ext4",
    ),
    # FILE-03: 600 is the widest mode that the seed allows; 400 is narrower.
    Reading(
        name="takes-a-config-of-mode-400",
        breaks=("FILE-03.narrow",),
        edits=(
            Edit(
                "executor/precheck.py",
                "judge_config_file(config_facts, strict=True)",
                "judge_config_file(config_facts, strict=False)",
            ),
        ),
        scenarios="test_config_that_others_may_change and 0400",
    ),
    # FBK-05: the seed only says that it is not application consistent.
    Reading(
        name="a-bad-config-costs-the-backup-if-it-says-so",
        breaks=("FBK-05.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if any_of(happenings, Refused, SnapshotFailed):\n        return True\n",
                "    if any_of(happenings, Refused, SnapshotFailed, ConfigFinding):\n"
                "        return True\n",
            ),
        ),
        scenarios="test_config_lacks_a_script and data-ext4 and fail",
    ),
    # FILE-02: no source speaks of a machine that has no config.
    Reading(
        name="an-unconfigured-machine-is-not-frozen",
        breaks=("FILE-02.level",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        and not _mercy(policy, happenings),\n",
                "        and not _mercy(policy, happenings)\n"
                "        and not any_of(happenings, NotConfigured),\n",
            ),
        ),
        scenarios="test_nothing_is_configured and data-ext4",
    ),
    # FBK-06: no source says what a failed freeze costs.
    Reading(
        name="goes-on-after-a-failed-freeze",
        breaks=("FBK-06.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        happenings, ScriptFinding\n    )\n\n\ndef _mercy",
            ),
        ),
        scenarios="test_the_only_freeze_fails and fail",
    ),
    # FBK-06: nor does one say that the setting helps against it.
    Reading(
        name="a-failed-freeze-costs-the-backup",
        breaks=("FBK-06.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if any_of(happenings, Refused, SnapshotFailed):\n        return True\n",
                "    if any_of(happenings, Refused, SnapshotFailed, FreezeFailed):\n"
                "        return True\n",
            ),
        ),
        scenarios="test_the_only_freeze_fails or test_freeze_and_a_script_fail or "
        "test_single_disk_is_frozen_by_somebody_else",
    ),
    # FBK-02b: nor does the note on permissions say that the backup goes on.
    Reading(
        name="a-permission-costs-the-backup",
        breaks=("FBK-02b.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if any_of(happenings, Refused, SnapshotFailed):\n        return True\n",
                "    if any_of(happenings, Refused, SnapshotFailed) or any(\n"
                '        isinstance(h, ScriptFinding) and h.name.startswith("Insufficient")\n'
                "        for h in happenings\n"
                "    ):\n"
                "        return True\n",
            ),
        ),
        scenarios="test_a_script_that_others_may_read and data-ext4",
    ),
)
