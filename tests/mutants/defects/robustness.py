"""Executors that do not bear a second start, a kill, or many runs."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

DEFECTS = (
    Defect(
        name="no-lock",
        breaks=(
            "ROB-01.refused",
            "ROB-01.undisturbed",
        ),
        edits=(
            Edit(
                "executor/state.py",
                "            fcntl.lockf(main, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
                "            fcntl.lockf(main, fcntl.LOCK_UN)\n",
            ),
            Edit(
                "executor/state.py",
                "        if not _flock(run, survivors):\n",
                "        if run < 0:\n",
            ),
        ),
        scenarios="test_second_run_is_refused and data-ext4-pre",
    ),
    Defect(
        name="queues-up-behind-a-run",
        breaks=(
            "ROB-01.refused",
            "ROB-01.bound",
        ),
        edits=(
            Edit(
                "executor/state.py",
                '            raise InProgress("another run is under way") from None\n',
                "            pass\n",
            ),
        ),
        scenarios="test_second_run_is_refused and data-ext4-pre",
    ),
    Defect(
        name="does-not-wait-for-survivors",
        breaks=("ROB-01.waits",),
        edits=(
            Edit(
                "executor/state.py",
                "SURVIVORS = 20.0\n",
                "SURVIVORS = 0.01\n",
            ),
        ),
        scenarios="test_start_right_after_a_kill",
    ),
    Defect(
        name="waits-for-survivors-as-long-as-they-live",
        breaks=("ROB-01.waits",),
        edits=(
            Edit(
                "executor/state.py",
                "SURVIVORS = 20.0\n",
                "SURVIVORS = 3600.0\n",
            ),
        ),
        scenarios="test_start_waits_no_longer_than_it_may",
    ),
    Defect(
        name="a-refused-run-takes-the-record-away",
        breaks=("ROB-02.post",),
        edits=(
            Edit(
                "executor/main.py",
                "    except InProgress as refusal:\n",
                "    except InProgress as refusal:\n        state.remove()\n",
            ),
            Edit(
                "executor/run.py",
                "        if self._post is None or warden is None:\n",
                "        if self._post is None or warden is None or self._lifeline.killed:\n",
            ),
        ),
        scenarios="test_refused_run_leaves_the_first_ones_state",
    ),
    Defect(
        name="thaws-late-after-a-kill",
        breaks=("ROB-02.thawed",),
        edits=(
            Edit(
                "executor/freezer.py",
                "        trace: Optional[TracebackType],\n    ) -> None:\n        self.thaw()\n",
                "        trace: Optional[TracebackType],\n"
                "    ) -> None:\n"
                "        if kind is not None:\n"
                "            select.poll().poll(12000)\n"
                "        self.thaw()\n",
            ),
        ),
        scenarios="test_executor_killed_while_frozen and data-ext4",
    ),
    Defect(
        name="leaves-a-script-after-a-kill",
        breaks=("ROB-02.processes",),
        edits=(
            Edit(
                "executor/warden.py",
                "        if self._attempt is not None:\n"
                "            left = self._end_all()\n"
                "            self._tell(stopped=True, left=left)\n",
                "        if self._attempt is not None and packet:\n"
                "            left = self._end_all()\n"
                "            self._tell(stopped=True, left=left)\n",
            ),
        ),
        scenarios="test_executor_killed_in_the_pre_script and data-ext4",
    ),
    Defect(
        name="ends-the-session-after-a-kill",
        breaks=("ROB-02.background",),
        edits=(
            Edit(
                "executor/run.py",
                "                self._wardens.pop(name).close()\n",
                "                self._wardens[name].sweep()\n"
                "                self._wardens.pop(name).close()\n",
            ),
        ),
        scenarios="test_session_of_the_pre_script_outlives_the_kill",
    ),
    Defect(
        name="forgets-the-post-script",
        breaks=("ROB-02.post",),
        edits=(
            Edit(
                "executor/recovery.py",
                "    record = state.read()\n    if record is None:\n",
                "    record = None\n    if record is None:\n",
            ),
            Edit(
                "executor/run.py",
                "        if self._post is None or warden is None:\n",
                "        if self._post is None or warden is None or self._lifeline.killed:\n",
            ),
        ),
        scenarios="test_killed_between_pre_and_freeze and main",
    ),
    Defect(
        name="recovers-after-its-own-pre-script",
        breaks=("ROB-02.before-pre",),
        edits=(
            Edit(
                "executor/run.py",
                "                self._recover()\n"
                "                self._precheck()\n"
                "                self._run_pre()\n",
                "                self._precheck()\n"
                "                self._run_pre()\n"
                "                self._recover()\n",
            ),
            Edit(
                "executor/run.py",
                "        self._record(Record(self._identity, boot_id(), post=self._post))\n",
                "        if self._state.read() is None:\n"
                "            self._record(Record(self._identity, boot_id(), post=self._post))\n",
            ),
            Edit(
                "executor/run.py",
                "        if self._post is None or warden is None:\n",
                "        if self._post is None or warden is None or self._lifeline.killed:\n",
            ),
        ),
        scenarios="test_killed_between_pre_and_freeze and main",
    ),
    Defect(
        name="leaves-a-process",
        breaks=("ROB-03.processes",),
        edits=(
            Edit(
                "executor/run.py",
                "        verdict = judge(self._policy, self._happenings)\n        status = 0",
                "        if os.fork() == 0:\n"
                '            os.execv("/bin/sleep", ["sleep", "600"])\n'
                "        verdict = judge(self._policy, self._happenings)\n"
                "        status = 0",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="leaves-a-lock",
        breaks=("ROB-03.locks",),
        edits=(
            Edit(
                "executor/run.py",
                "        verdict = judge(self._policy, self._happenings)\n        status = 0",
                "        if os.fork() == 0:\n"
                "            import fcntl\n"
                "\n"
                '            held = os.open("/run/snapcert-executor/held", os.O_RDWR | '
                "os.O_CREAT)\n"
                "            os.set_inheritable(held, True)\n"
                "            fcntl.flock(held, fcntl.LOCK_EX)\n"
                '            os.execv("/bin/sleep", ["sleep", "600"])\n'
                "        verdict = judge(self._policy, self._happenings)\n"
                "        status = 0",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="leaves-a-temporary-file",
        breaks=("ROB-03.files",),
        edits=(
            Edit(
                "executor/run.py",
                "        verdict = judge(self._policy, self._happenings)\n        status = 0",
                '        with open("/tmp/executor.tmp", "w", encoding="ascii") as file:\n'
                '            file.write("left")\n'
                "        verdict = judge(self._policy, self._happenings)\n"
                "        status = 0",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="its-state-grows",
        breaks=("ROB-03.growth",),
        edits=(
            Edit(
                "executor/run.py",
                "        verdict = judge(self._policy, self._happenings)\n        status = 0",
                '        with open(f"{self._state.path}/runs", "a", encoding="ascii") as file:\n'
                '            file.write("one more run\\n")\n'
                "        verdict = judge(self._policy, self._happenings)\n"
                "        status = 0",
            ),
        ),
        scenarios="test_five_runs_in_a_row and data-ext4",
    ),
    Defect(
        name="says-nothing",
        breaks=("ROB-04.log",),
        edits=(
            Edit(
                "executor/journal.py",
                "        if self._held or not self._waiting:\n            return\n",
                "        if self._waiting or not self._waiting:\n            return\n",
            ),
        ),
        scenarios="test_all_well_where_no_failure_is_tolerated and data-ext4",
    ),
    Defect(
        name="log-without-an-action",
        breaks=("ROB-04.form",),
        edits=(
            Edit(
                "executor/journal.py",
                '        f"recommended action: {text.action}",\n',
                "",
            ),
        ),
        scenarios="test_log_tells_what_happened",
    ),
    Defect(
        name="log-without-a-duration",
        breaks=("ROB-04.form",),
        edits=(
            Edit(
                "executor/scripts.py",
                '        f"{ended.describe()} after {ended.seconds:.3f} s",\n',
                '        f"{ended.describe()}",\n',
            ),
        ),
        scenarios="test_log_tells_what_happened",
    ),
    Defect(
        name="recovers-without-parameters",
        breaks=("ROB-05.post",),
        edits=(
            Edit(
                "executor/scripts.py",
                '            params=tuple(str(word) for word in record["params"]),\n',
                "            params=(),\n",
            ),
        ),
        scenarios="test_config_was_changed_since and whole",
    ),
    Defect(
        name="recovers-without-retries",
        breaks=("ROB-05.post",),
        edits=(
            Edit(
                "executor/scripts.py",
                '            retries=int(record["retries"]),\n',
                "            retries=0,\n",
            ),
        ),
        scenarios="test_config_was_changed_since and whole",
    ),
    Defect(
        name="recovers-with-a-budget-of-its-own",
        breaks=("ROB-05.post",),
        edits=(
            Edit(
                "executor/scripts.py",
                '            seconds=float(record["seconds"]),\n',
                "            seconds=12.0,\n",
            ),
        ),
        scenarios="test_recovery_times_out and whole",
    ),
    Defect(
        name="recovers-without-a-look",
        breaks=("ROB-05.judged-again",),
        edits=(
            Edit(
                "executor/scripts.py",
                "        finding = _judge_again(script)\n"
                "        if finding is not None:\n"
                "            return _found(finding, phase, journal)\n"
                "        warden.start(deadline)\n",
                '        finding = None if phase == "recover" else _judge_again(script)\n'
                "        if finding is not None:\n"
                "            return _found(finding, phase, journal)\n"
                "        warden.start(deadline)\n",
            ),
        ),
        scenarios="test_script_is_judged_again and whole and mode",
    ),
    Defect(
        name="keeps-quiet-about-a-failed-recovery",
        breaks=(
            "ROB-05.error",
            "ROB-05.no-scripts",
            "ROB-05.fallback",
        ),
        edits=(
            Edit(
                "executor/run.py",
                "        if finding is not None:\n"
                "            self._happen(finding)\n"
                "        self._lifeline.check()\n"
                "\n"
                "    def _precheck",
                "        if finding is not None:\n"
                '            self._journal.say("recover", finding.reason)\n'
                "        self._lifeline.check()\n"
                "\n"
                "    def _precheck",
            ),
        ),
        scenarios="test_script_is_judged_again and main",
    ),
    Defect(
        name="recovers-again-and-again",
        breaks=("ROB-05.once",),
        edits=(
            Edit(
                "executor/recovery.py",
                "    if record.recovering:\n",
                "    if not record:\n",
            ),
        ),
        scenarios="test_recovery_is_killed_itself",
    ),
)
