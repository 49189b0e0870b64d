"""Executors that judge the plugin-host file, the order of the precheck or folders wrongly."""

from __future__ import annotations

from tests.mutants.defect import Defect, Edit

_PRECHECK = "executor/precheck.py"
_PERMISSIONS = "contract/permissions.py"
_HOST = "contract/pluginhost.py"

PLUGIN_HOST = (
    Defect(
        name="corrupt-plugin-host-blamed-on-the-config",
        breaks=("FILE-06.error",),
        edits=(
            Edit(
                _PRECHECK,
                old="Precheck(PluginHostFinding(host.reason),",
                new="Precheck(ConfigFinding(host.reason),",
            ),
        ),
        scenarios="test_plugin_host_file_is_corrupt and (no-ini-file or bytes)",
    ),
    Defect(
        name="corrupt-plugin-host-overlooked",
        breaks=("FILE-06.no-scripts", "FILE-06.level"),
        edits=(
            Edit(
                _PRECHECK,
                old="return Precheck(PluginHostFinding(host.reason), host.detail, policy)",
                new="host = PluginHost(1800, 1, ())",
            ),
        ),
        scenarios="test_plugin_host_file_is_corrupt and (no-ini-file or another-section)",
    ),
    Defect(
        name="corrupt-plugin-host-is-application-consistent",
        breaks=("FILE-06.level",),
        edits=(
            Edit(
                "contract/verdict.py",
                old="    spoilt = any_of(happenings, NotConfigured,",
                new="    if any_of(happenings, PluginHostFinding):\n"
                '        return "application"\n'
                "    spoilt = any_of(happenings, NotConfigured,",
            ),
        ),
        scenarios="test_plugin_host_file_is_corrupt and no-ini-file",
    ),
    Defect(
        name="plugin-host-file-required",
        breaks=("FILE-06.path",),
        edits=(
            Edit(
                _PRECHECK,
                old="    raw: Optional[bytes] = paths.own_plugin_host\n",
                new="    raw: Optional[bytes] = None\n",
            ),
        ),
        scenarios="test_executors_own_copy",
    ),
    Defect(
        name="plugin-host-in-lower-case",
        breaks=("FILE-06.path",),
        edits=(
            Edit(
                _HOST,
                old='PLUGIN_HOST_PATH = "/etc/azure/VMSnapshotPluginHost.conf"',
                new='PLUGIN_HOST_PATH = "/etc/azure/vmsnapshotpluginhost.conf"',
            ),
        ),
        scenarios="test_plugin_host_file_is_fine and corrupt-in-another-place",
    ),
    Defect(
        name="plugin-host-without-numbers",
        breaks=("FILE-06.format",),
        edits=(Edit(_HOST, old="    if number < 1:", new="    if number < 0:"),),
        scenarios="test_plugin_host_file_is_corrupt and (no-plugin or timeout-0)",
    ),
    Defect(
        name="plugin-host-for-the-group",
        breaks=("FILE-06.permissions",),
        edits=(Edit(_PERMISSIONS, old="    if mode & 0o022:", new="    if mode & 0o002:"),),
        scenarios="test_plugin_host_file_is_corrupt and 0620",
    ),
    Defect(
        name="plugin-host-with-mode-600-only",
        breaks=("FILE-06.other-bits",),
        edits=(Edit(_PERMISSIONS, old="    if mode & 0o022:", new="    if mode != 0o600:"),),
        scenarios="test_plugin_host_file_is_fine and 0755",
    ),
    Defect(
        name="config-where-the-plugin-host-says",
        breaks=("FILE-06.config-path",),
        edits=(
            Edit(
                _PRECHECK,
                old="    finding = judge_config_file(",
                new='    if host.plugins[0].config_path.startswith("/"):\n'
                "        config_facts = look(host.plugins[0].config_path)\n"
                "    finding = judge_config_file(",
            ),
        ),
        scenarios="test_config_of_the_first_plugin",
    ),
    Defect(
        name="own-copy-not-judged",
        breaks=("FILE-06.own-copy",),
        edits=(
            Edit(
                _PRECHECK,
                old='    host = parse_plugin_host(raw or b"")\n',
                new='    host = parse_plugin_host(raw or b"")\n'
                "    if where != paths.plugin_host:\n"
                "        return PluginHost(1800, 1, ())\n",
            ),
        ),
        scenarios="test_executors_own_copy",
    ),
)

PLACES = (
    Defect(
        name="post-script-judged-first",
        breaks=("FILE-07.order",),
        edits=(
            Edit(
                _PRECHECK,
                old='judge_script("pre", pre) or judge_script("post", post)',
                new='judge_script("post", post) or judge_script("pre", pre)',
            ),
        ),
        scenarios="test_first_finding",
    ),
    Defect(
        name="folder-of-a-script-not-looked-at",
        breaks=("FILE-08.scripts",),
        edits=(
            Edit(
                _PERMISSIONS, old="    return _directory(script, name)\n", new="    return None\n"
            ),
        ),
        scenarios="test_script_in_a_folder_of_others and 0777",
    ),
    Defect(
        name="folder-of-the-config-not-looked-at",
        breaks=("FILE-08.config",),
        edits=(
            Edit(
                _PERMISSIONS, old="    return _directory(config, name)\n", new="    return None\n"
            ),
        ),
        scenarios="test_config_that_others and parent-0777",
    ),
    Defect(
        name="sticky-folder-is-safe",
        breaks=("FILE-08.sticky",),
        edits=(
            Edit(
                _PERMISSIONS,
                old="        elif directory.mode & 0o022:",
                new="        elif directory.mode & 0o022 and not directory.mode & 0o1000:",
            ),
        ),
        scenarios="sticky and (test_script_in_a_folder_of_others or test_config_that_others)",
    ),
    Defect(
        name="folders-of-links-looked-at",
        breaks=("FILE-08.links",),
        edits=(
            Edit(
                "executor/facts.py",
                old="directories=_directories(resolved)",
                new="directories=_directories(encode(path)) + _directories(resolved)",
            ),
        ),
        scenarios="test_links_to_good_scripts and folder-of-others",
    ),
    Defect(
        name="link-started-instead-of-its-target",
        breaks=("FILE-08.resolved",),
        edits=(
            Edit(
                "executor/scripts.py",
                old="Command((self.resolved, *self.params)",
                new="Command((self.path, *self.params)",
            ),
        ),
        scenarios="test_links_to_good_scripts and roots-folder",
    ),
)

DEFECTS = (*PLUGIN_HOST, *PLACES)
