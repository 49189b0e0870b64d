"""Each of the ten documented errors, with both policies, on a data and on a single-disk guest.

What the verdict must be follows from what happened (FBK-02 to FBK-05, FBK-08); no script may run
after a finding of the precheck (FILE-07).
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.contract.errors import ErrorName
from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    PluginHostFinding,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, policy, script, scripts
from harness.scenario.suite import fixture

pytestmark = pytest.mark.guest("data", "single-disk")


def given(go_on: bool, *files: GuestFile, **settings: Any) -> Given:
    """A complete config with this policy, and the scripts."""
    return Given(configured(continueBackupOnFailure=go_on, **settings), files)


@policy
@pytest.mark.parametrize("missing", ["pre", "post"])
def test_a_script_is_not_there(case: Case, go_on: bool, missing: str) -> None:
    """A configured script does not exist: no script runs."""
    left = scripts(**{missing: None})
    name = {"pre": ErrorName.PRE_NOT_FOUND, "post": ErrorName.POST_NOT_FOUND}[missing]
    run = case.backup(given(go_on, *left))
    run.expect(ScriptFinding("precheck", name), FreezeDone(), SnapshotTaken())


@policy
@pytest.mark.parametrize("loose", ["pre", "post"])
def test_a_script_that_others_may_read(case: Case, go_on: bool, loose: str) -> None:
    """A script has mode 755 instead of 700: no script runs."""
    modes = {which: "0755" if which == loose else "0700" for which in ("pre", "post")}
    files = [script(which, "succeed", mode=mode) for which, mode in modes.items()]
    name = {"pre": ErrorName.PRE_PERMISSION, "post": ErrorName.POST_PERMISSION}[loose]
    run = case.backup(given(go_on, *files))
    run.expect(ScriptFinding("precheck", name), FreezeDone(), SnapshotTaken())


@policy
def test_pre_fails(case: Case, go_on: bool) -> None:
    """The pre-script exits with 1: the post-script runs all the same."""
    run = case.backup(given(go_on, *scripts(pre="fail")))
    failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
    run.expect(failed, FreezeDone(), SnapshotTaken(), PostSucceeded())


@policy
def test_post_fails(case: Case, go_on: bool) -> None:
    """The post-script exits with 1: the set is there, but the application's state is in doubt."""
    run = case.backup(given(go_on, *scripts(post="fail")))
    failed = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), failed)


@policy
@pytest.mark.slow_by_contract
def test_pre_times_out(case: Case, go_on: bool) -> None:
    """The pre-script never ends and ignores SIGTERM: it is ended, with its child."""
    run = case.backup(given(go_on, *scripts(pre="hang"), timeoutInSeconds=1))
    late = ScriptFinding("pre", ErrorName.PRE_TIMEOUT)
    run.expect(late, FreezeDone(), SnapshotTaken(), PostSucceeded())


@policy
@pytest.mark.slow_by_contract
def test_post_times_out(case: Case, go_on: bool) -> None:
    """The post-script never ends and ignores SIGTERM: it is ended, with its child."""
    run = case.backup(given(go_on, *scripts(post="hang"), timeoutInSeconds=1))
    late = ScriptFinding("post", ErrorName.POST_TIMEOUT)
    run.expect(PreSucceeded(), FreezeDone(), SnapshotTaken(), late)


@policy
def test_config_lacks_a_script(case: Case, go_on: bool) -> None:
    """The config has no postScriptLocation: its policy can't be trusted, so the backup goes on."""
    config = configured(continueBackupOnFailure=go_on)
    lacking = {key: value for key, value in config.items() if key != "postScriptLocation"}
    run = case.backup(Given(lacking, scripts()))
    run.expect(ConfigFinding("missing-key"), FreezeDone(), SnapshotTaken())


def test_config_is_truncated(case: Case) -> None:
    """The config ends in its middle, as after a crash of the editor."""
    run = case.backup(Given(fixture("configs/truncated.json"), scripts()))
    run.expect(ConfigFinding("json"), FreezeDone(), SnapshotTaken())


@policy
def test_plugin_host_file_is_corrupt(case: Case, go_on: bool) -> None:
    """The plugin-host file is no INI file: no script runs, and the policy is not trusted."""
    corrupt = GuestFile(PLUGIN_HOST_PATH, content=fixture("configs/corrupt-plugin-host.conf"))
    run = case.backup(given(go_on, corrupt, *scripts()))
    run.expect(PluginHostFinding("ini"), FreezeDone(), SnapshotTaken())
