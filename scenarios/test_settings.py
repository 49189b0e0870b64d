"""CFG: what each setting does, what applies where it is left out, and where the caps lie."""

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
    FreezeOff,
    PostSucceeded,
    PreSucceeded,
    ScriptFinding,
    SnapshotTaken,
)
from harness.history import History
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, configured, named, script, scripts
from harness.scenario.suite import fixture
from harness.scenario.warned import expect_no_warning, expect_warning
from harness.targets.situation import (
    POST_PATH,
    PRE_PATH,
    TREE_END,
    config_file,
)

pytestmark = pytest.mark.guest("data")

REQUIRED = {"preScriptLocation": PRE_PATH, "postScriptLocation": POST_PATH}
PRE_LATE = ScriptFinding("pre", ErrorName.PRE_TIMEOUT)
#: Seconds: the documented default, and what a watch on a busy machine may miss of it.
DEFAULT_TIMEOUT = 30.0
SLACK = 1.0
#: Seconds in which a run goes on that has left its script running.
GOING_ON = 5.0
#: Seconds: the timeout in the plugin-host file, and the time to end the tree besides (RUN-05).
PLUGIN_HOSTS = 2.0
CAPPED_END = PLUGIN_HOSTS + TREE_END + SLACK
ELSEWHERE = {which: f"/opt/elsewhere/{which}.sh" for which in ("pre", "post")}


def plugin_host_of(time: str) -> GuestFile:
    """The plugin-host file whose own timeout is `time`."""
    return GuestFile(PLUGIN_HOST_PATH, content=fixture(f"configs/plugin-host-of-{time}.conf"))


def elsewhere(name: str) -> tuple[GuestFile, ...]:
    """Both scripts in another place than usual."""
    return tuple(replace(script(w, name), path=path) for w, path in ELSEWHERE.items())


def took(history: History, which: str = "pre") -> float:
    """How long the first execution of this script lasted, in seconds; 0 where there is none.

    One that is left running, which is RUN-05's affair, lasted until the run went on without it.
    Where the kernel saw none, because a shell reads the script, its first mark is the start.
    """
    runs = [run for run in history.script_runs if run.script == which]
    starts = [run.started for run in runs] or [mark.at for mark in history.starts(which)]
    if not starts:
        return 0.0
    ends = [history.end.ended, *(run.ended for run in runs[:1] if run.ended is not None)]
    if which == "pre":
        ends += [s.requested for s in history.snapshots]
        ends += [mark.at for mark in history.starts("post")]
    return min(ends) - starts[0]


def test_defaults_apply_to_what_is_left_out(case: Case) -> None:
    """Only the two required keys, and both scripts fail: each is tried once and without arguments,
    the disks are frozen, and the backup goes on.
    """
    run = case.backup(Given(REQUIRED, scripts("fail", "fail")))
    paths = {"pre": PRE_PATH, "post": POST_PATH}
    starts = {which: run.history.starts(which) for which in paths}
    attempts = {which: len(marks) for which, marks in starts.items()}
    ends = {which: {mark.argv[-1] for mark in marks} for which, marks in starts.items()}
    bare = all(ends[which] == {path} for which, path in paths.items())
    once = set(attempts.values()) == {1}
    frozen = any(call.what == "freeze" for call in run.history.freeze_calls)
    taken = bool(run.history.sets())
    observations = {
        "CFG-02.params": (bare, "no arguments", f"last words: {ends}"),
        "CFG-02.retries": (once, "one attempt of each script", f"attempts: {attempts}"),
        "CFG-02.fsfreeze": (frozen, "the disks are frozen", f"frozen: {frozen}"),
        "CFG-02.continue": (taken, "a set is taken", f"taken: {taken}"),
    }
    for clause, (holds, expected, observed) in observations.items():
        run.check(clause, holds, expected=expected, observed=observed)
    expect_no_warning(run, "CFG-02.plugin-name", "pluginName")
    if run.binds("CFG-02.continue") or all(holds for holds, _, _ in observations.values()):
        failed = ScriptFinding("pre", ErrorName.PRE_EXECUTION_FAILED)
        failed_too = ScriptFinding("post", ErrorName.POST_EXECUTION_FAILED)
        run.expect(failed, FreezeDone(), SnapshotTaken(), failed_too)


