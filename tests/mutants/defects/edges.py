"""Executors that are right but for one edge of a rule, where the usual scenarios do not come."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_FACTS = "executor/facts.py"
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
_POST_ENDED = "        self._happen(PostSucceeded() if finding is None else finding)\n"
_LOOKED = (
    '        return FileFacts(path, exists=False, kind="")\n    return _facts(path, raw, status)\n'
)

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
    # -- the snapshot command
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
    # -- what the scripts leave and say
    Defect(
        name="ends-the-session-with-the-snapshot",
        breaks=("RUN-07.background",),
        edits=(Edit(_RUN, _SWEPT, f'{_SWEPT}        self._wardens["pre"].sweep()\n'),),
        scenarios="test_session_outlives_a_failed_snapshot",
    ),
    Defect(
        name="ends-the-session-with-a-late-post-script",
        breaks=("RUN-07.background",),
        edits=(
            Edit(
                _RUN,
                _POST_ENDED,
                f"{_POST_ENDED}        if finding is not None:\n"
                '            self._wardens["pre"].sweep()\n',
            ),
        ),
        scenarios="test_session_outlives_the_timeout_of_post",
    ),
    Defect(
        name="forgets-what-a-late-script-said",
        breaks=("RUN-08.tail", "RUN-08.logs"),
        edits=(
            Edit(
                _WARDEN,
                "        # The report pipe holds an errno only",
                '        out, err = ("", "") if timed_out else (out, err)\n'
                "        # The report pipe holds an errno only",
            ),
        ),
        scenarios="test_output_of_a_script_that_hangs_is_kept",
    ),
    Defect(
        name="keeps-the-beginning-of-a-flood",
        breaks=("RUN-08.tail",),
        edits=(
            Edit(
                _WARDEN,
                "        self.kept = (self.kept + chunk)[-TAIL:]\n",
                "        self.kept = (self.kept + chunk)[: 1 << 16]\n",
            ),
            Edit(
                _WARDEN,
                '        return self.kept.decode("utf-8", "replace")\n',
                '        return self.kept[-TAIL:].decode("utf-8", "replace")\n',
            ),
        ),
        scenarios="test_output_after_a_flood_is_kept",
    ),
    Defect(
        name="a-stopped-script-has-ended",
        breaks=("RUN-02.success",),
        edits=(
            Edit(
                _WARDEN,
                "os.waitpid(-1, os.WNOHANG)",
                "os.waitpid(-1, os.WNOHANG | os.WUNTRACED)",
            ),
        ),
        scenarios="test_stops_itself_for_a_while",
    ),
    # -- the scripts' files
    Defect(
        name="looks-once-more-after-the-last-attempt",
        breaks=("RUN-02.exit-status",),
        edits=(
            Edit(
                _SCRIPTS, "        if ended.error is not None:\n", "        if not ended.success:\n"
            ),
        ),
        scenarios="test_script_takes_itself_away_and_is_not_due_again",
    ),
    Defect(
        name="refuses-another-file-of-the-same-name",
        breaks=("FILE-09.resolved-once",),
        edits=(
            Edit(
                _FACTS,
                "    resolved = os.path.realpath(raw)\n",
                "    resolved = os.path.realpath(raw)\n    _seen[resolved] = status.st_ino\n",
            ),
            Edit(
                _FACTS,
                _LOOKED,
                '        return FileFacts(path, exists=False, kind="")\n'
                "    if _seen.get(raw, status.st_ino) != status.st_ino:\n"
                '        return FileFacts(path, exists=False, kind="")\n'
                "    return _facts(path, raw, status)\n"
                "\n"
                "\n"
                "_seen = {}\n",
            ),
        ),
        scenarios="test_post_script_is_replaced_by_a_good_one",
    ),
    Defect(
        name="the-root-folder-is-not-looked-at",
        breaks=("FILE-08.config",),
        edits=(
            Edit(
                _FACTS,
                "            return tuple(reversed(found))\n",
                "            return tuple(reversed(found[:-1]))\n",
            ),
        ),
        scenarios="test_config_that_others_may_change and root-0777",
    ),
    Defect(
        name="a-blank-parts-the-scripts-path",
        breaks=("RUN-02.success",),
        edits=(
            Edit(
                _SCRIPTS,
                "Command((self.resolved, *self.params), ENVIRONMENT)",
                "Command((*self.resolved.split(), *self.params), ENVIRONMENT)",
            ),
        ),
        scenarios="test_paths_that_a_shell_would_take_apart",
    ),
    # -- kills and second starts
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
        scenarios="test_folder_for_the_outcome_with_a_blank",
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
