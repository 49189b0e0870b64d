"""FILE-01 to FILE-03, FILE-08: where the config lies, and who may own and change it.

The config says in each of these that a failure costs the backup; after a finding in a config that
can't be trusted it goes on all the same (FBK-05).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contract.config import CONFIG_PATH
from harness.contract.errors import ErrorName
from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import ConfigFinding, FreezeDone, NotConfigured, SnapshotTaken
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, script, scripts
from harness.scenario.places import (
    ACL_MASKED,
    ACL_OPEN_FOLDER,
    ACL_READABLE,
    SHORT,
    USER,
    absent,
    block_device,
    character_device,
    circle,
    fifo,
    folder,
    link,
    socket,
)
from harness.scenario.suite import fixture
from harness.targets.situation import config_file

pytestmark = pytest.mark.guest("data")

MEANT = configured(continueBackupOnFailure=False)
MANAGED = "/opt/managed/config.json"
FOLDER = "/etc/azure"

#: Places where people, other releases or other documents put a config, and the word by which an
#: execution with the arguments of that config is known.
ELSEWHERE = {
    "/etc/azure/vmsnapshotscriptpluginconfig.json": "lower-case",
    "/etc/azure/VMSnapshotScriptPluginConfig.json.bak": "a-copy",
    "/etc/azure/vmbackup.conf": "another-file-of-the-vendor",
    "/etc/VMSnapshotScriptPluginConfig.json": "the-folder-above",
    "/VMSnapshotScriptPluginConfig.json": "the-executors-folder",
    "/var/lib/waagent/VMSnapshotLinux-1.0/main/tempPlugin/VMSnapshotScriptPluginConfig.json": (
        "the-extensions-folder"
    ),
}


def config_at(path: str, **settings: object) -> GuestFile:
    """A config with all the right permissions, in another place."""
    return replace(config_file({**MEANT, **settings}), path=path)


def managed(mode: str = "0600", uid: int = 0) -> GuestFile:
    """The config where a configuration management would keep it."""
    return replace(config_file(MEANT, mode=mode, uid=uid), path=MANAGED)


def test_config_in_another_place(case: Case) -> None:
    """Configs in six other places: none of them is read, with or without one in the right place."""
    others = [config_at(path, preScriptParams=[word]) for path, word in ELSEWHERE.items()]
    without = case.backup(Given(None, (*scripts(), *others)))
    read = [word for mark in without.history.marks for word in mark.argv]
    for path, word in ELSEWHERE.items():
        observed = "its script ran" if word in read else "no script got its arguments"
        without.check(
            "FILE-01.path", word not in read, expected=f"{path} is not read", observed=observed
        )
    without.expect(NotConfigured(), FreezeDone(), SnapshotTaken())
    right = case.backup(Given({**MEANT, "preScriptParams": ["the-right-one"]}))
    right.expect_taken("FILE-01.path", unless=ConfigFinding("json"))


#: What is left of a framework that nobody configures, or was never there.
UNCONFIGURED: dict[str, tuple[GuestFile, ...]] = {
    "nothing-at-all": (absent(FOLDER),),
    "scripts-alone": scripts(),
    "corrupt-plugin-host": (
        script("pre", "succeed", mode="0777"),
        GuestFile(PLUGIN_HOST_PATH, content=fixture("configs/corrupt-plugin-host.conf")),
    ),
    "pipe-as-plugin-host": (*scripts(), fifo(PLUGIN_HOST_PATH)),
    "dangling-plugin-host": (*scripts(), link(PLUGIN_HOST_PATH, "/opt/gone.conf")),
}


@pytest.mark.parametrize("files", UNCONFIGURED.values(), ids=UNCONFIGURED)
def test_nothing_else_is_judged_without_a_config(case: Case, files: tuple[GuestFile, ...]) -> None:
    """No config: not configured, no error, whatever else lies there; a pipe is not waited for."""
    run = case.backup(Given(None, files), freeze_bound=SHORT)
    end = run.history.end
    named = end.outcome.errors if end.outcome else ()
    run.check(
        "FILE-02.plugin-host",
        end.outcome is not None and ErrorName.INCORRECT_PLUGIN_HOST.value not in named,
        expected="the plugin-host file is not read",
        observed=f"errors: {', '.join(named) or 'none'}" if end.outcome else "there is no outcome",
    )
    run.expect(NotConfigured(), FreezeDone(), SnapshotTaken())


def modes(
    clause: str, reason: str, *bits: str
) -> dict[str, tuple[tuple[GuestFile, ...], str, str]]:
    """A config with each of these modes."""
    return {mode: ((config_file(MEANT, mode=mode),), reason, clause) for mode in bits}


def in_place(file: GuestFile, clause: str) -> tuple[tuple[GuestFile, ...], str, str]:
    """Something else in the config's place, and the clause that it breaks."""
    return ((file,), clause.partition(".")[2], clause)


