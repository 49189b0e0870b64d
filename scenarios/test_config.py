"""CFG-02, CFG-03: content of the config that can't be used.

In each of these the author asked for no backup after a failure and for no freeze: neither may be
trusted, so the backup goes on, frozen (CFG-03.policy).
"""

from __future__ import annotations

import json

import pytest

from harness.contract.verdict import (
    ConfigFinding,
    FreezeOff,
    PostSucceeded,
    PreSucceeded,
    SnapshotTaken,
)
from harness.scenario.case import Case
from harness.scenario.given import Given, configured, scripts
from harness.scenario.suite import fixture
from harness.targets.situation import PRE_PATH, config_file

pytestmark = pytest.mark.guest("data")

MEANT = configured(continueBackupOnFailure=False, fsFreezeEnabled=False)
TEXT = json.dumps(MEANT, indent=1)
#: Deeper than any recursive reader goes.
DEEP = 100_000


def file(name: str) -> bytes:
    """A whole config with one mistake, as somebody may have left it behind."""
    return fixture(f"configs/{name}.json")


def with_value(key: str, value: str) -> bytes:
    """The config with one value replaced, as JSON text (also such that no JSON writer makes)."""
    lines = {name: json.dumps(setting) for name, setting in MEANT.items()} | {key: value}
    return ("{" + ",\n".join(f'"{name}": {text}' for name, text in lines.items()) + "}").encode()


def with_line(line: str) -> bytes:
    """The config with one more member at its end."""
    return f"{TEXT[:-1].rstrip()},\n {line}\n}}".encode()


#: Content that is no JSON to anybody.
NO_JSON = {
    "empty-file": b"",
    "blank": b" \n\t\n",
    "bytes": bytes(range(256)),
    "truncated": file("truncated"),
    "last-brace-missing": TEXT[:-1].encode(),
    "trailing-garbage": TEXT.encode() + b"\n}",
    "two-documents": TEXT.encode() * 2,
    "trailing-comma": (TEXT[:-1].rstrip() + ",\n}").encode(),
    "comment": ("// the database team\n" + TEXT).encode(),
    "single-quotes": TEXT.replace('"', "'").encode(),
    "ini-file": fixture("configs/plugin-host-of-2-s.conf"),
    "newline-in-a-string": with_value("pluginName", '"Script\nRunner"'),
    "brackets-never-closed": b"[" * DEEP,
    "objects-never-closed": b'{"a":' * DEEP,
}

