"""CFG: what may stand in the config, what makes it unusable, and what applies in its place.

In each unusable config the author asked for no backup after a failure and for no freeze: neither
may be trusted, so the backup goes on, frozen (CFG-03.policy).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.contract.errors import ErrorName
from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, scripts
from harness.scenario.suite import fixture
from harness.targets.situation import (
    POST_PATH,
    PRE_PATH,
    TREE_END,
    config_file,
)

pytestmark = pytest.mark.guest("data")

ALL_WELL = (PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded())
MEANT = configured(continueBackupOnFailure=False, fsFreezeEnabled=False)
#: Seconds: the timeout in the plugin-host file, and the time to end the tree besides (RUN-05).
PLUGIN_HOSTS = 2.0
CAPPED_END = PLUGIN_HOSTS + TREE_END + 1.0
TEXT = json.dumps(MEANT, indent=1)


def with_value(key: str, value: str) -> bytes:
    """The config with one value replaced, as JSON text (also such that no JSON writer makes)."""
    lines = {name: json.dumps(setting) for name, setting in MEANT.items()} | {key: value}
    return ("{" + ",\n".join(f'"{name}": {text}' for name, text in lines.items()) + "}").encode()


#: Content, and the last word of the clause of CFG-03 that it breaks.
UNUSABLE = {
    "empty-file": (b"", "json"),
    "trailing-garbage": (TEXT.encode() + b"\n}", "json"),
    "byte-order-mark": (b"\xef\xbb\xbf" + TEXT.encode(), "bom"),
    "utf-16": (TEXT.encode("utf-16"), "encoding"),
    "list-at-top": (f"[{TEXT}]".encode(), "not-object"),
    "duplicate-key": (TEXT[:-1].encode() + b', "timeoutInSeconds": 10}', "duplicate-key"),
    "not-a-number": (with_value("timeoutInSeconds", "NaN"), "constant"),
    "half-a-surrogate-pair": (with_value("preScriptParams", r'["\ud800"]'), "surrogate"),
    "null": (with_value("timeoutInSeconds", "null"), "null"),
    "number-as-string": (with_value("timeoutInSeconds", '"10"'), "type"),
    "truth-as-string": (with_value("continueBackupOnFailure", '"false"'), "type"),
    "true-as-number": (with_value("preScriptNoOfRetries", "true"), "bool-is-no-number"),
    "float": (with_value("timeoutInSeconds", "10.0"), "float-is-no-number"),
    "negative-retries": (with_value("postScriptNoOfRetries", "-1"), "negative"),
    "timeout-0": (with_value("timeoutInSeconds", "0"), "timeout"),
    "poll-0": (with_value("ScriptsExecutionPollTimeSeconds", "0"), "poll"),
    "poll-6": (with_value("ScriptsExecutionPollTimeSeconds", "6"), "poll"),
    "relative-path": (with_value("preScriptLocation", '"opt/scripts/pre.sh"'), "relative-path"),
    "empty-path": (with_value("postScriptLocation", '""'), "empty-path"),
    "nul-in-a-path": (with_value("preScriptLocation", rf'"{PRE_PATH}\u0000.bak"'), "nul"),
    "nul-in-a-parameter": (with_value("postScriptParams", r'["a\u0000b"]'), "nul"),
    "parameter-is-a-number": (with_value("preScriptParams", "[1]"), "params"),
    "parameters-as-one-string": (with_value("preScriptParams", '"one two"'), "params"),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_content_that_can_not_be_used(case: Case, content: bytes, reason: str) -> None:
    """IncorrectJSONConfigFile, no script runs, the defaults apply and the backup goes on."""
    run = case.backup(Given(MEANT, scripts(), instead=config_file(content)))
    run.expect_refused(ConfigFinding(reason), f"CFG-03.{reason}")


def test_defaults_apply_to_what_is_left_out(case: Case) -> None:
    """Only the two required keys: one attempt without arguments, frozen, and the backup goes on."""
    required = {"preScriptLocation": PRE_PATH, "postScriptLocation": POST_PATH}
    run = case.backup(Given(required, scripts(pre="fail")))
    attempts, frozen = len(run.history.starts("pre")), bool(run.history.freezes)
    taken, ends = bool(run.history.sets()), {m.argv[-1] for m in run.history.starts("pre")}
    observations = {
        "CFG-02.params": (ends == {PRE_PATH}, "no arguments", f"last word: {sorted(ends)}"),
        "CFG-02.retries": (attempts == 1, "one attempt", f"{attempts} attempts"),
        "CFG-02.fsfreeze": (frozen, "the disks are frozen", f"frozen: {frozen}"),
        "CFG-02.continue": (taken, "a set is taken", f"taken: {taken}"),
    }
    for clause, (holds, expected, observed) in observations.items():
        run.check(clause, holds, expected=expected, observed=observed)
    if run.binds("CFG-02.continue") or all(holds for holds, _, _ in observations.values()):
        failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
        run.expect(failed, FreezeDone(), SnapshotTaken(), PostSucceeded())


def test_two_empty_parameters(case: Case) -> None:
    """["", ""], as in the vendor's template, are two arguments and not none."""
    config = configured(preScriptParams=["", ""], postScriptParams=["", ""])
    case.backup(Given(config, scripts())).expect(*ALL_WELL)


UNKNOWN = {
    "another-key": ({"owner": "the database team"}, "CFG-05.unknown-key"),
    "a-translated-key": ({"指令碼逾時": 5}, "CFG-05.unknown-key"),
    "a-misspelt-key": ({"timeoutInSecond": None}, "CFG-05.unknown-key"),
    "another-plugin-name": ({"pluginName": "MyPlugin"}, "CFG-05.plugin-name"),
}


@pytest.mark.parametrize(("more", "clause"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_unknown_is_no_error(case: Case, more: dict[str, Any], clause: str) -> None:
    """An unknown key or another pluginName is a warning at most: both scripts run."""
    run = case.backup(Given({**configured(), **more}, scripts()))
    run.expect_taken(clause, unless=ConfigFinding("type"))


@pytest.mark.slow_by_contract
def test_plugin_host_timeout_caps_the_configs(case: Case) -> None:
    """timeoutInSeconds is 10, the plugin host's own 2: a hanging pre-script is ended after 2 s."""
    plugin_host = GuestFile(PLUGIN_HOST_PATH, content=fixture("configs/plugin-host-of-2-s.conf"))
    run = case.backup(Given(configured(), (plugin_host, *scripts(pre="hang"))))
    took = [(r.ended or run.history.ended) - r.started for r in run.history.script_runs[:1]]
    capped = bool(took) and took[0] < CAPPED_END
    run.check(
        "CFG-04.plugin-host",
        capped,
        expected=f"the pre-script is ended within {CAPPED_END:g} s",
        observed=f"it ran for {took[0]:.3f} s" if took else "it never ran",
    )
    if capped or run.binds("CFG-04.plugin-host"):
        run = replace(run, budget=PLUGIN_HOSTS)
    late = ScriptFinding("pre", ErrorName.PRE_TIMEOUT)
    run.expect(late, FreezeDone(), SnapshotTaken(), PostSucceeded())