@pytest.mark.slow_by_contract
def test_default_timeout(case: Case) -> None:
    """A hanging pre-script is ended after 30 s, not after the 1 s of a translated key."""
    run = case.backup(Given({**REQUIRED, "Timeout_sekunder": 1}, scripts(pre="hang")))
    seconds = took(run.history)
    run.check(
        "CFG-02.timeout",
        DEFAULT_TIMEOUT - SLACK <= seconds <= DEFAULT_TIMEOUT + TREE_END + GOING_ON,
        expected=f"the pre-script is ended after {DEFAULT_TIMEOUT:g} s",
        observed=f"it ran for {seconds:.3f} s",
    )
    run.expect(PRE_LATE, FreezeDone(), SnapshotTaken(), PostSucceeded())


@pytest.mark.slow_by_contract
def test_every_key_has_an_effect(case: Case) -> None:
    """Other places, arguments and retries, and no freeze; then a short time and no backup."""
    settings: dict[str, Any] = {"fsFreezeEnabled": False}
    for which, path in ELSEWHERE.items():
        settings[f"{which}ScriptLocation"] = path
        settings[f"{which}ScriptParams"] = ["2"]
        settings[f"{which}ScriptNoOfRetries"] = 1
    first = case.backup(Given(configured(**settings), elsewhere("fail-until")))
    effects: dict[str, bool] = {"fsFreezeEnabled": not first.history.freezes}
    for which, path in ELSEWHERE.items():
        starts = first.history.starts(which)
        effects[f"{which}ScriptLocation"] = any(path in mark.argv for mark in starts)
        effects[f"{which}ScriptParams"] = any(mark.argv[-1] == "2" for mark in starts)
        effects[f"{which}ScriptNoOfRetries"] = len(starts) > 1
    first.expect(
        PreSucceeded(),
        FreezeOff(),
        SnapshotTaken(),
        PostSucceeded(),
        attempts={"pre": 2, "post": 2},
    )
    config = configured(**settings | {"timeoutInSeconds": 1, "continueBackupOnFailure": False})
    second = case.backup(Given(config, elsewhere("hang")))
    effects["timeoutInSeconds"] = 0.0 < took(second.history) < 1.0 + TREE_END + SLACK
    effects["continueBackupOnFailure"] = not second.history.sets()
    post_late = ScriptFinding("post", ErrorName.POST_TIMEOUT)
    second.expect(PRE_LATE, post_late)
    for key, works in effects.items():
        second.check(
            "CFG-01.keys",
            works,
            expected=f"{key} has its effect",
            observed="it had" if works else "it had none",
        )


@pytest.mark.parametrize("seconds", [1, 5])
def test_poll_time(case: Case, seconds: int) -> None:
    """ScriptsExecutionPollTimeSeconds from 1 to 5 is a known key: no warning, both scripts run."""
    run = case.backup(Given(configured(ScriptsExecutionPollTimeSeconds=seconds), scripts()))
    expect_no_warning(run, "CFG-01.poll", "ScriptsExecutionPollTimeSeconds")
    run.expect_taken("CFG-01.poll", unless=ConfigFinding("poll"))


def test_arguments(case: Case) -> None:
    """Each script gets its own, in their order, at each attempt."""
    pre, post = ["--mode", "quiesce", "2"], ["2", "--mode=release"]
    config = configured(preScriptParams=pre, postScriptParams=post)
    case.backup(Given(config, scripts())).expect(*ALL_WELL)


def test_one_script_for_both(case: Case) -> None:
    """Both locations name the same file: the arguments alone say what it is to do."""
    one = "/opt/both.sh"
    settings: dict[str, Any] = {f"{which}ScriptLocation": one for which in ELSEWHERE}
    settings |= {f"{which}ScriptParams": [which] for which in ELSEWHERE}
    # The files at the usual places are what is watched, and nobody starts them.
    files = (*scripts(pre="impostor", post="impostor"), named(one, "by-argument"))
    run = case.backup(Given(configured(**settings), files))
    run.expect(*ALL_WELL)