#: Content, and the last word of the clause of CFG-03 that it breaks.
UNUSABLE = {
    "byte-order-mark": (file("byte-order-mark"), "bom"),
    "utf-16": (file("utf-16"), "encoding"),
    "utf-16-without-mark": (TEXT.encode("utf-16-le"), "encoding"),
    "latin-1": (file("latin-1"), "encoding"),
    "list-at-top": (f"[{TEXT}]".encode(), "not-object"),
    "string-at-top": (json.dumps(TEXT).encode(), "not-object"),
    "number-at-top": (b"30", "not-object"),
    "null-at-top": (b"null", "not-object"),
    "brackets-100000-deep": (b"[" * DEEP + b"]" * DEEP, "not-object"),
    "duplicate-key": (file("duplicate-key"), "duplicate-key"),
    "duplicate-of-a-path": (with_line(f'"preScriptLocation": "{PRE_PATH}"'), "duplicate-key"),
    "duplicate-by-an-escape": (file("duplicate-by-an-escape"), "duplicate-key"),
    "duplicate-unknown-key": (with_line('"owner": "a", "owner": "b"'), "duplicate-key"),
    "not-a-number": (with_value("timeoutInSeconds", "NaN"), "constant"),
    "infinity": (with_value("timeoutInSeconds", "Infinity"), "constant"),
    "less-than-infinity": (with_line('"owner": -Infinity'), "constant"),
    "half-a-surrogate-pair": (file("half-a-surrogate-pair"), "surrogate"),
    "other-half": (with_line(r'"owner": "\udc00"'), "surrogate"),
    "null": (with_value("timeoutInSeconds", "null"), "null"),
    "null-for-a-path": (with_value("postScriptLocation", "null"), "null"),
    "null-for-parameters": (with_value("preScriptParams", "null"), "null"),
    "number-as-string": (file("number-as-string"), "type"),
    "retries-as-string": (with_value("preScriptNoOfRetries", '"1"'), "type"),
    "truth-as-string": (file("truth-as-string"), "type"),
    "untruth-as-string": (with_value("fsFreezeEnabled", '"false"'), "type"),
    "number-as-truth": (with_value("fsFreezeEnabled", "1"), "type"),
    "name-as-number": (with_value("pluginName", "1"), "type"),
    "path-as-list": (with_value("preScriptLocation", f'["{PRE_PATH}"]'), "type"),
    "true-as-number": (file("true-as-number"), "bool-is-no-number"),
    "true-as-timeout": (with_value("timeoutInSeconds", "true"), "bool-is-no-number"),
    "float": (with_value("timeoutInSeconds", "10.0"), "float-is-no-number"),
    "retries-1.0": (file("retries-1.0"), "float-is-no-number"),
    "timeout-1.5": (with_value("timeoutInSeconds", "1.5"), "float-is-no-number"),
    "negative-retries": (with_value("postScriptNoOfRetries", "-1"), "negative"),
    "retries-below-any-machines": (with_value("preScriptNoOfRetries", f"-{10**30}"), "negative"),
    "timeout-0": (with_value("timeoutInSeconds", "0"), "timeout"),
    "timeout-is-negative": (with_value("timeoutInSeconds", "-30"), "timeout"),
    "poll-0": (with_value("ScriptsExecutionPollTimeSeconds", "0"), "poll"),
    "poll-6": (with_value("ScriptsExecutionPollTimeSeconds", "6"), "poll"),
    "poll-of-30-digits": (file("poll-of-30-digits"), "poll"),
    "relative-path": (with_value("preScriptLocation", '"opt/scripts/pre.sh"'), "relative-path"),
    "path-of-home": (with_value("postScriptLocation", '"~/post.sh"'), "relative-path"),
    "unfilled-template": (file("unfilled-template"), "empty-path"),
    "empty-path": (with_value("postScriptLocation", '""'), "empty-path"),
    "nul-in-a-path": (with_value("preScriptLocation", rf'"{PRE_PATH}\u0000.bak"'), "nul"),
    "nul-in-a-parameter": (with_value("postScriptParams", r'["a\u0000b"]'), "nul"),
    "parameter-is-a-number": (with_value("preScriptParams", "[1]"), "params"),
    "parameter-is-a-list": (with_value("postScriptParams", '[["a"]]'), "params"),
    "parameters-as-one-string": (with_value("preScriptParams", '"one two"'), "params"),
    "parameters-as-object": (with_value("postScriptParams", '{"a": "b"}'), "params"),
}


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_content_that_is_no_json(case: Case, content: bytes) -> None:
    """IncorrectJSONConfigFile, no script runs, the defaults apply and the backup goes on."""
    run = case.backup(Given(MEANT, scripts(), instead=config_file(content)))
    run.expect_refused(ConfigFinding("json"), "CFG-03.json")


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_content_that_can_not_be_used(case: Case, content: bytes, reason: str) -> None:
    """IncorrectJSONConfigFile, no script runs, the defaults apply and the backup goes on."""
    run = case.backup(Given(MEANT, scripts(), instead=config_file(content)))
    run.expect_refused(ConfigFinding(reason), f"CFG-03.{reason}")


def lacking(*keys: str, **more: str) -> bytes:
    """The config without these keys, and with others."""
    return json.dumps({key: MEANT[key] for key in MEANT if key not in keys} | more).encode()


LACKING = {
    "pre": lacking("preScriptLocation"),
    "post": lacking("postScriptLocation"),
    "both": lacking("preScriptLocation", "postScriptLocation"),
    "misspelt": lacking("preScriptLocation", preScriptLocatoin=PRE_PATH),
    "translated": file("translated-key"),
}


@pytest.mark.parametrize("content", LACKING.values(), ids=LACKING)
def test_required_key_is_missing(case: Case, content: bytes) -> None:
    """Without both locations nothing runs, whatever stands at the usual places."""
    run = case.backup(Given(MEANT, scripts(), instead=config_file(content)))
    run.expect_refused(ConfigFinding("missing-key"), "CFG-02.required")


def test_empty_object(case: Case) -> None:
    """{} is a config that lacks everything, not one that asks for nothing."""
    run = case.backup(Given(MEANT, scripts(), instead=config_file(b"{}")))
    run.expect_refused(ConfigFinding("missing-key"), "CFG-03.missing-key")


#: Other ways to write the same config, as editors, converters and JSON writers do.
USABLE = {
    "crlf": TEXT.replace("\n", "\r\n").encode() + b"\r\n",
    "one-line": json.dumps(MEANT, separators=(",", ":")).encode(),
    "blanks-around": b"\n\t " + TEXT.replace(":", "\t :").encode() + b" \n\n",
    "escapes": TEXT.replace("/", r"\/").replace("pluginName", r"\u0070luginName").encode(),
    "no-ascii": with_value("preScriptParams", '["指令碼", "Größe 🔒"]'),
}


@pytest.mark.parametrize("content", USABLE.values(), ids=USABLE)
def test_content_written_in_another_way(case: Case, content: bytes) -> None:
    """It is the same JSON: both scripts run, with what it says."""
    run = case.backup(Given(json.loads(content), scripts(), instead=config_file(content)))
    run.expect(PreSucceeded(), FreezeOff(), SnapshotTaken(), PostSucceeded())
