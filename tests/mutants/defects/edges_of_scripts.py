"""Executors that are right but for one edge of the rules of scripts and their config."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_FACTS = "executor/facts.py"
_PRECHECK = "executor/precheck.py"
_RUN = "executor/run.py"
_SCRIPTS = "executor/scripts.py"
_WARDEN = "executor/warden.py"

_SWEPT = "        left = ended.left or warden.sweep()\n"
_POST_ENDED = "        self._happen(PostSucceeded() if finding is None else finding)\n"
_READ = "    problems, values, warnings = _read(raw)\n"
_PRE = (
    '            "pre", pre.path, pre.resolved, config.pre_params, config.pre_retries, '
    "float(seconds)\n"
)
_LOOKED = (
    '        return FileFacts(path, exists=False, kind="")\n    return _facts(path, raw, status)\n'
)

DEFECTS = (
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
    Defect(
        name="dots-go-by-the-word",
        breaks=("FILE-08.resolved",),
        edits=(
            Edit(
                _FACTS,
                "    raw = encode(path)\n    try:\n        status = os.stat(raw)\n",
                "    raw = os.path.normpath(encode(path))\n"
                "    try:\n"
                "        status = os.stat(raw)\n",
            ),
        ),
        scenarios="test_dots_in_a_path",
    ),
    # -- the config
    Defect(
        name="takes-no-config-from-windows",
        breaks=("FBK-01.level",),
        edits=(
            Edit(
                "contract/config.py",
                _READ,
                "    if b'\\r' in raw:\n"
                '        return ConfigProblem("json", "a carriage return"), ()\n' + _READ,
            ),
        ),
        scenarios="test_content_written_in_another_way and crlf",
    ),
    Defect(
        name="knows-a-script-by-its-path",
        breaks=("RUN-03.zero",),
        edits=(
            Edit(
                _PRECHECK,
                _PRE,
                _PRE.replace(
                    "config.pre_params",
                    "config.pre_params if pre.path != post.path else config.post_params",
                ),
            ),
        ),
        scenarios="test_one_script_for_both",
    ),
    Defect(
        name="the-cap-is-forgotten-after-the-pre-script",
        breaks=("CFG-04.plugin-host",),
        edits=(
            Edit(
                _PRECHECK,
                "            config.post_retries,\n            float(seconds),\n",
                "            config.post_retries,\n            float(config.timeout),\n",
            ),
        ),
        scenarios="test_plugin_host_timeout_caps_the_configs and post",
    ),
)
