"""FILE: who may own and change the framework's files, what may stand in their places, which first.

The config says in each of these that a failure costs the backup; after a finding in a config that
can't be trusted it goes on all the same (FBK-05).
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.contract.config import CONFIG_PATH
from harness.contract.errors import ErrorName
from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    NotConfigured,
    PluginHostFinding,
    ScriptFinding,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, script, scripts
from harness.scenario.suite import fixture
from harness.targets.situation import (
    POST_PATH,
    PRE_PATH,
    config_file,
)

pytestmark = pytest.mark.guest("data")

USER = 1000
STRICT = configured(continueBackupOnFailure=False)
MANAGED = "/opt/managed/config.json"
PATHS = {"pre": PRE_PATH, "post": POST_PATH}
LINKED = {which: f"/opt/links/{which}.sh" for which in PATHS}
NOT_FOUND = {"pre": ErrorName.PRE_NOT_FOUND, "post": ErrorName.POST_NOT_FOUND}
PERMISSION = {"pre": ErrorName.PRE_PERMISSION, "post": ErrorName.POST_PERMISSION}
#: Soon over, should an executor wait for a pipe.
SHORT = 10.0


def folder(path: str, mode: str = "0755", uid: int = 0) -> GuestFile:
    """A folder; one that is there already gets this mode and owner."""
    return GuestFile(path, kind="dir", mode=mode, uid=uid)


def fifo(path: str) -> GuestFile:
    """A named pipe that nobody ever opens at its other end."""
    return GuestFile(path, kind="fifo", mode="0600")


def link(path: str, target: str, uid: int = 0) -> GuestFile:
    """A symlink."""
    return GuestFile(path, kind="symlink", target=target, uid=uid)


def linked(place: GuestFile) -> Given:
    """Both scripts, named by links to them, and one folder as it is said."""
    locations = {f"{which}ScriptLocation": path for which, path in LINKED.items()}
    links = [link(path, PATHS[which]) for which, path in LINKED.items()]
    return Given({**STRICT, **locations}, (*scripts(), *links, place))


def managed(mode: str = "0600") -> GuestFile:
    """The config where a configuration management would keep it."""
    return GuestFile(MANAGED, content=json.dumps(STRICT).encode(), mode=mode)


#: What stands in the config's place (with what else), the finding's reason, the clause it breaks.
BAD_CONFIGS: dict[str, tuple[tuple[GuestFile, ...], str, str]] = {
    "0640": ((config_file(STRICT, mode="0640"),), "permissions", "FILE-03.mode"),
    "0644": ((config_file(STRICT, mode="0644"),), "permissions", "FILE-03.mode"),
    "0700": ((config_file(STRICT, mode="0700"),), "permissions", "FILE-03.mode"),
    "0400": ((config_file(STRICT, mode="0400"),), "narrow", "FILE-03.narrow"),
    "of-a-user": ((config_file(STRICT, uid=USER),), "permissions", "FILE-03.owner"),
    "directory": ((folder(CONFIG_PATH, "0600"),), "regular", "FILE-03.regular"),
    "pipe": ((fifo(CONFIG_PATH),), "regular", "FILE-03.regular"),
    "dangling": ((link(CONFIG_PATH, MANAGED),), "dangling", "FILE-02.dangling"),
    "link-to-0644": (
        (managed("0644"), link(CONFIG_PATH, MANAGED)),
        "permissions",
        "FILE-03.symlink",
    ),
    "parent-0777": (
        (folder("/etc/azure", "0777"), config_file(STRICT)),
        "directory",
        "FILE-08.config",
    ),
    "parent-of-a-user": (
        (folder("/etc/azure", uid=USER), config_file(STRICT)),
        "directory",
        "FILE-08.config",
    ),
    "link-into-0777": (
        (folder("/opt/managed", "0777"), managed(), link(CONFIG_PATH, MANAGED)),
        "directory",
        "FILE-08.config",
    ),
}


@pytest.mark.parametrize(("files", "reason", "clause"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_config_that_others_may_change(
    case: Case, files: tuple[GuestFile, ...], reason: str, clause: str
) -> None:
    """IncorrectJSONConfigFile, no script runs; a pipe in its place is never waited for."""
    given = Given(STRICT, (*scripts(), *files[:-1]), instead=files[-1])
    run = case.backup(given, freeze_bound=SHORT)
    run.expect_refused(ConfigFinding(reason), clause)


GOOD_CONFIGS = {
    "another-group": ((replace(config_file(STRICT), gid=USER),), "FILE-03.group"),
    "a-users-link": ((managed(), link(CONFIG_PATH, MANAGED, uid=USER)), "FILE-03.symlink"),
}


@pytest.mark.parametrize(("files", "clause"), GOOD_CONFIGS.values(), ids=GOOD_CONFIGS)
def test_config_that_only_root_may_change(
    case: Case, files: tuple[GuestFile, ...], clause: str
) -> None:
    """Neither its group nor who made the link to it matters: both scripts run."""
    run = case.backup(Given(STRICT, (*scripts(), *files[:-1]), instead=files[-1]))
    run.expect_taken(clause, unless=ConfigFinding("permissions"))


def test_nothing_else_is_judged_without_a_config(case: Case) -> None:
    """No config, a corrupt plugin-host file and an open script: not configured, no error."""
    left = GuestFile(PLUGIN_HOST_PATH, content=fixture("configs/corrupt-plugin-host.conf"))
    run = case.backup(Given(None, (left, script("pre", "succeed", mode="0777"))))
    run.expect(NotConfigured(), FreezeDone(), SnapshotTaken())


#: Which script, its mode and owner, the finding's reason and the clause that it breaks.
BAD_SCRIPTS = {
    "pre-0777": ("pre", "0777", 0, "permissions", "FILE-04.mode"),
    "post-0710": ("post", "0710", 0, "permissions", "FILE-04.mode"),
    "pre-0600": ("pre", "0600", 0, "permissions", "FILE-04.narrow"),
    "post-0500": ("post", "0500", 0, "permissions", "FILE-04.narrow"),
    "pre-setuid": ("pre", "04700", 0, "special-bits", "FILE-04.special-bits"),
    "post-setgid": ("post", "02700", 0, "special-bits", "FILE-04.special-bits"),
    "pre-sticky": ("pre", "01700", 0, "special-bits", "FILE-04.special-bits"),
    "pre-of-a-user": ("pre", "0700", USER, "owner", "FILE-04.owner"),
    "post-of-a-user": ("post", "0700", USER, "owner", "FILE-04.owner"),
}


@pytest.mark.parametrize(
    ("which", "mode", "uid", "reason", "clause"), BAD_SCRIPTS.values(), ids=BAD_SCRIPTS
)
def test_script_with_another_mode_or_owner(
    case: Case, which: str, mode: str, uid: int, reason: str, clause: str
) -> None:
    """Only root's 700 will do; else neither script runs."""
    bad = script(which, "succeed", mode=mode, uid=uid)
    run = case.backup(Given(STRICT, (*scripts(), bad)))
    run.expect_refused(ScriptFinding("precheck", PERMISSION[which], reason), clause)


