"""FILE-06: the plugin-host file, what makes it corrupt, and what does not matter in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import PluginHostFinding
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, scripts
from harness.scenario.places import (
    ACL_READABLE,
    SHORT,
    USER,
    character_device,
    circle,
    fifo,
    folder,
    link,
    socket,
)
from harness.scenario.suite import fixture
from harness.targets.reference import INSTALLED_AT
from harness.targets.situation import config_file

pytestmark = pytest.mark.guest("data")

MEANT = configured(continueBackupOnFailure=False)
ELSEWHERE = "/opt/elsewhere/config.json"
USUAL = {
    "timeoutInSeconds": "1800",
    "numberOfPlugins": "1",
    "pluginName0": "ScriptRunner",
    "pluginPath0": "/etc/azure",
    "pluginConfigPath0": "/etc/azure/VMSnapshotScriptPluginConfig.json",
}


def text(**settings: str | None) -> str:
    """A plugin-host file with these settings changed; None leaves a key out."""
    lines = (
        f"{key} = {value}" for key, value in {**USUAL, **settings}.items() if value is not None
    )
    return "\n".join(["[pre_post]", *lines, ""])


def plugin_host(content: str | bytes, mode: str = "0600", uid: int = 0) -> GuestFile:
    """A plugin-host file."""
    raw = content if isinstance(content, bytes) else content.encode()
    return GuestFile(PLUGIN_HOST_PATH, content=raw, mode=mode, uid=uid)


def without(key: str) -> tuple[GuestFile, str, str]:
    """A key is missing."""
    return (plugin_host(text(**{key: None})), "missing-key", "FILE-06.format")


def holding(key: str, value: str, reason: str = "not-a-number") -> tuple[GuestFile, str, str]:
    """A key has a value that can't be used."""
    return (plugin_host(text(**{key: value})), reason, "FILE-06.format")


CORRUPT = {
    "empty": (plugin_host(""), "empty", "FILE-06.format"),
    "blank": (plugin_host("\n \n"), "empty", "FILE-06.format"),
    "no-ini-file": (
        plugin_host(fixture("configs/corrupt-plugin-host.conf")),
        "ini",
        "FILE-06.error",
    ),
    "bytes": (plugin_host(bytes(range(256))), "ini", "FILE-06.error"),
    "utf-16": (plugin_host(text().encode("utf-16")), "encoding", "FILE-06.format"),
    "another-section": (
        plugin_host(text().replace("pre_post", "prepost")),
        "missing-section",
        "FILE-06.no-scripts",
    ),
    "truncated": (plugin_host(text()[:55]), "missing-key", "FILE-06.format"),
    **{f"without-{key}": without(key) for key in USUAL},
    "no-plugin": holding("numberOfPlugins", "0", "no-plugin"),
    "plugins-as-a-word": holding("numberOfPlugins", "one"),
    "less-than-no-plugin": holding("numberOfPlugins", "-1"),
    "timeout-0": holding("timeoutInSeconds", "0"),
    "timeout-is-negative": holding("timeoutInSeconds", "-1"),
    "timeout-is-no-whole-number": holding("timeoutInSeconds", "1.5"),
    "timeout-with-a-unit": holding("timeoutInSeconds", "30s"),
    "empty-name": holding("pluginName0", "", "empty-value"),
    "empty-config-path": holding("pluginConfigPath0", "", "empty-value"),
    "0620": (plugin_host(text(), "0620"), "permissions", "FILE-06.permissions"),
    "0602": (plugin_host(text(), "0602"), "permissions", "FILE-06.permissions"),
    "of-a-user": (plugin_host(text(), uid=USER), "owner", "FILE-06.permissions"),
    "acl-for-a-user": (
        replace(plugin_host(text()), acl=ACL_READABLE),
        "permissions",
        "FILE-06.permissions",
    ),
    "dangling": (link(PLUGIN_HOST_PATH, "/opt/gone.conf"), "dangling", "FILE-06.dangling"),
    "circle": (circle(PLUGIN_HOST_PATH), "dangling", "FILE-06.dangling"),
    "directory": (folder(PLUGIN_HOST_PATH, "0700"), "not-regular", "FILE-06.format"),
    "pipe": (fifo(PLUGIN_HOST_PATH), "not-regular", "FILE-06.format"),
    "socket": (socket(PLUGIN_HOST_PATH), "not-regular", "FILE-06.format"),
    "null-device": (character_device(PLUGIN_HOST_PATH), "not-regular", "FILE-06.format"),
}


