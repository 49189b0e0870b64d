"""Executors that apply other settings than the config says."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_CONFIG = "contract/config.py"
_SCRIPTS = "executor/scripts.py"

_STARTED = "Command((self.resolved, *self.params), ENVIRONMENT)"

DEFECTS = (
    Defect(
        name="time-key-unknown",
        breaks=("CFG-01.keys",),
        edits=(Edit(_CONFIG, old='"timeoutInSeconds": _Key(', new='"timeoutSeconds": _Key('),),
        scenarios="test_every_key",
    ),
    Defect(
        name="poll-key-unknown",
        breaks=("CFG-01.poll",),
        edits=(Edit(_CONFIG, old='"ScriptsExecutionPollTimeSeconds": _Key(', new='"poll": _Key('),),
        scenarios="test_poll_time",
    ),
    Defect(
        name="usual-scripts-where-none-are-named",
        breaks=("CFG-02.required", "CFG-03.missing-key"),
        edits=(
            Edit(
                _CONFIG,
                old="    pre_location: str\n    post_location: str\n",
                new='    pre_location: str = "/opt/scripts/pre.sh"\n'
                '    post_location: str = "/opt/scripts/post.sh"\n',
            ),
            Edit(_CONFIG, old="            if spec.required:\n", new="            if False:\n"),
        ),
        scenarios="test_required_key or test_empty_object",
    ),
    Defect(
        name="default-timeout-of-10-s",
        breaks=("CFG-02.timeout",),
        edits=(Edit(_CONFIG, old="    timeout: int = 30\n", new="    timeout: int = 10\n"),),
        scenarios="test_default_timeout",
    ),
    Defect(
        name="default-timeout-of-half-an-hour",
        breaks=("CFG-02.timeout",),
        edits=(Edit(_CONFIG, old="    timeout: int = 30\n", new="    timeout: int = 1800\n"),),
        scenarios="test_default_timeout",
    ),
    Defect(
        name="an-empty-argument-by-default",
        breaks=("CFG-02.params",),
        edits=(
            Edit(
                _CONFIG,
                old="    pre_params: Tuple[str, ...] = ()\n",
                new='    pre_params: Tuple[str, ...] = ("",)\n',
            ),
        ),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="a-retry-by-default",
        breaks=("CFG-02.retries",),
        edits=(Edit(_CONFIG, old="    pre_retries: int = 0\n", new="    pre_retries: int = 1\n"),),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="a-retry-of-post-by-default",
        breaks=("CFG-02.retries",),
        edits=(
            Edit(_CONFIG, old="    post_retries: int = 0\n", new="    post_retries: int = 1\n"),
        ),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="no-backup-after-a-failure-by-default",
        breaks=("CFG-02.continue",),
        edits=(
            Edit(
                _CONFIG,
                old="    continue_on_failure: bool = True\n",
                new="    continue_on_failure: bool = False\n",
            ),
        ),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="no-freeze-by-default",
        breaks=("CFG-02.fsfreeze",),
        edits=(
            Edit(_CONFIG, old="    fsfreeze: bool = True\n", new="    fsfreeze: bool = False\n"),
        ),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="plugin-name-required",
        breaks=("CFG-02.plugin-name",),
        edits=(
            Edit(
                _CONFIG,
                old='values.get("pluginName", PLUGIN_NAME)',
                new='values.get("pluginName", "")',
            ),
        ),
        scenarios="test_defaults_apply",
    ),
    Defect(
        name="two-hours-for-a-script",
        breaks=("CFG-04.cap",),
        edits=(Edit(_CONFIG, old="TIMEOUT_CAP = 1800\n", new="TIMEOUT_CAP = 7200\n"),),
        scenarios="test_no_timeout_above",
    ),
    Defect(
        name="plugin-host-timeout-overlooked",
        breaks=("CFG-04.plugin-host",),
        edits=(
            Edit(
                _CONFIG,
                old="    if plugin_host_timeout is not None and timeout > plugin_host_timeout:",
                new="    if plugin_host_timeout is None:",
            ),
        ),
        scenarios="test_plugin_host_timeout",
    ),
    Defect(
        name="capped-in-silence",
        breaks=("CFG-04.warning",),
        edits=(
            Edit(
                _CONFIG,
                old="    return timeout, tuple(warnings)\n",
                new="    return timeout, ()\n",
            ),
        ),
        scenarios="test_a_cap_is_told",
    ),
    Defect(
        name="unknown-key-refused",
        breaks=("CFG-05.unknown-key",),
        edits=(
            Edit(
                _CONFIG,
                old="    for key, spec in _KEYS.items():\n",
                new='    problems += [ConfigProblem("type", key) for key in unknown]\n'
                "    for key, spec in _KEYS.items():\n",
            ),
        ),
        scenarios="test_what_is_unknown and swedish-key",
    ),
    Defect(
        name="unknown-key-passed-over-in-silence",
        breaks=("CFG-05.unknown-key",),
        edits=(Edit(_CONFIG, old="tuple(_warnings(unknown, values))", new="()"),),
        scenarios="test_what_is_unknown and a-misspelt-key",
    ),
    Defect(
        name="another-plugin-name-refused",
        breaks=("CFG-05.plugin-name",),
        edits=(
            Edit(
                _CONFIG,
                old="    problems: List[ConfigProblem] = []\n",
                new="    problems: List[ConfigProblem] = []\n"
                '    if document.get("pluginName", PLUGIN_NAME) != PLUGIN_NAME:\n'
                '        problems.append(ConfigProblem("type", "pluginName"))\n',
            ),
        ),
        scenarios="test_what_is_unknown and another-plugin-name",
    ),
    Defect(
        name="arguments-in-reverse",
        breaks=("CFG-06.arguments",),
        edits=(
            Edit(_SCRIPTS, old=_STARTED, new=_STARTED.replace("self.params", "self.params[::-1]")),
        ),
        scenarios="test_arguments",
    ),
    Defect(
        name="empty-arguments-dropped",
        breaks=("CFG-06.verbatim",),
        edits=(
            Edit(
                _SCRIPTS,
                old=_STARTED,
                new=_STARTED.replace("self.params", "filter(None, self.params)"),
            ),
        ),
        scenarios="test_two_empty_parameters",
    ),
    Defect(
        name="arguments-through-a-shell",
        breaks=("CFG-06.no-shell", "CFG-06.verbatim"),
        edits=(
            Edit(
                _SCRIPTS,
                old=_STARTED,
                new='Command(("/bin/sh", "-c", " ".join((self.resolved, *self.params))), '
                "ENVIRONMENT)",
            ),
        ),
        scenarios="test_arguments_arrive",
    ),
)
