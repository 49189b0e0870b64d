"""Executors that draw the wrong verdict from what happened."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

DEFECTS = (
    Defect(
        name="fails-a-good-run",
        breaks=("FBK-01.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                '    return Verdict("succeeded", _level(policy, happenings), errors)\n',
                "    if not errors:\n"
                '        return Verdict("failed", "none", errors)\n'
                '    return Verdict("succeeded", _level(policy, happenings), errors)\n',
            ),
        ),
        scenarios="test_application_consistent and data-ext4",
    ),
    Defect(
        name="belittles-a-good-run",
        breaks=("FBK-01.level",),
        edits=(
            Edit(
                "contract/verdict.py",
                '        return "application"\n',
                '        return "file-system"\n',
            ),
        ),
        scenarios="test_application_consistent and data-ext4",
    ),
    Defect(
        name="forgives-a-missing-script",
        breaks=(
            "FBK-02a.status",
            "FBK-02a.no-snapshot",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        [h for h in happenings if not (isinstance(h, ScriptFinding) and "
                'h.name.endswith("NotFound"))], ScriptFinding, FreezeFailed\n'
                "    )\n"
                "\n"
                "\n"
                "def _mercy",
            ),
        ),
        scenarios="test_a_script_is_not_there and data-ext4 and fail",
    ),
    Defect(
        name="forgives-a-permission",
        breaks=(
            "FBK-02b.status",
            "FBK-02b.no-snapshot",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        [h for h in happenings if not (isinstance(h, ScriptFinding) and "
                'h.name.startswith("Insufficient"))], ScriptFinding, FreezeFailed\n'
                "    )\n"
                "\n"
                "\n"
                "def _mercy",
            ),
        ),
        scenarios="test_a_script_that_others_may_read and data-ext4 and fail",
    ),
    Defect(
        name="forgives-a-failed-pre-script",
        breaks=(
            "FBK-03.status",
            "FBK-03.no-snapshot",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        [h for h in happenings if not (isinstance(h, ScriptFinding) and "
                'h.phase == "pre")], ScriptFinding, FreezeFailed\n'
                "    )\n"
                "\n"
                "\n"
                "def _mercy",
            ),
        ),
        scenarios="test_pre_fails and data-ext4 and fail",
    ),
    Defect(
        name="forgives-a-failed-post-script",
        breaks=("FBK-04.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        [h for h in happenings if not (isinstance(h, ScriptFinding) and "
                'h.phase == "post")], ScriptFinding, FreezeFailed\n'
                "    )\n"
                "\n"
                "\n"
                "def _mercy",
            ),
        ),
        scenarios="test_post_fails and data-ext4 and fail",
    ),
    Defect(
        name="forgives-a-failed-freeze",
        breaks=(
            "FBK-06.status",
            "FBK-06.no-snapshot",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                "        happenings, ScriptFinding, FreezeFailed\n    )\n\n\ndef _mercy",
                "        happenings, ScriptFinding\n    )\n\n\ndef _mercy",
            ),
        ),
        scenarios="test_the_only_freeze_fails and fail",
    ),
    Defect(
        name="application-after-a-finding",
        breaks=(
            "FBK-02a.level",
            "FBK-02b.level",
            "FBK-02b.never-application",
            "FBK-03.level",
            "FBK-04.level",
            "FBK-05.level",
            "FBK-05.never-application",
            "FBK-07.level",
            "FBK-08.either",
            "FILE-02.level",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                '    return "file-system" if any_of(happenings, FreezeDone) else "crash"\n',
                '    return "application"\n',
            ),
        ),
        scenarios="(test_errors and continue) or test_nothing_is_configured",
    ),
    Defect(
        name="scripts-run-before-the-other-is-judged",
        breaks=(
            "FBK-02a.no-scripts",
            "FBK-02b.no-scripts",
        ),
        edits=(
            Edit(
                "executor/precheck.py",
                'judge_script("pre", pre) or judge_script("post", post)',
                'judge_script("pre", pre)',
            ),
        ),
        scenarios="(test_a_script_is_not_there or test_a_script_that_others_may_read) and "
        "data-ext4 and post",
    ),
    Defect(
        name="no-post-script-after-a-failure",
        breaks=("FBK-03.post-runs",),
        edits=(
            Edit(
                "executor/run.py",
                "        if self._post is None or warden is None:\n",
                "        if self._post is None or warden is None or any(\n"
                "            isinstance(happening, ScriptFinding) for happening in "
                "self._happenings\n"
                "        ):\n",
            ),
        ),
        scenarios="test_pre_fails and data-ext4",
    ),
    Defect(
        name="a-failed-freeze-costs-the-post-script",
        breaks=("FBK-06.post-runs",),
        edits=(
            Edit(
                "executor/run.py",
                "        if self._post is None or warden is None:\n",
                "        if self._post is None or warden is None or any(\n"
                "            isinstance(happening, FreezeFailed) for happening in "
                "self._happenings\n"
                "        ):\n",
            ),
        ),
        scenarios="test_the_only_freeze_fails",
    ),
    Defect(
        name="a-bad-config-costs-the-backup",
        breaks=("FBK-05.status",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if any_of(happenings, Refused, SnapshotFailed):\n        return True\n",
                "    if any_of(happenings, Refused, SnapshotFailed, ConfigFinding, "
                "PluginHostFinding):\n"
                "        return True\n",
            ),
        ),
        scenarios="(test_config_lacks_a_script or test_errors and test_plugin_host_file) and "
        "data-ext4",
    ),
    Defect(
        name="a-corrupt-plugin-host-file-is-replaced",
        breaks=("FBK-05.no-scripts",),
        edits=(
            Edit(
                "executor/precheck.py",
                '        return PluginHostProblem(host.reason, f"{where}: {host.detail}")\n',
                "        return parse_plugin_host(paths.own_plugin_host)\n",
            ),
        ),
        scenarios="test_errors and test_plugin_host_file_is_corrupt and data-ext4",
    ),
    Defect(
        name="a-failed-freeze-costs-no-level",
        breaks=("FBK-06.level",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if _mercy(policy, happenings) or any_of(happenings, FreezeFailed):\n",
                "    if _mercy(policy, happenings):\n",
            ),
        ),
        scenarios="test_the_only_freeze_fails or test_freeze_and_a_script_fail",
    ),
    Defect(
        name="a-single-disk-is-not-spared",
        breaks=(
            "FBK-08.script-finding",
            "FBK-08.freeze-failure",
        ),
        edits=(
            Edit(
                "contract/verdict.py",
                "    return _forbidden(policy, happenings) and not policy.single_disk\n",
                "    return _forbidden(policy, happenings)\n",
            ),
        ),
        scenarios="single-disk-ext4 and fail and (test_pre_fails or test_single_disk_is)",
    ),
    # FBK-08: file-system or crash for others; what was frozen the reference tells.
    Defect(
        name="a-frozen-single-disk-is-called-crash",
        breaks=("FBK-08.either",),
        edits=(
            Edit(
                "contract/verdict.py",
                "    if _mercy(policy, happenings) or any_of(happenings, FreezeFailed):\n",
                "    script = policy.single_disk and any_of(happenings, ScriptFinding)\n"
                "    if script or any_of(happenings, FreezeFailed):\n",
            ),
        ),
        scenarios="single-disk-ext4 and continue and test_errors and test_pre_fails",
    ),
    Defect(
        name="a-single-disk-is-frozen-for-nothing",
        breaks=("FBK-08.no-freeze",),
        edits=(
            Edit(
                "contract/verdict.py",
                "        and effective_policy(policy, happenings).fsfreeze\n"
                "        and not _mercy(policy, happenings),\n",
                "        and effective_policy(policy, happenings).fsfreeze,\n",
            ),
        ),
        scenarios="single-disk-ext4 and fail and test_errors and test_pre_fails",
    ),
)