#: What stands at a script's path, and why it is none.
NO_SCRIPTS = {
    "pre-directory": ("pre", folder(PRE_PATH, "0700"), "not-regular", "FILE-05.not-regular"),
    "post-directory": ("post", folder(POST_PATH, "0700"), "not-regular", "FILE-05.not-regular"),
    "post-pipe": ("post", fifo(POST_PATH), "not-regular", "FILE-05.not-regular"),
    "pre-dangling": ("pre", link(PRE_PATH, "/opt/gone.sh"), "absent", "FILE-05.pre"),
    "post-dangling": ("post", link(POST_PATH, "/opt/gone.sh"), "absent", "FILE-05.post"),
}


@pytest.mark.parametrize(("which", "file", "reason", "clause"), NO_SCRIPTS.values(), ids=NO_SCRIPTS)
def test_path_that_is_no_script(
    case: Case, which: str, file: GuestFile, reason: str, clause: str
) -> None:
    """What is no regular file, or a link to nowhere, is not found; neither script runs."""
    other = scripts(**{which: None})
    run = case.backup(Given(STRICT, (*other, file)), freeze_bound=SHORT)
    run.expect_refused(ScriptFinding("precheck", NOT_FOUND[which], reason), clause)


BAD_FOLDERS = {
    "0777": (folder("/opt/scripts", "0777"), "FILE-08.scripts"),
    "0775": (folder("/opt/scripts", "0775"), "FILE-08.scripts"),
    "grandparent-0777": (folder("/opt", "0777"), "FILE-08.scripts"),
    "of-a-user": (folder("/opt/scripts", uid=USER), "FILE-08.scripts"),
    "sticky": (folder("/opt/scripts", "01777"), "FILE-08.sticky"),
}


