"""Executors that are right but for one edge of the rules of freeze, snapshot, kills and words."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_FREEZER = "executor/freezer.py"
_MAIN = "executor/main.py"
_MOUNTS = "executor/mounts.py"
_RUN = "executor/run.py"
_SCRIPTS = "executor/scripts.py"
_SETTINGS = "executor/settings.py"
_STATE = "executor/state.py"
_WARDEN = "executor/warden.py"

_DEADLINE = (
    "        deadline = freezer.deadline if freezer else now() + bound - min(1.0, bound / 10)\n"
)
_SWEPT = "        left = ended.left or warden.sweep()\n"

DEFECTS = (
    # -- the freeze
    Defect(
        name="impatient-where-nothing-is-frozen",
        breaks=("SNP-02.bound",),
        edits=(
            Edit(
                _RUN,
                _DEADLINE,
                "        deadline = freezer.deadline if freezer else now() + bound / 10\n",
            ),
        ),
        scenarios="test_snapshot_takes_long_with_freeze_off",
    ),
    Defect(
        name="counts-the-bound-from-the-request",
        breaks=("FRZ-03.bound",),
        edits=(
            Edit(_RUN, _DEADLINE, "        deadline = now() + bound - min(1.0, bound / 10)\n"),
            Edit(
                _FREEZER,
                "                freeze(held.descriptor)\n",
                "                freeze(held.descriptor)\n"
                "                self._until = now() + self._bound\n",
            ),
        ),
        scenarios="test_a_slow_freeze_leaves_the_snapshot_less_time",
    ),
    Defect(
        name="gives-up-at-a-hidden-mount",
        breaks=("FRZ-01.which",),
        edits=(
            Edit(
                _MOUNTS,
                "    for mount in filesystem.mounts:\n        path",
                "    for mount in filesystem.mounts[:1]:\n        path",
            ),
        ),
        scenarios="test_hidden_here_and_seen_there",
    ),
    Defect(
        name="judges-a-disk-by-its-first-mount",
        breaks=("FRZ-01.freeze",),
        edits=(
            Edit(
                _MOUNTS,
                "mount.whole and mount.writable and own(mount):",
                "mount.whole and own(mount):",
            ),
            Edit(
                _MOUNTS,
                "        for device, group in found.items()\n    ]\n",
                "        for device, group in found.items()\n        if group[0].writable\n    ]\n",
            ),
        ),
        scenarios="test_read_only_here_and_writable_there",
    ),
    Defect(
        name="takes-mount-points-as-they-are-written",
        breaks=("FRZ-01.freeze",),
        edits=(Edit(_MOUNTS, '    if "\\\\" not in field:\n', "    if field:\n"),),
        scenarios="test_mount_points_with_odd_names",
    ),
    Defect(
        name="freezes-the-root-before-what-it-lies-in",
        breaks=("FRZ-01.order",),
        edits=(
            Edit(
                _MOUNTS,
                "key=lambda f: (not _is_root(f), _depth(f))",
                "key=_depth",
            ),
        ),
        scenarios="test_root_is_mounted_within_a_disk",
    ),
    Defect(
        name="looks-at-the-first-thaw-only",
        breaks=("FRZ-06.level", "FRZ-06.error"),
        edits=(
            Edit(
                _FREEZER,
                "            if number is not None\n        ]\n",
                "            if number is not None and index == len(self._held) - 1\n        ]\n",
            ),
        ),
        scenarios="test_the_disk_frozen_first_is_thawed",
    ),
    # -- the snapshot command
    Defect(
        name="discards-the-set-of-a-good-run",
        breaks=("FBK-07.level",),
        edits=(
            Edit(
                _RUN,
                "            if proceeds(self._policy, self._happenings).discard:\n",
                "            if self._freezer is None:\n",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="waits-for-the-end-of-the-commands-output",
        breaks=("PLG-01.snapshot",),
        edits=(
            Edit(
                _WARDEN,
                "            if self._attempt.status is not None:\n                self._tell()\n",
                "            of_the_command = bool(self._streams) and (\n"
                '                self._command.argv[0].startswith("/run/")\n'
                "            )\n"
                "            if self._attempt.status is not None and not of_the_command:\n"
                "                self._tell()\n",
            ),
        ),
        scenarios="test_command_leaves_its_output_open",
    ),
    Defect(
        name="post-script-before-the-commands-end",
        breaks=("SNP-02.tree",),
        edits=(
            Edit(_RUN, _SWEPT, "        left = 0\n"),
            Edit(
                _RUN,
                "            self._run_post()\n",
                "            self._run_post()\n"
                '            if "snapshot" in self._wardens:\n'
                '                self._wardens["snapshot"].sweep()\n',
            ),
        ),
        scenarios="test_what_a_failed_command_left",
    ),
    Defect(
        name="any-set-will-do-where-nothing-is-frozen",
        breaks=("SNP-02.verdict", "SNP-02.error", "PLG-01.snapshot"),
        edits=(
            Edit(
                _RUN,
                "        if ended is not None and ended.success:\n",
                "        if ended is not None and (ended.success or freezer is None):\n",
            ),
        ),
        scenarios="test_snapshot_fails_with_freeze_off",
    ),
    # -- kills and second starts
    Defect(
        name="always-freezes-after-a-failed-recovery",
        breaks=("FRZ-02.none",),
        edits=(
            Edit(
                _RUN,
                "        self._policy = found.policy\n",
                "        self._policy = found.policy\n"
                "        if any(isinstance(h, ScriptFinding) for h in self._happenings):\n"
                "            self._policy = found.policy._replace(fsfreeze=True)\n",
            ),
        ),
        scenarios="test_recovery_fails_with_freeze_off",
    ),
    Defect(
        name="owes-a-post-script-without-a-pre-script",
        breaks=("RUN-03.zero",),
        edits=(
            Edit(
                "executor/precheck.py",
                "        return Precheck(happening, finding.detail, policy, warnings)\n",
                "        words, resolved = config.post_params, post.resolved or post.path\n"
                '        owed = Script("post", post.path, resolved, words, 0, float(seconds))\n'
                "        return Precheck(happening, finding.detail, policy, warnings, post=owed)\n",
            ),
            Edit(
                _RUN,
                "            self._post = None\n            return\n",
                "            if self._post is not None:\n"
                "                self._record(Record(self._identity, boot_id(), post=self._post))\n"
                "            self._post = None\n"
                "            return\n",
            ),
        ),
        scenarios="test_killed_where_no_script_was_to_run",
    ),
    Defect(
        name="a-word-ends-a-recovery",
        breaks=("FBK-01.level",),
        edits=(
            Edit(
                _SCRIPTS,
                '        if phase == "pre":\n            raise\n',
                '        if phase != "post":\n            raise\n',
            ),
        ),
        scenarios="test_recovery_goes_on_to_its_end",
    ),
    Defect(
        name="a-recovery-takes-no-lock",
        breaks=("ROB-01.refused",),
        edits=(
            Edit(
                _STATE,
                '        main, run = self._open("main.lock"), self._open("run.lock")\n',
                '        mine = "" if self.read() is None else str(os.getpid())\n'
                '        main = self._open(f"{mine}main.lock")\n'
                '        run = self._open(f"{mine}run.lock")\n',
            ),
        ),
        scenarios="test_second_run_is_refused_in_a_recovery",
    ),
    Defect(
        name="its-lock-goes-to-the-scripts",
        breaks=("ROB-03.locks",),
        edits=(
            Edit(
                _STATE,
                "            return os.open(path, os.O_RDWR | os.O_CLOEXEC)\n"
                "        except FileNotFoundError:\n"
                "            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)\n",
                "            file = os.open(path, os.O_RDWR)\n"
                "        except FileNotFoundError:\n"
                "            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)\n"
                "        os.set_inheritable(file, True)\n"
                "        return file\n",
            ),
            Edit(_WARDEN, "        leak_nothing()\n", ""),
        ),
        scenarios="test_post_script_starts_a_service",
    ),
    Defect(
        name="its-lock-falls-with-its-worker",
        breaks=("ROB-01.refused", "ROB-01.bound"),
        edits=(
            Edit(
                _STATE,
                "        self.let_go()\n        run =",
                "        self.let_go()\n        os.close(self._locks[0])\n        run =",
            ),
        ),
        scenarios="test_second_run_is_refused_while_a_lost_worker",
    ),
    # -- what is told
    Defect(
        name="speaks-while-its-output-is-frozen",
        breaks=("FRZ-05.writes",),
        edits=(
            Edit(
                "executor/journal.py",
                "        if self._held or not self._waiting:\n            return\n",
                "        if self._held and self._waiting:\n"
                "            self._echo(self._waiting)\n"
                "        if self._held or not self._waiting:\n"
                "            return\n",
            ),
        ),
        scenarios="test_output_goes_to_a_file_that_is_frozen and root",
    ),
    Defect(
        name="writes-over-the-log-of-the-run-before",
        breaks=("ROB-04.form",),
        edits=(
            Edit(_MAIN, 'f"run-{identity}.log", state.let_go', '"run-last.log", state.let_go'),
            Edit(
                "executor/journal.py",
                'os.path.join(folder, name), "ab", opener',
                'os.path.join(folder, name), "wb", opener',
            ),
        ),
        scenarios="test_each_run_leaves_a_log_of_its_own",
    ),
    Defect(
        name="no-log-beside-a-frozen-disk",
        breaks=("ROB-04.form",),
        edits=(
            Edit(
                _MAIN,
                "            if device is None or device != device_of(settings.log_folder):\n",
                "            if device is None:\n",
            ),
        ),
        scenarios="test_frozen_by_somebody_else and continue",
    ),
    Defect(
        name="a-blank-ends-the-path-of-the-outcome",
        breaks=("PLG-01.status",),
        edits=(
            Edit(
                _SETTINGS,
                '    outcome = status or environment.get("SNAPCERT_STATUS") or None\n',
                '    outcome = status or environment.get("SNAPCERT_STATUS", "").split()[0]\n',
            ),
        ),
        scenarios="test_paths_of_the_caller_with_blanks",
    ),
    Defect(
        name="a-blank-ends-the-path-of-the-command",
        breaks=("SNP-01.one",),
        edits=(
            Edit(
                _RUN,
                "            command = Command((self._settings.snapshot,), "
                "self._settings.environment)\n",
                "            words = tuple(self._settings.snapshot.split())\n"
                "            command = Command(words, self._settings.environment)\n",
            ),
        ),
        scenarios="test_paths_of_the_caller_with_blanks",
    ),
    Defect(
        name="takes-silence-for-a-single-disk",
        breaks=("FBK-03.status",),
        edits=(
            Edit(
                _SETTINGS,
                'environment.get("SNAPCERT_SINGLE_DISK", "") == "1"',
                'environment.get("SNAPCERT_SINGLE_DISK", "1") == "1"',
            ),
        ),
        scenarios="test_nobody_says_how_many_disks_there_are",
    ),
)
