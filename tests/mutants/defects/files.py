"""Executors that look at the config and at the scripts carelessly, or not at all."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_PRECHECK = "executor/precheck.py"
_PERMISSIONS = "contract/permissions.py"
_FACTS = "executor/facts.py"
_VERDICT = "contract/verdict.py"

_NOT_CONFIGURED = (
    '        return Precheck(NotConfigured(), f"{paths.config} does not exist: not configured", '
    "policy)\n"
)
_HOST_JUDGED = """\
    host = _plugin_host(paths)
    if isinstance(host, PluginHostProblem):
        return Precheck(PluginHostFinding(host.reason), host.detail, policy)
"""
_BOTH_SCRIPTS = 'judge_script("pre", pre) or judge_script("post", post)'

CONFIG = (
    Defect(
        name="config-in-lower-case",
        breaks=("FILE-01.path",),
        edits=(
            Edit(
                "contract/config.py",
                old='CONFIG_PATH = "/etc/azure/VMSnapshotScriptPluginConfig.json"',
                new='CONFIG_PATH = "/etc/azure/vmsnapshotscriptpluginconfig.json"',
            ),
        ),
        scenarios="test_config_in_another_place",
    ),
    Defect(
        name="usual-scripts-without-a-config",
        breaks=("FILE-02.no-scripts",),
        edits=(
            Edit(
                _PRECHECK,
                old=_NOT_CONFIGURED,
                new='        usual = Config("/opt/scripts/pre.sh", "/opt/scripts/post.sh")\n'
                "        return _scripts(usual, 30, single_disk, ())\n",
            ),
        ),
        scenarios="test_nothing_else_is_judged and scripts-alone",
    ),
    Defect(
        name="no-config-is-an-error",
        breaks=("FILE-02.errors",),
        edits=(
            Edit(
                _PRECHECK,
                old="Precheck(NotConfigured(), f",
                new='Precheck(ConfigFinding("json"), f',
            ),
        ),
        scenarios="test_nothing_else_is_judged and scripts-alone",
    ),
    Defect(
        name="no-config-fails-the-backup",
        breaks=("FILE-02.status",),
        edits=(
            Edit(
                _VERDICT,
                old="    if any_of(happenings, Refused, SnapshotFailed):",
                new="    if any_of(happenings, Refused, SnapshotFailed, NotConfigured):",
            ),
        ),
        scenarios="test_nothing_else_is_judged and scripts-alone",
    ),
    Defect(
        name="no-config-is-crash-consistent",
        breaks=("FILE-02.level",),
        edits=(
            Edit(
                _VERDICT,
                old="    spoilt = any_of(happenings, NotConfigured,",
                new="    if any_of(happenings, NotConfigured):\n"
                '        return "crash"\n'
                "    spoilt = any_of(happenings, NotConfigured,",
            ),
        ),
        scenarios="test_nothing_else_is_judged and scripts-alone",
    ),
    Defect(
        name="plugin-host-before-the-config",
        breaks=("FILE-02.plugin-host",),
        edits=(
            Edit(_PRECHECK, old=_HOST_JUDGED, new=""),
            Edit(
                _PRECHECK,
                old="    if not configured(config_facts):\n",
                new=f"{_HOST_JUDGED}    if not configured(config_facts):\n",
            ),
        ),
        scenarios="test_nothing_else_is_judged and corrupt-plugin-host",
    ),
    Defect(
        name="dangling-link-is-absence",
        breaks=("FILE-02.dangling", "FILE-06.dangling"),
        edits=(
            Edit(
                _PERMISSIONS,
                old="    return config.exists or config.dangling\n",
                new="    return config.exists\n",
            ),
        ),
        scenarios="dangling and (test_config_that_others or test_plugin_host_file_is_corrupt)",
    ),
    Defect(
        name="config-for-the-group",
        breaks=("FILE-03.mode", "FILE-03.acl"),
        edits=(
            Edit(
                _PERMISSIONS,
                old="    if mode != CONFIG_MODE and (strict or mode & ~CONFIG_MODE):",
                new="    if mode & 0o107:",
            ),
        ),
        scenarios="test_config_that_others and (0640 or acl-for)",
    ),
    Defect(
        name="config-with-a-narrow-mode",
        breaks=("FILE-03.narrow",),
        edits=(
            Edit(
                _PRECHECK,
                old="judge_config_file(config_facts, strict=True)",
                new="judge_config_file(config_facts, strict=False)",
            ),
        ),
        scenarios="test_config_that_others and 0400",
    ),
    Defect(
        name="config-of-a-user",
        breaks=("FILE-03.owner",),
        edits=(Edit(_PERMISSIONS, old="    if config.uid != 0:", new="    if config.uid < 0:"),),
        scenarios="test_config_that_others and of-a-user",
    ),
    Defect(
        name="open-config-blamed-on-the-plugin-host",
        breaks=("FILE-03.error",),
        edits=(
            Edit(
                _PRECHECK,
                old="Precheck(ConfigFinding(finding.reason),",
                new="Precheck(PluginHostFinding(finding.reason),",
            ),
        ),
        scenarios="test_config_that_others and 0640",
    ),
    Defect(
        name="links-judged-by-themselves",
        breaks=("FILE-03.symlink", "FILE-04.symlink", "FILE-08.links"),
        edits=(Edit(_FACTS, old="status = os.stat(raw)", new="status = os.lstat(raw)"),),
        scenarios="test_links_to_good_scripts or (test_config_that_only and link)",
    ),
    Defect(
        name="directory-is-no-config",
        breaks=("FILE-03.regular",),
        edits=(
            Edit(
                _PERMISSIONS,
                old="    return config.exists or config.dangling\n",
                new='    return config.dangling or (config.exists and config.kind != "dir")\n',
            ),
        ),
        scenarios="test_config_that_others and directory",
    ),
    Defect(
        name="config-of-another-group",
        breaks=("FILE-03.group",),
        edits=(
            Edit(
                _PERMISSIONS, old="    if config.uid != 0:", new="    if config.uid or config.gid:"
            ),
        ),
        scenarios="test_config_that_only and another-group",
    ),
)

SCRIPTS = (
    Defect(
        name="script-of-a-user",
        breaks=("FILE-04.owner", "FILE-04.no-scripts"),
        edits=(Edit(_PERMISSIONS, old="    if script.uid != 0:", new="    if script.uid < 0:"),),
        scenarios="test_script_with_another and of-a-user",
    ),
    Defect(
        name="script-for-the-group",
        breaks=("FILE-04.mode", "FILE-04.acl"),
        edits=(
            Edit(_PERMISSIONS, old="    if mode != SCRIPT_MODE:\n", new="    if mode & 0o007:\n"),
        ),
        scenarios="(test_script_with_another and 0740) or test_script_opened",
    ),
    Defect(
        name="script-with-a-narrow-mode",
        breaks=("FILE-04.narrow",),
        edits=(
            Edit(
                _PERMISSIONS,
                old="    if mode != SCRIPT_MODE:\n",
                new="    if mode & ~SCRIPT_MODE:\n",
            ),
        ),
        scenarios="test_script_with_another and 0500",
    ),
    Defect(
        name="post-script-judged-when-it-is-due",
        breaks=("FILE-04.no-scripts", "FILE-07.no-scripts"),
        edits=(Edit(_PRECHECK, old=_BOTH_SCRIPTS, new='judge_script("pre", pre)'),),
        scenarios="test_pre_script_waits",
    ),
    Defect(
        name="permission-error-of-the-other-script",
        breaks=("FILE-04.error",),
        edits=(
            Edit(
                _PERMISSIONS,
                old='for_script(which, "permission")',
                new='for_script("pre", "permission")',
            ),
        ),
        scenarios="test_script_with_another and post-0755",
    ),
    Defect(
        name="special-bits-overlooked",
        breaks=("FILE-04.special-bits",),
        edits=(
            Edit(
                _PERMISSIONS,
                old="stat.S_IMODE(script.mode)",
                new="stat.S_IMODE(script.mode) & 0o777",
            ),
        ),
        scenarios="test_script_with_another and 4700",
    ),
    Defect(
        name="missing-pre-script-named-post",
        breaks=("FILE-05.pre",),
        edits=(
            Edit(
                _PERMISSIONS,
                old='for_script(which, "not-found")',
                new='for_script("post", "not-found")',
            ),
        ),
        scenarios="test_path_at_which and no-folder",
    ),
    Defect(
        name="missing-post-script-named-pre",
        breaks=("FILE-05.post",),
        edits=(
            Edit(
                _PERMISSIONS,
                old='for_script(which, "not-found")',
                new='for_script("pre", "not-found")',
            ),
        ),
        scenarios="test_path_at_which and file-for-a-folder",
    ),
    Defect(
        name="directory-is-a-script",
        breaks=("FILE-05.not-regular",),
        edits=(
            Edit(
                _PERMISSIONS,
                old='    if script.kind != "file":',
                new='    if script.kind not in ("file", "dir"):',
            ),
        ),
        scenarios="test_path_that_is_no_script and directory",
    ),
)

DEFECTS = (*CONFIG, *SCRIPTS)
