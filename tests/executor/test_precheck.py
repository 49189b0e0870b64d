"""FILE-01 to FILE-08 and the order of FILE-07, with real files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.contract.verdict import (
    ConfigFinding,
    NotConfigured,
    PluginHostFinding,
    Policy,
    ScriptFinding,
)
from harness.executor.facts import look, look_again
from harness.executor.precheck import OWN_PLUGIN_HOST, Paths, Precheck, precheck


class Files:
    """A config, a plugin host and two scripts that are all right until a test changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        self.host = folder / "host.conf"
        self.own = OWN_PLUGIN_HOST
        for name in ("pre", "post"):
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o700)
        self.configure()

    def configure(self, **keys: object) -> None:
        content = {
            "preScriptLocation": str(self.folder / "pre"),
            "postScriptLocation": str(self.folder / "post"),
            **keys,
        }
        self.config.write_text(json.dumps(content))
        self.config.chmod(0o600)

    def judge(self, single: bool = False) -> Precheck:
        return precheck(single, Paths(str(self.config), str(self.host), self.own))

    def error(self) -> str | None:
        happening = self.judge().happening
        name: str | None = getattr(happening, "name", None)
        return name


@pytest.fixture
def files(folder: Path) -> Files:
    return Files(folder)


def test_all_is_well(files: Files) -> None:
    files.configure(preScriptParams=["a", ""], preScriptNoOfRetries=2, timeoutInSeconds=7)
    found = files.judge(single=True)
    assert found.happening is None
    assert found.policy == Policy(single_disk=True)
    assert found.pre is not None
    assert found.post is not None
    assert (found.pre.params, found.pre.retries, found.pre.seconds) == (("a", ""), 2, 7.0)
    assert (found.post.which, found.post.retries) == ("post", 0)


def test_no_config_is_no_error_and_nothing_else_is_judged(files: Files) -> None:
    files.config.unlink()
    files.host.write_text("corrupt")
    assert isinstance(files.judge().happening, NotConfigured)


def test_a_dangling_config_is_no_absence(files: Files) -> None:
    files.config.unlink()
    files.config.symlink_to("nowhere")
    assert files.error() == "IncorrectJSONConfigFile"


def test_a_config_that_is_a_pipe_does_not_block(files: Files) -> None:
    files.config.unlink()
    os.mkfifo(files.config, 0o600)
    assert files.error() == "IncorrectJSONConfigFile"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o700, 0o400, 0o4600])
def test_the_configs_mode(files: Files, mode: int) -> None:
    files.config.chmod(mode)
    happening = files.judge().happening
    assert isinstance(happening, ConfigFinding)


def test_the_configs_owner(files: Files) -> None:
    os.chown(files.config, 65534, 0)
    assert files.error() == "IncorrectJSONConfigFile"
    os.chown(files.config, 0, 65534)
    assert files.error() is None


def test_a_config_finding_is_not_trusted(files: Files) -> None:
    files.configure(timeoutInSeconds="30", continueBackupOnFailure=False, fsFreezeEnabled=False)
    found = files.judge()
    assert isinstance(found.happening, ConfigFinding)
    assert found.policy == Policy()


def test_the_plugin_host_comes_before_the_config(files: Files) -> None:
    files.config.write_text("corrupt")
    files.host.write_text("")
    assert isinstance(files.judge(single=True).happening, PluginHostFinding)
    assert files.judge(single=True).policy == Policy(single_disk=True)
    files.host.unlink()
    assert files.error() == "IncorrectJSONConfigFile"


def test_a_plugin_host_that_others_may_write_to(files: Files) -> None:
    files.host.write_bytes(OWN_PLUGIN_HOST)
    files.host.chmod(0o644)
    assert files.error() is None
    files.host.chmod(0o664)
    assert files.error() == "IncorrectPluginhostFile"


def test_the_own_copy_is_judged_too(files: Files) -> None:
    files.own = b"[pre_post]\n"
    assert files.error() == "IncorrectPluginhostFile"


def test_order_of_the_scripts(files: Files) -> None:
    (files.folder / "post").unlink()
    assert files.error() == "Post-ScriptNotFound"
    (files.folder / "pre").chmod(0o755)
    assert files.error() == "InsufficientPermissionforPre-Script"
    (files.folder / "pre").unlink()
    assert files.error() == "Pre-ScriptNotFound"
    (files.folder / "pre").mkdir(mode=0o700)
    assert files.error() == "Pre-ScriptNotFound"


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o500, 0o4700, 0o1700])
def test_a_scripts_mode(files: Files, mode: int) -> None:
    (files.folder / "post").chmod(mode)
    happening = files.judge().happening
    assert isinstance(happening, ScriptFinding)
    assert happening.name == "InsufficientPermissionforPost-Script"


def test_a_folder_that_others_may_write_to(files: Files) -> None:
    inner = files.folder / "inner"
    inner.mkdir()
    (inner / "pre").write_text("#!/bin/sh\n")
    (inner / "pre").chmod(0o700)
    files.configure(preScriptLocation=str(inner / "pre"))
    assert files.error() is None
    for mode in (0o775, 0o1777):
        inner.chmod(mode)
        assert files.error() == "InsufficientPermissionforPre-Script"
    inner.chmod(0o755)
    os.chown(inner, 65534, 0)
    assert files.error() == "InsufficientPermissionforPre-Script"


def test_the_folder_of_a_link_does_not_matter_and_its_target_runs(files: Files) -> None:
    loose = files.folder / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    (loose / "pre").symlink_to(files.folder / "pre")
    files.configure(preScriptLocation=str(loose / "pre"))
    found = files.judge()
    assert found.happening is None
    assert found.pre is not None
    assert found.pre.resolved == str(files.folder / "pre")


def test_a_later_look_does_not_follow_what_became_a_link(files: Files) -> None:
    path = str(files.folder / "pre")
    assert look_again(path, path) == look(path)
    (files.folder / "pre").rename(files.folder / "other")
    assert not look_again(path, path).exists
    (files.folder / "pre").symlink_to("other")
    assert look_again(path, path).kind == ""


def test_a_path_that_no_filesystem_takes(files: Files) -> None:
    files.configure(preScriptLocation="/" + "x" * 5000)
    assert files.error() == "Pre-ScriptNotFound"
