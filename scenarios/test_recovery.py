"""Recoveries of an interrupted run: its post-script, as its own config said (ROB-05).

Whatever survives of a killed executor may run that post-script, or the next start; what its config
said and what became of the script since is changed at the moment of the kill, so that both must
heed it. Of the reference executor nothing survives where a scenario says so, and the next start
has it all to do; of another one only the main process is killed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.contract.config import CONFIG_PATH
from harness.contract.errors import ErrorName
from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeOff,
    Happening,
    NotConfigured,
    ScriptFinding,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, policy, scripts
from harness.scenario.suite import fixture
from harness.targets.situation import (
    KILL,
    TERMINATE,
    TREE_END,
    config_file,
    script_file,
    when_marked,
)

EXECUTION = ErrorName.POST_EXECUTION_FAILED

#: Where the interrupted run's post-script stands, and the present one's does not.
FORMER = "/opt/former/post.sh"

survivors = pytest.mark.parametrize("all_of_it", [False, True], ids=["main", "whole"])


def kill(case: Case, all_of_it: bool) -> Mapping[str, Any]:
    """A kill of the main process; of all the reference's processes where nothing may survive."""
    return {**KILL, "tree": True} if all_of_it and case.reference else KILL


def former(post: str = "succeed", **settings: Any) -> Given:
    """A run whose post-script is another file than that of later runs."""
    config = configured(postScriptLocation=FORMER, **settings)
    script = script_file(FORMER, fixture(f"scripts/{post}.sh"))
    return Given(config, (*scripts(post=None), script))


def put(*files: GuestFile) -> Mapping[str, Any]:
    """An action: put these files."""
    return {"put": [file.on_wire() for file in files]}


@survivors
def test_config_was_changed_since(case: Case, all_of_it: bool) -> None:
    """Path, parameters and retries of the post-script are those of the interrupted run."""
    settings = {"postScriptParams": ["2", "two words"], "postScriptNoOfRetries": 1}
    present = configured(postScriptParams=["present"])
    triggers = [when_marked("pre", "start", put(config_file(present)), kill(case, all_of_it))]
    first = case.backup(former("fail-until", **settings), triggers=triggers)
    first.expect_killed(post=(0, 2), may_change=[CONFIG_PATH])
    second = case.backup(Given(present, scripts()))
    second.expect(*ALL_WELL, attempts={"post": (1, 3)})
    second.check_recovered(first, post=2)


@survivors
def test_config_was_removed_since(case: Case, all_of_it: bool) -> None:
    """No config is left: the post-script is owed all the same, and no other script runs."""
    gone = GuestFile(CONFIG_PATH, kind="absent")
    triggers = [when_marked("pre", "start", put(gone), kill(case, all_of_it))]
    first = case.backup(former(postScriptParams=["former"]), triggers=triggers)
    first.expect_killed(may_change=[CONFIG_PATH])
    second = case.backup(Given(None, scripts()))
    happened = (NotConfigured(), FreezeDone(), SnapshotTaken())
    second.expect(*happened, attempts={"pre": 0, "post": (0, 1)})
    second.check_recovered(first, own=0)


#: What became of the post-script since, and the name that this gives a recovery.
SINCE = {
    "mode": (GuestFile(FORMER, mode="0755"), ErrorName.POST_PERMISSION),
    "owner": (GuestFile(FORMER, mode="0700", uid=1000), ErrorName.POST_PERMISSION),
    "vanished": (GuestFile(FORMER, kind="absent"), ErrorName.POST_NOT_FOUND),
}


@pytest.mark.parametrize(
    ("change", "all_of_it"),
    [("mode", False), ("mode", True), ("owner", True), ("vanished", False)],
    ids=["mode-main", "mode-whole", "owner-whole", "vanished-main"],
)
def test_script_is_judged_again(case: Case, change: str, all_of_it: bool) -> None:
    """The interrupted run's post-script is no longer what may be run: it is not started."""
    since, name = SINCE[change]
    if since.kind == "file":
        content = fixture("scripts/succeed.sh")
        since = GuestFile(FORMER, content=content, mode=since.mode, uid=since.uid)
    triggers = [when_marked("pre", "start", put(since), kill(case, all_of_it))]
    first = case.backup(former(), triggers=triggers)
    first.expect_killed(may_change=["/opt/former/"])
    second = case.backup(Given(configured(), scripts()))
    started = len(first.history.starts("post")) + len(second.history.starts("post"))
    second.check(
        "ROB-05.judged-again",
        started == 0,
        expected="the script is judged again and not started",
        observed=f"post-scripts were started {started} times",
    )
    if started == 0 or second.binds("ROB-05.judged-again"):
        finding = ScriptFinding("recover", name)
        second.expect(finding, FreezeDone(), SnapshotTaken(), attempts={"post": 0})


def recovery_fails(case: Case, go_on: bool) -> None:
    """The interrupted run's post-script fails: told first by the next run, and only by it."""
    given = Given(configured(continueBackupOnFailure=go_on), scripts(post="fail"))
    first = case.backup(given, triggers=[when_marked("pre", "start", KILL)])
    first.expect_killed()
    second = case.backup(given)
    failed = ScriptFinding("recover", EXECUTION)
    second.expect(failed, FreezeDone(), SnapshotTaken(), attempts={"post": (0, 1)})
    second.check_recovered(first, own=0)
    case.backup(Given(configured(), scripts())).expect(*ALL_WELL)


@policy
def test_recovery_fails(case: Case, go_on: bool) -> None:
    """The interrupted run's post-script fails: told first by the next run, and only by it."""
    recovery_fails(case, go_on)