def test_two_empty_parameters(case: Case) -> None:
    """["", ""], as in the vendor's template, are two arguments and not none."""
    config = configured(preScriptParams=["", ""], postScriptParams=["", ""])
    case.backup(Given(config, scripts())).expect(*ALL_WELL)


#: What a shell would carry out; each would leave a file of its own.
FOR_A_SHELL = {
    "/tmp/by-substitution": "$(touch /tmp/by-substitution)",
    "/tmp/by-backquotes": "`touch /tmp/by-backquotes`",
    "/tmp/by-semicolon": "; touch /tmp/by-semicolon ;",
    "/tmp/by-and": "x && touch /tmp/by-and",
    "/tmp/by-pipe": "x | tee /tmp/by-pipe",
    "/tmp/by-redirection": "> /tmp/by-redirection",
    "/tmp/by-newline": "x\ntouch /tmp/by-newline\n",
    "/tmp/by-a-quote": "'; touch /tmp/by-a-quote; '",
    "/tmp/by-double-quotes": '"; touch /tmp/by-double-quotes; "',
}
#: What some careless reader changes on the way.
TO_KEEP = {
    "an empty string": "",
    "spaces": "  two  words ",
    "quotes": """'single' "double\"""",
    "a backslash": "C:\\new\\table\\",
    "a variable": "$HOME ${PATH}",
    "a glob": "/etc/* ?",
    "a tilde": "~/x",
    "a tab and a newline": "a\tb\nc\n",
    "a control character": "\x01\x7f",
    "a comment": "# no comment",
    "an option": "--",
    "a format": "%s %n {0}",
    "umlauts": "Größe",
    "an accent of its own": "e\u0301",
    "Chinese": "指令碼",
    "beyond the basic plane": "🔒",
    "much": "x" * 20_000,
}


def test_arguments_arrive_as_they_were_written(case: Case) -> None:
    """Everything at once that a shell, a splitter or a wrong encoding would change."""
    words = [*TO_KEEP.values(), *FOR_A_SHELL.values()]
    config = configured(preScriptParams=words, postScriptParams=words[::-1])
    run = case.backup(Given(config, scripts()))
    intact = True
    for which in ("pre", "post"):
        argv = [word for mark in run.history.starts(which) for word in mark.argv]
        intact = intact and set(words) <= set(argv)
        for what, word in TO_KEEP.items():
            run.check(
                "CFG-06.verbatim",
                word in argv,
                expected=f"{what} reaches the {which}-script as it was written",
                observed="it did" if word in argv else "no argument is that text",
            )
        for path, word in FOR_A_SHELL.items():
            carried_out = case.guest.stat(path) is not None
            intact = intact and not carried_out
            run.check(
                "CFG-06.no-shell",
                word in argv and not carried_out,
                expected=f"{word!r} is text to the {which}-script",
                observed=f"{path} was made" if carried_out else f"arrived: {word in argv}",
            )
    if intact or run.binds("CFG-06.verbatim"):
        run.expect(*ALL_WELL)


UNKNOWN: dict[str, tuple[dict[str, Any], str, str]] = {
    "another-key": ({"owner": "the database team"}, "CFG-05.unknown-key", "owner"),
    "swedish-key": ({"Timeout_sekunder": 5}, "CFG-05.unknown-key", "Timeout_sekunder"),
    "polish-key": ({"LimitCzasuWSekundach": 5}, "CFG-05.unknown-key", "LimitCzasuWSekundach"),
    "hungarian-key": ({"Időkorlát_másodpercben": 5}, "CFG-05.unknown-key", ""),
    "chinese-key": ({"指令碼逾時": 5}, "CFG-05.unknown-key", ""),
    "a-misspelt-key": ({"timeoutInSecond": None}, "CFG-05.unknown-key", "timeoutInSecond"),
    "nested": ({"more": {"a": [1.5, None, {"b": True}]}}, "CFG-05.unknown-key", "more"),
    "empty-key": ({"": ""}, "CFG-05.unknown-key", ""),
    "2000-keys": ({f"key{n}": n for n in range(2000)}, "CFG-05.unknown-key", "key"),
    "another-plugin-name": ({"pluginName": "MyPlugin"}, "CFG-05.plugin-name", "pluginName"),
    "empty-plugin-name": ({"pluginName": ""}, "CFG-05.plugin-name", "pluginName"),
}