#: What stands in the config's place (with what else), the finding's reason, the clause it breaks.
BAD_CONFIGS: dict[str, tuple[tuple[GuestFile, ...], str, str]] = {
    **modes("FILE-03.mode", "permissions", "0640", "0620", "0610", "0604", "0602", "0601"),
    **modes("FILE-03.mode", "permissions", "0644", "0700"),
    **modes("FILE-03.error", "permissions", "04600", "01600"),
    **modes("FILE-03.narrow", "narrow", "0400", "0200", "0000"),
    "of-a-user": ((config_file(MEANT, uid=USER),), "permissions", "FILE-03.owner"),
    "acl-for-a-user": (
        (replace(config_file(MEANT), acl=ACL_READABLE),),
        "permissions",
        "FILE-03.acl",
    ),
    "directory": in_place(folder(CONFIG_PATH, "0600"), "FILE-03.regular"),
    "pipe": in_place(fifo(CONFIG_PATH), "FILE-03.regular"),
    "socket": in_place(socket(CONFIG_PATH), "FILE-03.regular"),
    "null-device": in_place(character_device(CONFIG_PATH), "FILE-03.regular"),
    "block-device": in_place(block_device(CONFIG_PATH), "FILE-03.regular"),
    "dangling": in_place(link(CONFIG_PATH, MANAGED), "FILE-02.dangling"),
    "circle": in_place(circle(CONFIG_PATH), "FILE-02.dangling"),
    "link-to-0644": (
        (managed("0644"), link(CONFIG_PATH, MANAGED)),
        "permissions",
        "FILE-03.symlink",
    ),
    "link-to-a-users": (
        (managed(uid=USER), link(CONFIG_PATH, MANAGED)),
        "permissions",
        "FILE-03.symlink",
    ),
    **{
        f"parent-{name}": ((place, config_file(MEANT)), "directory", "FILE-08.config")
        for name, place in {
            "0777": folder(FOLDER, "0777"),
            "0775": folder(FOLDER, "0775"),
            "of-a-user": folder(FOLDER, uid=USER),
            "with-an-acl": folder(FOLDER, acl=ACL_OPEN_FOLDER),
        }.items()
    },
    "parent-sticky": (
        (folder(FOLDER, "01777"), config_file(MEANT)),
        "directory",
        "FILE-08.sticky",
    ),
    "grandparent-0777": (
        (folder("/etc", "0777"), config_file(MEANT)),
        "directory",
        "FILE-08.config",
    ),
    "root-0777": ((folder("/", "0777"), config_file(MEANT)), "directory", "FILE-08.config"),
    "link-into-0777": (
        (folder("/opt/managed", "0777"), managed(), link(CONFIG_PATH, MANAGED)),
        "directory",
        "FILE-08.config",
    ),
    "linked-folder-0777": (
        (folder("/opt/managed", "0777"), link(FOLDER, "/opt/managed"), config_file(MEANT)),
        "directory",
        "FILE-08.config",
    ),
}


@pytest.mark.parametrize(("files", "reason", "clause"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_config_that_others_may_change(
    case: Case, files: tuple[GuestFile, ...], reason: str, clause: str
) -> None:
    """IncorrectJSONConfigFile, no script runs; a pipe in its place is never waited for."""
    given = Given(MEANT, (*scripts(), *files[:-1]), instead=files[-1])
    run = case.backup(given, freeze_bound=SHORT)
    run.expect_refused(ConfigFinding(reason), clause)


GOOD_CONFIGS = {
    "another-group": ((replace(config_file(MEANT), gid=USER),), "FILE-03.group"),
    "a-users-link": ((managed(), link(CONFIG_PATH, MANAGED, uid=USER)), "FILE-03.symlink"),
    "masked-acl": ((replace(config_file(MEANT), acl=ACL_MASKED),), "FILE-03.acl"),
    "parent-0700": ((folder(FOLDER, "0700"), config_file(MEANT)), "FILE-08.config"),
    "parent-03755": ((folder(FOLDER, "03755"), config_file(MEANT)), "FILE-08.sticky"),
    "linked-folder": (
        (folder("/opt/managed"), link(FOLDER, "/opt/managed", uid=USER), config_file(MEANT)),
        "FILE-08.links",
    ),
    "linked-twice": (
        (
            managed(),
            folder("/opt/open", "0777", USER),
            link("/opt/open/config.json", MANAGED, uid=USER),
            link(CONFIG_PATH, "/opt/open/config.json"),
        ),
        "FILE-08.links",
    ),
}


@pytest.mark.parametrize(("files", "clause"), GOOD_CONFIGS.values(), ids=GOOD_CONFIGS)
def test_config_that_only_root_may_change(
    case: Case, files: tuple[GuestFile, ...], clause: str
) -> None:
    """Group, mask and links do not matter where nobody but root can change it: both scripts run."""
    run = case.backup(Given(MEANT, (*scripts(), *files[:-1]), instead=files[-1]))
    run.expect_taken(clause, unless=ConfigFinding("permissions"))
