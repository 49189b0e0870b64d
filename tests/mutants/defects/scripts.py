"""Executors that judge, repeat and end scripts wrongly (RUN-01 to RUN-06)."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

RUN = "executor/run.py"
SCRIPTS = "executor/scripts.py"
TREE = "executor/tree.py"
WARDEN = "executor/warden.py"

_SUCCESS = "        return self.exit == 0 and not self.timed_out and not self.stopped\n"
_PRE_HAPPENED = "        self._happen(PreSucceeded() if finding is None else finding)\n"
_END_ALL = "        left = end_descendants(self._turn, self._reap)\n"


def succeeds_where(also: str) -> tuple[Edit, ...]:
    """A script counts as succeeded where this is true, too."""
    return (
        Edit(
            WARDEN, _SUCCESS, f"        return (self.exit == 0 or {also}) and not self.timed_out\n"
        ),
    )


DEFECTS = (
    # -- RUN-01
    Defect(
        name="goes-on-while-the-pre-script-runs",
        breaks=("RUN-01.pre-before-snapshot", "RUN-01.pre-before-freeze"),
        edits=(
            Edit(
                RUN,
                '        finding = run_script(self._pre, warden, "pre", self._journal, '
                "self._lifeline)\n",
                "        finding = None\n        warden.start(now() + self._pre.seconds)\n",
            ),
        ),
        scenarios="test_each_script_has_a_budget_of_its_own",
    ),
    Defect(
        name="end-of-output-is-the-end-of-the-script",
        breaks=("RUN-01.pre-before-freeze",),
        edits=(
            Edit(
                WARDEN,
                "        # Nobody can write to it any more.\n",
                "        if self._attempt is not None:\n            self._attempt.status = 0\n",
            ),
        ),
        scenarios="test_closes_its_output",
    ),
    Defect(
        name="post-script-while-the-set-is-taken",
        breaks=("RUN-01.post-after-snapshot", "RUN-01.post-after-thaw"),
        edits=(
            Edit(
                RUN,
                "                self._happen(FreezeDone())\n"
                "                self._snapshot(freezer)\n",
                "                self._happen(FreezeDone())\n"
                '                self._wardens["post"].start(None)\n'
                "                self._post = None\n"
                "                self._snapshot(freezer)\n",
            ),
        ),
        scenarios="test_application_consistent and data-ext4",
    ),
    # -- RUN-02
    Defect(
        name="what-is-printed-on-stderr-is-a-failure",
        breaks=("RUN-02.success",),
        edits=(Edit(WARDEN, _SUCCESS, "        return self.exit == 0 and not self.err\n"),),
        scenarios="test_first_attempts_succeed",
    ),
    Defect(
        name="exit-status-127-is-a-missing-optional-script",
        breaks=("RUN-02.exit-status",),
        edits=succeeds_where("self.exit == 127"),
        scenarios="test_exit_statuses and pre",
    ),
    Defect(
        name="exit-status-124-is-a-timeout",
        breaks=("RUN-02.exit-status",),
        edits=(
            Edit(
                SCRIPTS,
                "        if ended.timed_out:\n",
                "        if ended.timed_out or ended.exit == 124:\n",
            ),
        ),
        scenarios="test_exit_status_with_no_retry",
    ),
    Defect(
        name="who-dies-by-a-signal-has-no-exit-status",
        breaks=("RUN-02.signal",),
        edits=succeeds_where("self.signal"),
        scenarios="test_deaths_by_signals",
    ),
    Defect(
        name="what-can-not-be-executed-is-left-out",
        breaks=("RUN-02.not-executable",),
        edits=succeeds_where("self.error"),
        scenarios="test_missing_interpreter and pre-no",
    ),
    Defect(
        name="a-shell-for-whatever-can-not-be-executed",
        breaks=("RUN-02.not-executable",),
        edits=(
            Edit(
                WARDEN,
                "            if problem.errno != errno.ENOEXEC:\n                raise\n",
                "            pass\n",
            ),
        ),
        scenarios="test_on_a_noexec_mount",
    ),
    # -- RUN-03
    Defect(
        name="never-tries-again",
        breaks=("RUN-03.retries",),
        edits=(Edit(SCRIPTS, "        if attempt > script.retries:\n", "        if True:\n"),),
        scenarios="test_every_attempt_fails",
    ),
    Defect(
        name="tries-once-more-than-it-may",
        breaks=("RUN-03.retries", "RUN-03.zero"),
        edits=(
            Edit(
                SCRIPTS,
                "        if attempt > script.retries:\n",
                "        if attempt > script.retries + 1:\n",
            ),
        ),
        scenarios="test_every_attempt_fails or test_exit_status_with_no_retry",
    ),
    Defect(
        name="counts-retries-that-it-never-made",
        breaks=("RUN-03.executed",),
        edits=(
            Edit(
                SCRIPTS,
                "        warden.start(deadline)\n        started()\n"
                "        ended = _await(warden, phase, lifeline)\n",
                "        if attempt == 1:\n            warden.start(deadline)\n"
                "            started()\n            ended = _await(warden, phase, lifeline)\n",
            ),
        ),
        scenarios="test_every_attempt_fails or test_an_attempt_succeeds",
    ),
    Defect(
        name="tries-again-after-a-success",
        breaks=("RUN-03.until-success",),
        edits=(
            Edit(
                SCRIPTS,
                "        if ended.success:\n",
                "        if ended.success and attempt > script.retries:\n",
            ),
        ),
        scenarios="test_first_attempts_succeed",
    ),
    Defect(
        name="a-success-after-a-failure-is-none",
        breaks=("RUN-03.until-success",),
        edits=(
            Edit(
                SCRIPTS,
                "        if ended.success:\n            return None\n",
                "        if ended.success and attempt == 1:\n            return None\n"
                "        if ended.success:\n"
                '            return _failed(script, phase, "execution-failed", "")\n',
            ),
        ),
        scenarios="test_an_attempt_succeeds",
    ),
    # -- RUN-04
    Defect(
        name="one-budget-for-both-scripts",
        breaks=("RUN-04.separate",),
        edits=(
            Edit(
                SCRIPTS,
                "    deadline = now() + script.seconds\n",
                '    deadline = globals().setdefault("_began", now()) + script.seconds\n',
            ),
        ),
        scenarios="test_each_script_has_a_budget_of_its_own",
    ),
    Defect(
        name="a-budget-for-each-attempt",
        breaks=("RUN-04.all-attempts",),
        edits=(
            Edit(
                SCRIPTS,
                "        warden.start(deadline)\n",
                "        deadline = now() + script.seconds\n        warden.start(deadline)\n",
            ),
        ),
        scenarios="test_attempts_share_the_budget and pre",
    ),
    Defect(
        name="spent-budget-is-called-a-failed-execution",
        breaks=("RUN-04.spent",),
        edits=(
            Edit(
                SCRIPTS,
                '_failed(script, phase, "timeout", what)',
                '_failed(script, phase, "execution-failed", what)',
            ),
        ),
        scenarios="test_budget_ends_between_attempts",
    ),
    # -- RUN-05
    Defect(
        name="who-exits-with-0-was-in-time",
        breaks=("RUN-05.error",),
        edits=(Edit(WARDEN, _SUCCESS, "        return self.exit == 0\n"),),
        scenarios="test_ends_well_when_it_is_told_to",
    ),
    Defect(
        name="ends-the-script-alone",
        breaks=("RUN-05.tree",),
        edits=(
            Edit(
                WARDEN,
                _END_ALL,
                "        left = 0\n        if self._attempt is not None:\n"
                "            os.kill(self._attempt.pid, signal.SIGKILL)\n",
            ),
        ),
        scenarios="test_no_retry_after_a_timeout and pre",
    ),
    Defect(
        name="ends-the-scripts-own-group",
        breaks=("RUN-05.detached",),
        edits=(
            Edit(
                WARDEN,
                _END_ALL,
                "        left = 0\n        if self._attempt is not None:\n"
                "            os.killpg(self._attempt.pid, signal.SIGKILL)\n",
            ),
        ),
        scenarios="test_no_retry_after_a_timeout and pre",
    ),
    Defect(
        name="asks-to-end-and-goes-on",
        breaks=("RUN-05.sigterm",),
        edits=(
            Edit(
                TREE,
                "    while _any_left() and now() < begun + GIVE_UP:\n",
                "    while False:\n",
            ),
        ),
        scenarios="test_no_retry_after_a_timeout and pre",
    ),
    Defect(
        name="gives-a-script-long-to-end-itself",
        breaks=("RUN-05.bound",),
        edits=(
            Edit(TREE, "GRACE = 1.5\n", "GRACE = 7.0\n"),
            Edit(TREE, "GIVE_UP = 4.5\n", "GIVE_UP = 10.0\n"),
        ),
        scenarios="test_no_retry_after_a_timeout and pre",
    ),
    Defect(
        name="tries-again-after-a-timeout",
        breaks=("RUN-05.no-retry",),
        edits=(
            Edit(
                SCRIPTS,
                "        if ended.timed_out:\n",
                "        if ended.timed_out and attempt <= script.retries:\n"
                "            deadline = now() + script.seconds\n            continue\n"
                "        if ended.timed_out:\n",
            ),
        ),
        scenarios="test_no_retry_after_a_timeout and pre",
    ),
    # -- RUN-06
    Defect(
        name="no-post-script-after-a-failed-pre-script",
        breaks=("RUN-06.after-pre", "FILE-09.failure"),
        edits=(
            Edit(
                RUN,
                _PRE_HAPPENED,
                _PRE_HAPPENED + "        self._post = self._post if finding is None else None\n",
            ),
        ),
        scenarios="(test_every_attempt_fails and pre) or test_script_changes_itself",
    ),
    Defect(
        name="no-post-script-after-a-failed-freeze",
        breaks=("RUN-06.after-freeze",),
        edits=(
            Edit(
                RUN,
                '        self._happen(FreezeFailed("freeze", reason))\n'
                "        self._after_the_freeze()\n",
                '        self._happen(FreezeFailed("freeze", reason))\n        self._post = None\n',
            ),
        ),
        scenarios="test_pre_script_freezes_the_disk",
    ),
    Defect(
        name="no-post-script-after-a-failed-snapshot",
        breaks=("RUN-06.after-snapshot",),
        edits=(
            Edit(
                RUN,
                "        self._happen(SnapshotFailed(reason))\n",
                "        self._happen(SnapshotFailed(reason))\n        self._post = None\n",
            ),
        ),
        scenarios="test_snapshot_fails and ext4",
    ),
)