@pytest.mark.parametrize(("file", "reason", "clause"), CORRUPT.values(), ids=CORRUPT)
def test_plugin_host_file_is_corrupt(case: Case, file: GuestFile, reason: str, clause: str) -> None:
    """IncorrectPluginhostFile, no script runs, never application consistent."""
    run = case.backup(Given(MEANT, (*scripts(), file)), freeze_bound=SHORT)
    run.expect_refused(PluginHostFinding(reason), clause)


MORE = "; a comment\n# another\n\n[main]\nlog = yes\n\n"
SECOND = "\npluginName1 = Other\npluginPath1 = OtherPlugin\npluginConfigPath1 = other.json\n"
LINKED = "/srv/open/host.conf"
FINE: dict[str, tuple[tuple[GuestFile, ...], str]] = {
    "more-in-it": ((plugin_host(MORE + text(owner="the database team")),), "FILE-06.format"),
    "timeout-of-30-digits": ((plugin_host(text(timeoutInSeconds="9" * 30)),), "FILE-06.format"),
    **{
        mode: ((plugin_host(text(), mode),), "FILE-06.other-bits")
        for mode in ("0400", "0755", "04744")
    },
    "another-group": ((replace(plugin_host(text()), gid=USER),), "FILE-06.other-bits"),
    "link-into-0777": (
        (
            folder("/srv/open", "0777"),
            replace(plugin_host(text()), path=LINKED),
            link(PLUGIN_HOST_PATH, LINKED),
        ),
        "FILE-06.other-bits",
    ),
    "corrupt-in-another-place": (
        (
            replace(plugin_host("corrupt"), path="/etc/azure/vmsnapshotpluginhost.conf"),
            replace(plugin_host("corrupt"), path="/etc/VMSnapshotPluginHost.conf"),
        ),
        "FILE-06.path",
    ),
}


@pytest.mark.parametrize(("files", "clause"), FINE.values(), ids=FINE)
def test_plugin_host_file_is_fine(case: Case, files: tuple[GuestFile, ...], clause: str) -> None:
    """What else it holds, who may read it and who may change its folder: both scripts run."""
    run = case.backup(Given(MEANT, (*scripts(), *files)))
    run.expect_taken(clause, unless=PluginHostFinding("permissions"))


@pytest.mark.parametrize("count", [1, 2], ids=["one-plugin", "two-plugins"])
def test_config_of_the_first_plugin(case: Case, count: int) -> None:
    """pluginConfigPath0 names a config elsewhere, which says other arguments: it is not read."""
    host = text(pluginConfigPath0=ELSEWHERE, numberOfPlugins=str(count))
    other = config_file({**MEANT, "preScriptParams": ["the-plugin-hosts-word"]})
    files = (*scripts(), plugin_host(host + SECOND * (count - 1)), replace(other, path=ELSEWHERE))
    run = case.backup(Given(MEANT, files))
    moved = [mark for mark in run.history.starts("pre") if "the-plugin-hosts-word" in mark.argv]
    run.check(
        "FILE-06.config-path",
        not moved,
        expected=f"the config at its own place is read, not {ELSEWHERE}",
        observed=f"the arguments of {ELSEWHERE} arrived" if moved else "they did not arrive",
    )
    if not moved or run.binds("FILE-06.config-path"):
        # Whoever refuses such a file does so for a reason of his own: it is not corrupt.
        run.expect_taken("FILE-06.config-path", unless=PluginHostFinding("permissions"))


def test_executors_own_copy(case: Case) -> None:
    """No plugin-host file: the executor's own copy counts, which is judged in the same way."""
    given = Given(MEANT, scripts())
    case.backup(given).expect_taken("FILE-06.path", unless=PluginHostFinding("missing-key"))
    if not case.reference:
        return  # where another executor keeps its copy is its own affair
    damaged = (case.guest.read(INSTALLED_AT) or b"").replace(
        b"timeoutInSeconds = 1800\n", b"timeoutInSeconds = soon\n"
    )
    case.guest.put(GuestFile(INSTALLED_AT, content=damaged, mode="0755"))
    run = case.backup(given)
    errors = run.history.end.outcome.errors if run.history.end.outcome else ()
    run.check(
        "FILE-06.own-copy",
        errors == ("IncorrectPluginhostFile",),
        expected="a damaged copy of its own is IncorrectPluginhostFile",
        observed=f"errors: {', '.join(errors) or 'none'}",
    )
    run.expect_refused(PluginHostFinding("not-a-number"), "FILE-06.own-copy")