@pytest.mark.parametrize(("more", "clause", "told"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_unknown_is_no_error(
    case: Case, more: dict[str, Any], clause: str, told: str
) -> None:
    """An unknown key or another pluginName is a warning: both scripts run, the rest applies."""
    config = configured(preScriptParams=["the-rest"])
    run = case.backup(Given({**config, **more}, scripts()))
    if told:
        expect_warning(run, clause, told)
    run.expect_taken(clause, unless=ConfigFinding("type"))


@pytest.mark.parametrize("which", ["pre", "post"])
@pytest.mark.slow_by_contract
def test_plugin_host_timeout_caps_the_configs(case: Case, which: str) -> None:
    """timeoutInSeconds is 10, the plugin host's own 2: a hanging script is ended after 2 s."""
    run = case.backup(Given(configured(), (plugin_host_of("2-s"), *scripts(**{which: "hang"}))))
    seconds = took(run.history, which)
    capped = 0.0 < seconds < CAPPED_END
    run.check(
        "CFG-04.plugin-host",
        capped,
        expected=f"the {which}-script is ended within {CAPPED_END:g} s",
        observed=f"it ran for {seconds:.3f} s" if seconds else "it never ran",
    )
    expect_warning(run, "CFG-04.warning", "timeout")
    if capped or run.binds("CFG-04.plugin-host"):
        run = replace(run, budget=PLUGIN_HOSTS)
    run.expect(*failing(which, kind="timeout"))


def test_a_cap_is_told(case: Case) -> None:
    """The plugin host's own timeout is 25 s: 26 s are too much, 25 s are not."""
    files = (plugin_host_of("25-s"), *scripts())
    above = case.backup(Given(configured(timeoutInSeconds=26), files)).expect(*ALL_WELL)
    expect_warning(above, "CFG-04.warning", "timeout")
    below = case.backup(Given(configured(timeoutInSeconds=25), files)).expect(*ALL_WELL)
    expect_no_warning(below, "CFG-04.warning", "timeout")


def test_no_timeout_above_1800_s(case: Case) -> None:
    """The plugin host allows two hours: 1801 s are capped all the same, 1800 s are not.

    Nobody waits so long for a script: it is what the reference executor says it does.
    """
    files = (plugin_host_of("two-hours"), *scripts())
    above = case.backup(Given(configured(timeoutInSeconds=1801), files)).expect(*ALL_WELL)
    if case.reference:
        expect_warning(above, "CFG-04.cap", "1801", "1800 s apply")
        below = case.backup(Given(configured(timeoutInSeconds=1800), files)).expect(*ALL_WELL)
        expect_no_warning(below, "CFG-04.cap", "timeout")


#: Numbers beyond any machine's, as JSON allows them.
HUGE = {"30-digits": f"{10**30}", "5000-digits": "1" + "0" * 4999}


@pytest.mark.parametrize("number", HUGE.values(), ids=HUGE)
def test_huge_timeout(case: Case, number: str) -> None:
    """A whole number is capped, however long it is, and never a crash."""
    meant = configured()
    text = json.dumps(meant).replace('"timeoutInSeconds": 10', f'"timeoutInSeconds": {number}')
    run = case.backup(Given(meant, scripts(), instead=config_file(text.encode())))
    run.expect_taken("CFG-04.plugin-host", unless=ConfigFinding("timeout"))


def test_huge_number_of_retries(case: Case) -> None:
    """10^30 retries are allowed: the second attempt, which succeeds, is the last."""
    config = configured(preScriptNoOfRetries=10**30, preScriptParams=["2"])
    run = case.backup(Given(config, scripts(pre="fail-until")))
    ran = bool(run.history.starts("pre"))
    run.check(
        "CFG-03.negative",
        ran,
        expected="only a negative number of retries is refused",
        observed="the pre-script ran" if ran else "no script ran",
    )
    if ran or run.binds("CFG-03.negative"):
        run.expect(*ALL_WELL, attempts={"pre": 2})
