"""FILE-07: all of the precheck is judged before any script runs, in one order."""

from __future__ import annotations

import json

import pytest

from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.contract.verdict import ConfigFinding, PluginHostFinding, ScriptFinding
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.courses import NOT_FOUND, PERMISSION
from harness.scenario.given import Given, configured, script, scripts
from harness.scenario.places import USER, absent
from harness.scenario.suite import fixture
from harness.targets.situation import POST_PATH, PRE_PATH, config_file

pytestmark = pytest.mark.guest("data")

MEANT = configured(continueBackupOnFailure=False)
PATHS = {"pre": PRE_PATH, "post": POST_PATH}

Named = ConfigFinding | PluginHostFinding | ScriptFinding
BAD_HOST = GuestFile(
    PLUGIN_HOST_PATH, content=fixture("configs/corrupt-plugin-host.conf"), mode="0600"
)
GOOD_CONFIG = config_file(MEANT)
OPEN_CONFIG = config_file(MEANT, mode="0644")
TYPED_CONFIG = config_file(json.dumps({**MEANT, "timeoutInSeconds": "10"}).encode())
HOST, MODE, CONTENT = (
    PluginHostFinding("ini"),
    ConfigFinding("permissions"),
    ConfigFinding("type"),
)
PRE_OPEN, POST_OPEN = (ScriptFinding("precheck", PERMISSION[w], "permissions") for w in PATHS)
PRE_GONE, POST_GONE = (ScriptFinding("precheck", NOT_FOUND[w], "absent") for w in PATHS)
NO_PRE, NO_POST = absent(PRE_PATH), absent(POST_PATH)
OPEN_PRE, OPEN_POST = (script(w, "succeed", mode="0755") for w in PATHS)

#: What is bad, the config, and the two findings in FILE-07's order.
BOTH_BAD: dict[str, tuple[tuple[GuestFile, ...], GuestFile, Named, Named]] = {
    "plugin-host-before-config": ((BAD_HOST,), OPEN_CONFIG, HOST, MODE),
    "plugin-host-before-content": ((BAD_HOST,), TYPED_CONFIG, HOST, CONTENT),
    "plugin-host-before-found": ((BAD_HOST, NO_PRE), GOOD_CONFIG, HOST, PRE_GONE),
    "plugin-host-before-permission": ((BAD_HOST, OPEN_PRE), GOOD_CONFIG, HOST, PRE_OPEN),
    "config-permission-before-found": ((NO_PRE,), OPEN_CONFIG, MODE, PRE_GONE),
    "content-before-found": ((NO_PRE,), TYPED_CONFIG, CONTENT, PRE_GONE),
    "content-before-permission": ((OPEN_POST,), TYPED_CONFIG, CONTENT, POST_OPEN),
    "pre-found-before-post-found": ((NO_PRE, NO_POST), GOOD_CONFIG, PRE_GONE, POST_GONE),
    "pre-found-before-post-permission": ((NO_PRE, OPEN_POST), GOOD_CONFIG, PRE_GONE, POST_OPEN),
    "pre-permission-before-post-found": ((OPEN_PRE, NO_POST), GOOD_CONFIG, PRE_OPEN, POST_GONE),
    "both-permissions": ((OPEN_PRE, OPEN_POST), GOOD_CONFIG, PRE_OPEN, POST_OPEN),
}


@pytest.mark.parametrize(("files", "config", "first", "second"), BOTH_BAD.values(), ids=BOTH_BAD)
def test_first_finding_is_the_primary_error(
    case: Case, files: tuple[GuestFile, ...], config: GuestFile, first: Named, second: Named
) -> None:
    """Of two bad files the one that is judged first names the primary error; no script runs."""
    run = case.backup(Given(MEANT, (*scripts(), *files), instead=config))
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


#: A bad post-script beside a pre-script that could run, and the finding.
BAD_POST = {
    "gone": (NO_POST, POST_GONE),
    "open": (OPEN_POST, POST_OPEN),
    "of-a-user": (
        script("post", "succeed", uid=USER),
        ScriptFinding("precheck", PERMISSION["post"], "owner"),
    ),
}


@pytest.mark.parametrize(("bad", "finding"), BAD_POST.values(), ids=BAD_POST)
def test_pre_script_waits_for_the_post_scripts_judgement(
    case: Case, bad: GuestFile, finding: ScriptFinding
) -> None:
    """A post-script that can't be run would leave the application quiesced: pre does not run."""
    # The config goes on after a failure: the backup is taken, and only the scripts are left out.
    run = case.backup(Given(configured(), (*scripts(), bad)))
    run.expect_refused(finding, "FILE-07.no-scripts")