@pytest.mark.guest("single-disk")
def test_recovery_fails_on_a_single_disk(case: Case) -> None:
    """The same where no failure is tolerated, on a single disk: crash consistent, not failed."""
    recovery_fails(case, go_on=False)


def test_recovery_fails_with_freeze_off(case: Case) -> None:
    """The present run freezes nothing: after a failed recovery it is crash consistent."""
    given = Given(configured(fsFreezeEnabled=False), scripts(post="fail"))
    first = case.backup(given, triggers=[when_marked("pre", "start", KILL)])
    first.expect_killed()
    second = case.backup(given)
    failed = ScriptFinding("recover", EXECUTION)
    second.expect(failed, FreezeOff(), SnapshotTaken(), attempts={"post": (0, 1)})


@survivors
@pytest.mark.slow_by_contract
def test_recovery_times_out(case: Case, all_of_it: bool) -> None:
    """The interrupted run's post-script never ends: it is ended after that run's budget of 1 s."""
    first = case.backup(
        former("hang", timeoutInSeconds=1),
        triggers=[when_marked("pre", "start", kill(case, all_of_it))],
    )
    first.expect_killed()
    present = configured(timeoutInSeconds=30)
    second = case.backup(Given(present, scripts()), post=FORMER)
    late = ScriptFinding("recover", ErrorName.POST_TIMEOUT)
    second.expect(late, FreezeDone(), SnapshotTaken(), attempts={"post": (0, 1)})
    runs = [r for h in (first.history, second.history) for r in h.script_runs]
    took = [r.ended - r.started for r in runs if r.script == "post" and r.ended is not None]
    within = 1 + TREE_END + 1
    second.check(
        "ROB-05.post",
        all(seconds <= within for seconds in took),
        expected=f"the script is ended within {within:g} s, by that run's budget of 1 s",
        observed=f"it ran for {', '.join(f'{s:.1f} s' for s in took) or 'nothing that was seen'}",
    )


#: What the run after a failed recovery finds, and what it makes of it: the defaults apply.
PRESENT: Mapping[str, tuple[Given, Happening]] = {
    "no-config": (Given(None, scripts()), NotConfigured()),
    "bad-config": (
        Given(
            configured(continueBackupOnFailure=False, fsFreezeEnabled=False),
            scripts(),
            instead=config_file(fixture("configs/truncated.json")),
        ),
        ConfigFinding("json"),
    ),
}


@pytest.mark.parametrize("present", PRESENT)
def test_recovery_fails_and_the_defaults_apply(case: Case, present: str) -> None:
    """The interrupted run wanted no weaker backup; there is no config to say so any more."""
    strict = configured(continueBackupOnFailure=False, fsFreezeEnabled=False)
    given, found = PRESENT[present]
    since = given.instead or GuestFile(CONFIG_PATH, kind="absent")
    first = case.backup(
        Given(strict, scripts(post="fail")),
        triggers=[when_marked("pre", "start", put(since), KILL)],
    )
    first.expect_killed(may_change=[CONFIG_PATH])
    second = case.backup(Given(given.config, scripts(post="fail"), given.instead))
    failed = ScriptFinding("recover", EXECUTION)
    second.expect(failed, found, FreezeDone(), SnapshotTaken(), attempts={"post": (0, 1)})
    second.check_recovered(first, own=0)


def test_recovery_uses_the_present_policy(case: Case) -> None:
    """The interrupted run would have gone on; the present config says that a failure costs all."""
    gone = {"put": [config_file(configured(continueBackupOnFailure=False)).on_wire()]}
    first = case.backup(
        Given(configured(), scripts(post="fail")),
        triggers=[when_marked("pre", "start", gone, KILL)],
    )
    first.expect_killed(may_change=[CONFIG_PATH])
    present = configured(continueBackupOnFailure=False)
    second = case.backup(Given(present, scripts(post="fail")))
    failed = ScriptFinding("recover", EXECUTION)
    second.expect(failed, attempts={"post": (0, 1)})


def test_recovery_is_killed_itself(case: Case) -> None:
    """The run that recovers is killed in the post-script: that is not tried a second time."""
    given = Given(configured(), scripts())
    everything = kill(case, True)
    first = case.backup(given, triggers=[when_marked("pre", "start", everything)])
    first.expect_killed()
    second = case.backup(given, triggers=[when_marked("post", "start", everything)])
    recovering = not second.history.starts("pre")
    second.expect_killed(pre=(0, 1), post=(1, 2))
    third = case.backup(given)
    if recovering and case.reference:  # what survives of another executor may have ended it
        again = len(third.history.starts("post"))
        third.check(
            "ROB-05.once",
            again == 0,
            expected="the post-script whose recovery was interrupted is not started once more",
            observed=f"it was started {again} times",
        )
        finding = ScriptFinding("recover", EXECUTION)
        third.expect(finding, FreezeDone(), SnapshotTaken(), attempts={"post": 0})
    case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})


@pytest.mark.parametrize("action", [KILL, TERMINATE], ids=["killed", "told-to-end"])
def test_recovery_goes_on_to_its_end(case: Case, action: Mapping[str, Any]) -> None:
    """The main process is killed, or told to end, while a post-script is recovered that ends soon.

    What survives of the reference lets it end: nothing is owed any more.
    """
    given = Given(configured(), scripts())
    first = case.backup(given, triggers=[when_marked("pre", "start", kill(case, True))])
    first.expect_killed()
    second = case.backup(given, triggers=[when_marked("post", "start", action)])
    recovering = not second.history.starts("pre")
    second.expect_killed(pre=(0, 1), post=(1, 2))
    third = case.backup(given)
    if recovering and case.reference:
        third.expect(*ALL_WELL)
    else:  # another one may have ended it, and that was its only recovery
        case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})
