"""Executors that start scripts in wrong surroundings, lose their output or run others (RUN-07 to
RUN-09, FILE-09)."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

JOURNAL = "executor/journal.py"
MAIN = "executor/main.py"
SCRIPTS = "executor/scripts.py"
WARDEN = "executor/warden.py"

_ENDED = "            if self._attempt.status is not None:\n                self._tell()\n"
_EXECUTE = "            os.execve(argv[0], argv, environment)\n"
_JUDGED = (
    "        finding = _judge_again(script)\n        if finding is not None:\n"
    "            return _found(finding, phase, journal)\n        warden.start(deadline)\n"
)

DEFECTS = (
    # -- RUN-07
    Defect(
        name="ends-what-a-success-left-behind",
        breaks=("RUN-07.background",),
        edits=(
            Edit(
                WARDEN,
                _ENDED,
                "            if self._attempt.status is not None:\n"
                "                self._tell(left=self._end_all())\n",
            ),
        ),
        scenarios="test_session_lives_until_the_post_script",
    ),
    Defect(
        name="waits-for-the-end-of-the-output",
        breaks=("RUN-07.pipes",),
        edits=(
            Edit(
                WARDEN,
                _ENDED,
                "            if self._attempt.status is not None and not self._streams:\n"
                "                self._tell()\n",
            ),
        ),
        scenarios="test_session_lives_until_the_post_script or test_post_script_starts_a_service",
    ),
    # -- RUN-08
    Defect(
        name="reads-the-output-when-the-script-has-ended",
        breaks=("RUN-08.no-block",),
        edits=(
            Edit(
                WARDEN,
                "            self._poll.register(stream.descriptor, select.POLLIN)\n",
                "            self._poll.register(stream.descriptor, 0)\n",
            ),
        ),
        scenarios="test_floods_its_output and data-ext4-pre",
    ),
    Defect(
        name="keeps-a-few-lines-of-the-output",
        breaks=("RUN-08.tail",),
        edits=(Edit(WARDEN, "TAIL = 2048\n", "TAIL = 512\n"),),
        scenarios="test_output_of_failing_attempts_is_kept",
    ),
    Defect(
        name="takes-the-output-for-text",
        breaks=("RUN-08.tail",),
        edits=(
            Edit(
                WARDEN,
                '        return self.kept.decode("utf-8", "replace")\n',
                '        return self.kept.decode("ascii", "strict")\n',
            ),
        ),
        scenarios="test_output_is_no_text",
    ),
    Defect(
        name="keeps-no-output",
        breaks=("RUN-08.tail", "RUN-08.logs"),
        edits=(
            Edit(JOURNAL, "        if not text.strip():\n", "        if True:\n"),
            Edit(SCRIPTS, ' if last else ""\n', ' if False else ""\n'),
        ),
        scenarios="test_output_of_failing_attempts_is_kept",
    ),
    # -- RUN-09
    Defect(
        name="scripts-as-nobody",
        breaks=("RUN-09.root",),
        edits=(
            Edit(
                WARDEN,
                _EXECUTE,
                '            with open(argv[0], "rb") as file:\n'
                "                text = file.read()\n"
                "            os.setgroups([])\n            os.setgid(65534)\n"
                "            os.setuid(65534)\n"
                '            shell = [b"/bin/sh", b"-c", text, *argv]\n'
                "            os.execve(shell[0], shell, environment)\n",
            ),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-in-the-callers-folder",
        breaks=("RUN-09.cwd",),
        edits=(
            Edit(WARDEN, '        os.chdir("/")\n', ""),
            Edit(MAIN, '    os.chdir("/")\n', ""),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-read-the-callers-input",
        breaks=("RUN-09.stdin",),
        edits=(
            Edit(WARDEN, "in ((null, 0), (out, 1), (err, 2)):", "in ((out, 1), (err, 2)):"),
            Edit(MAIN, "    for descriptor in (0, 1, 2):\n", "    for descriptor in (1, 2):\n"),
        ),
        scenarios="test_reads_its_standard_input",
    ),
    Defect(
        name="scripts-inherit-the-callers-environment",
        breaks=("RUN-09.environment",),
        edits=(
            Edit(
                SCRIPTS,
                "*self.params), ENVIRONMENT))\n",
                '*self.params), {**__import__("os").environ, **ENVIRONMENT}))\n',
            ),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-with-the-callers-path",
        breaks=("RUN-09.environment",),
        edits=(
            Edit(
                SCRIPTS,
                '    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",\n',
                '    "PATH": __import__("os").environ["PATH"],\n',
            ),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-with-the-callers-home-and-language",
        breaks=("RUN-09.environment",),
        edits=(
            Edit(
                SCRIPTS,
                '    "HOME": "/root",\n    "LANG": "C.UTF-8",\n',
                '    **{n: __import__("os").environ.get(n, "") for n in ("HOME", "LANG")},\n',
            ),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-ignore-the-callers-signals",
        breaks=("RUN-09.signals",),
        edits=(Edit(WARDEN, "        default_signals()\n", ""),),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="umask-of-the-caller",
        breaks=("RUN-09.umask",),
        edits=(
            Edit(WARDEN, "        os.umask(0o022)\n", ""),
            Edit(MAIN, "    os.umask(0o077)\n", ""),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="scripts-in-the-executors-session",
        breaks=("RUN-09.session",),
        edits=(
            Edit(
                WARDEN,
                "        os.setsid()\n        become_subreaper()\n",
                "        become_subreaper()\n",
            ),
            Edit(
                WARDEN,
                "        os.setsid()\n        signal.set_wakeup_fd(-1)\n",
                "        signal.set_wakeup_fd(-1)\n",
            ),
            Edit(
                MAIN,
                "        os.setsid()\n        ignore_signals()\n",
                "        ignore_signals()\n",
            ),
        ),
        scenarios="test_odd_caller",
    ),
    Defect(
        name="every-script-by-the-shell",
        breaks=("RUN-09.shebang",),
        edits=(
            Edit(
                WARDEN,
                _EXECUTE,
                '            os.execve(b"/bin/sh", [b"/bin/sh", *argv], environment)\n',
            ),
        ),
        scenarios="test_shebang",
    ),
    Defect(
        name="needs-a-shebang",
        breaks=("RUN-09.shell",),
        edits=(
            Edit(
                WARDEN, "            if problem.errno != errno.ENOEXEC:\n", "            if True:\n"
            ),
        ),
        scenarios="test_no_shebang",
    ),
    # -- FILE-09
    Defect(
        name="judges-the-scripts-once",
        breaks=("FILE-09.not-found", "FILE-09.permission"),
        edits=(
            Edit(
                SCRIPTS,
                "    return judge_script(script.which, look_again(script.path, script.resolved))\n",
                "    return None\n",
            ),
        ),
        scenarios="test_pre_script_takes_the_post_script_away or test_post_script_is_changed",
    ),
    Defect(
        name="judges-before-the-first-attempt",
        breaks=("FILE-09.final",),
        edits=(
            Edit(
                SCRIPTS, _JUDGED, _JUDGED.replace("is not None:", "is not None and attempt == 1:")
            ),
        ),
        scenarios="test_script_changes_itself",
    ),
    Defect(
        name="a-script-that-is-not-started-has-not-failed",
        breaks=("FILE-09.failure",),
        edits=(
            Edit(
                SCRIPTS,
                _JUDGED,
                _JUDGED.replace("return _found(finding, phase, journal)", "return None"),
            ),
        ),
        scenarios="test_script_changes_itself or test_post_script_is_changed",
    ),
    Defect(
        name="follows-links-at-each-start",
        breaks=("FILE-09.resolved-once",),
        edits=(
            Edit(
                SCRIPTS,
                "Command((self.resolved, *self.params)",
                "Command((self.path, *self.params)",
            ),
        ),
        scenarios="test_links_are_pointed_elsewhere",
    ),
)