@pytest.mark.parametrize(("unsafe", "clause"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_script_in_a_folder_of_others(case: Case, unsafe: GuestFile, clause: str) -> None:
    """Whoever may write to the folder could swap the script: permission error, nothing runs."""
    run = case.backup(Given(STRICT, (*scripts(), unsafe)))
    run.expect_refused(ScriptFinding("precheck", PERMISSION["pre"], "directory"), clause)


def test_links_into_a_folder_of_others(case: Case) -> None:
    """Links in a safe folder help nobody whose targets can be swapped."""
    run = case.backup(linked(folder("/opt/scripts", "0777")))
    finding = ScriptFinding("precheck", PERMISSION["pre"], "directory")
    run.expect_refused(finding, "FILE-08.scripts")


LINKS = {
    "roots-folder": (folder("/opt/links"), "FILE-04.symlink"),
    "folder-of-others": (folder("/opt/links", "0777", USER), "FILE-08.links"),
}


@pytest.mark.parametrize(("place", "clause"), LINKS.values(), ids=LINKS)
def test_links_to_good_scripts(case: Case, place: GuestFile, clause: str) -> None:
    """A link is judged by its target, wherever it lies; the resolved path is what runs."""
    run = case.backup(linked(place))
    run.expect_taken(clause, unless=ScriptFinding("precheck", PERMISSION["pre"], "directory"))
    started = [mark.argv for which in PATHS for mark in run.history.starts(which)]
    run.check(
        "FILE-08.resolved",
        not any(path in argv for argv in started for path in LINKED.values()),
        expected=f"{PRE_PATH} and {POST_PATH} are started, not the links",
        observed="; ".join(" ".join(argv) for argv in started) or "nothing was started",
    )


def plugin_host(mode: str = "0600", uid: int = 0, **settings: str) -> GuestFile:
    """A plugin-host file with these settings changed; an empty value leaves a key out."""
    usual = {
        "timeoutInSeconds": "1800",
        "numberOfPlugins": "1",
        "pluginName0": "ScriptRunner",
        "pluginPath0": "ScriptRunnerPlugin",
        "pluginConfigPath0": "VMSnapshotScriptPluginConfig.json",
    }
    lines = [f"{key} = {value}" for key, value in {**usual, **settings}.items() if value]
    text = "\n".join(["[pre_post]", *lines, ""])
    return GuestFile(PLUGIN_HOST_PATH, content=text.encode(), mode=mode, uid=uid)


OTHER_SECTION = plugin_host().content.replace(b"pre_post", b"prepost")
CORRUPT = {
    "empty": (GuestFile(PLUGIN_HOST_PATH, mode="0600"), "empty", "FILE-06.format"),
    "another-section": (
        GuestFile(PLUGIN_HOST_PATH, content=OTHER_SECTION, mode="0600"),
        "missing-section",
        "FILE-06.no-scripts",
    ),
    "no-plugin": (plugin_host(numberOfPlugins="0"), "no-plugin", "FILE-06.format"),
    "no-path": (plugin_host(pluginPath0=""), "missing-key", "FILE-06.format"),
    "timeout-0": (plugin_host(timeoutInSeconds="0"), "not-a-number", "FILE-06.format"),
    "timeout-is-no-number": (
        plugin_host(timeoutInSeconds="1.5"),
        "not-a-number",
        "FILE-06.format",
    ),
    "group-writable": (plugin_host("0660"), "permissions", "FILE-06.permissions"),
    "of-a-user": (plugin_host(uid=USER), "owner", "FILE-06.permissions"),
    "dangling": (link(PLUGIN_HOST_PATH, "/opt/gone.conf"), "dangling", "FILE-06.dangling"),
    "pipe": (fifo(PLUGIN_HOST_PATH), "not-regular", "FILE-06.format"),
}


@pytest.mark.parametrize(("file", "reason", "clause"), CORRUPT.values(), ids=CORRUPT)
def test_plugin_host_file_is_corrupt(case: Case, file: GuestFile, reason: str, clause: str) -> None:
    """IncorrectPluginhostFile, no script runs, never application consistent."""
    run = case.backup(Given(STRICT, (*scripts(), file)), freeze_bound=SHORT)
    run.expect_refused(PluginHostFinding(reason), clause)


def test_plugin_host_file_is_fine(case: Case) -> None:
    """Others may read it, and its pluginConfigPath0 does not move the config's place."""
    file = plugin_host("0755", pluginConfigPath0="/opt/elsewhere.json")
    run = case.backup(Given(STRICT, (*scripts(), file)))
    run.expect_taken("FILE-06.other-bits", unless=PluginHostFinding("permissions"))


Named = ConfigFinding | PluginHostFinding | ScriptFinding
BAD_HOST = plugin_host(numberOfPlugins="0")
OPEN_CONFIG = config_file(STRICT, mode="0644")
BROKEN_CONFIG = config_file(fixture("configs/truncated.json"))
HOST, MODE, CONTENT = (
    PluginHostFinding("no-plugin"),
    ConfigFinding("permissions"),
    ConfigFinding("json"),
)
PRE_OPEN, POST_OPEN = (ScriptFinding("precheck", PERMISSION[w], "permissions") for w in PATHS)
PRE_GONE, POST_GONE = (ScriptFinding("precheck", NOT_FOUND[w], "absent") for w in PATHS)

#: What is bad, the config, and the two findings in FILE-07's order.
BOTH_BAD: dict[str, tuple[tuple[GuestFile, ...], GuestFile, Named, Named]] = {
    "plugin-host-before-config": ((BAD_HOST,), OPEN_CONFIG, HOST, MODE),
    "plugin-host-before-script": (
        (BAD_HOST, GuestFile(PRE_PATH, kind="absent")),
        config_file(STRICT),
        HOST,
        PRE_GONE,
    ),
    "config-permission-before-script": (
        (GuestFile(PRE_PATH, kind="absent"),),
        OPEN_CONFIG,
        MODE,
        PRE_GONE,
    ),
    "pre-permission-before-post-found": (
        (script("pre", "succeed", mode="0755"), GuestFile(POST_PATH, kind="absent")),
        config_file(STRICT),
        PRE_OPEN,
        POST_GONE,
    ),
    "pre-found-before-post-permission": (
        (GuestFile(PRE_PATH, kind="absent"), script("post", "succeed", mode="0755")),
        config_file(STRICT),
        PRE_GONE,
        POST_OPEN,
    ),
}


@pytest.mark.parametrize(("files", "config", "first", "second"), BOTH_BAD.values(), ids=BOTH_BAD)
def test_first_finding_is_the_primary_error(
    case: Case, files: tuple[GuestFile, ...], config: GuestFile, first: Named, second: Named
) -> None:
    """Of two bad files the one that is judged first names the primary error; no script runs."""
    run = case.backup(Given(STRICT, (*scripts(), *files), instead=config))
    errors = run.history.end.outcome.errors if run.history.end.outcome else ()
    named = errors[:1]
    run.check(
        "FILE-07.order",
        named == (str(first.name),),
        expected=f"primary error {first.name}",
        observed=f"errors: {', '.join(errors) or 'none'}",
    )
    swapped = named == (str(second.name),) and not run.binds("FILE-07.order")
    run.expect_refused(second if swapped else first, "FILE-07.no-scripts")
