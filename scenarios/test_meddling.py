"""Scripts that meddle with the framework, with each other or with the disks (FILE-09, FRZ-07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.contract.verdict import (
    FreezeDone,
    FreezeFailed,
    PostSucceeded,
    PreSucceeded,
    SnapshotTaken,
)
from harness.machines.files import GuestFile
from harness.oracles.terms import Due
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL, failing
from harness.scenario.given import Given, configured, named, policy, script, scripts
from harness.targets.situation import POST_PATH, PRE_PATH, when_asked, when_marked, when_told

#: The folder of both scripts, where one is taken away or changed.
SCRIPTS = ("/opt/scripts/",)
#: What the snapshot command waits for where a script thaws meanwhile, and how many seconds at most.
HELD, TO_THAW = "the script has thawed", 20.0


@policy
def test_pre_script_takes_the_post_script_away(case: Case, go_on: bool) -> None:
    """The post-script vanished since the precheck: it is not found when it is due."""
    config = configured(continueBackupOnFailure=go_on, preScriptParams=[POST_PATH])
    run = case.backup(Given(config, scripts(pre="take-away")))
    run.expect(*failing("post", kind="not-found"), attempts={"post": 0}, may_change=SCRIPTS)


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_pre_script_replaces_the_post_script(case: Case, kind: str) -> None:
    """What stands in the post-script's place is no file any more: it is not found."""
    config = configured(timeoutInSeconds=3, preScriptParams=[kind, POST_PATH])
    run = case.backup(Given(config, scripts(pre="replace")))
    run.expect(*failing("post", kind="not-found"), attempts={"post": 0}, may_change=SCRIPTS)


@pytest.mark.parametrize(
    ("change", "go_on"),
    [({"mode": "0755"}, True), ({"mode": "0700", "uid": 1}, True), ({"mode": "0770"}, False)],
    ids=["mode", "owner", "fail"],
)
def test_post_script_is_changed(case: Case, change: Mapping[str, Any], go_on: bool) -> None:
    """The post-script got another mode or owner since the precheck: it is not started."""
    post = {**script("post", "succeed").on_wire(), **change}
    run = case.backup(
        Given(configured(continueBackupOnFailure=go_on), scripts()),
        triggers=[when_marked("pre", "end", {"put": [post]})],
    )
    run.expect(*failing("post", kind="permission"), attempts={"post": 0}, may_change=SCRIPTS)


@pytest.mark.parametrize(
    ("which", "fixture", "kind", "go_on"),
    [
        ("pre", "take-itself-away", "not-found", True),
        ("pre", "take-itself-away", "not-found", False),
        ("pre", "open-itself", "permission", True),
        ("post", "take-itself-away", "not-found", True),
        ("post", "open-itself", "permission", True),
    ],
)
def test_script_changes_itself(
    case: Case, which: str, fixture: str, kind: str, go_on: bool
) -> None:
    """A script is not what it was when its retry is due: that is final, and post runs after pre."""
    config = configured(continueBackupOnFailure=go_on, **{f"{which}ScriptNoOfRetries": 2})
    run = case.backup(Given(config, scripts(**{which: fixture})))
    run.expect(*failing(which, kind=kind), may_change=SCRIPTS)


@pytest.mark.parametrize("which", ["pre", "post"])
def test_script_takes_itself_away_and_is_not_due_again(case: Case, which: str) -> None:
    """With no retry left no start is to come, and no look at it: it was executed, and it failed."""
    run = case.backup(Given(configured(), scripts(**{which: "take-itself-away"})))
    run.expect(*failing(which), may_change=SCRIPTS)


def test_post_script_is_replaced_by_a_good_one(case: Case) -> None:
    """Another file of root's with mode 700 stands at the post-script's path: it is what runs."""
    other = named(POST_PATH, "impostor").on_wire()
    run = case.backup(
        Given(configured(), scripts()), triggers=[when_marked("pre", "end", {"put": [other]})]
    )
    runs = Due(
        "FILE-09.resolved-once",
        "post",
        "impostor",
        expected="the path that was resolved is what is started, whatever stands there now",
    )
    run.expect_where([runs], *ALL_WELL, may_change=SCRIPTS)


@pytest.mark.parametrize("which", ["pre", "post"])
def test_script_replaces_itself_by_a_good_one(case: Case, which: str) -> None:
    """A script fails and leaves another file of root's with mode 700 in its place: the retry."""
    settings = {f"{which}ScriptNoOfRetries": 1, f"{which}ScriptParams": ["good"]}
    other = named({"pre": PRE_PATH, "post": POST_PATH}[which], "impostor").on_wire()
    run = case.backup(
        Given(configured(**settings), scripts(**{which: "replace-itself"})),
        triggers=[when_told("good", {"put": [other]})],
    )
    runs = Due(
        "FILE-09.resolved-once",
        which,
        "impostor",
        expected="the path that was resolved is what is started again, whatever stands there now",
    )
    run.expect_where([runs], *ALL_WELL, attempts={which: 2}, may_change=SCRIPTS)


@pytest.mark.parametrize(("which", "kind"), [("pre", "pipe"), ("post", "folder")])
def test_script_replaces_itself(case: Case, which: str, kind: str) -> None:
    """What stands in its place is no file any more when its retry is due: that is final."""
    settings = {f"{which}ScriptNoOfRetries": 2, f"{which}ScriptParams": [kind]}
    given = Given(configured(timeoutInSeconds=3, **settings), scripts(**{which: "replace-itself"}))
    run = case.backup(given)
    run.expect(*failing(which, kind="not-found"), may_change=SCRIPTS)


def test_links_are_pointed_elsewhere(case: Case) -> None:
    """A link is resolved once, in the precheck: neither a retry nor post follows it again."""
    links = {which: f"/opt/links/{which}.sh" for which in ("pre", "post")}
    others = tuple(named(f"/opt/others/{which}.sh", "impostor") for which in links)
    targets = {"pre": PRE_PATH, "post": POST_PATH}
    aliases = tuple(
        GuestFile(link, kind="symlink", target=targets[which]) for which, link in links.items()
    )
    config = configured(
        preScriptLocation=links["pre"], postScriptLocation=links["post"], preScriptNoOfRetries=1
    )
    run = case.backup(Given(config, (*scripts(pre="point-links-elsewhere"), *others, *aliases)))
    never = [Due("FILE-09.resolved-once", w, "impostor", there=False) for w in links]
    run.expect_where(never, *ALL_WELL, attempts={"pre": 2}, may_change=["/opt/links/"])


def test_config_is_rewritten(case: Case) -> None:
    """The config names another post-script by the time that post is due: the old one is run."""
    other = named("/opt/others/post.sh", "impostor")
    run = case.backup(Given(configured(), (*scripts(pre="rewrite-config"), other)))
    never = [Due("FILE-09.resolved-once", "post", "impostor", there=False)]
    run.expect_where(never, *ALL_WELL, may_change=["/etc/azure/"])


@policy
def test_pre_script_freezes_the_disk(case: Case, go_on: bool) -> None:
    """The pre-script froze /data itself: the freeze fails, and the post-script can thaw it."""
    given = Given(configured(continueBackupOnFailure=go_on), scripts("freeze-data", "thaw-data"))
    run = case.backup(given)
    happened = (PreSucceeded(), FreezeFailed("freeze"), SnapshotTaken(), PostSucceeded())
    run.expect(*happened, foreign=["data"])


@policy
def test_pre_script_thaws_in_the_snapshot(case: Case, go_on: bool) -> None:
    """What the pre-script left behind thaws /data before the set is taken: it is no frozen set."""
    since = len(case.guest.events)
    thawed = {"script": "pre", "point": "thawed"}

    def go_on_when_thawed() -> None:
        case.guest.events.wait(
            lambda e: e.name == "mark" and thawed.items() <= e.data.items(),
            case.patience(TO_THAW),
            since,
        )
        case.guest.say(HELD)

    config = configured(continueBackupOnFailure=go_on)
    run = case.backup(
        Given(config, scripts(pre="thaw-when-frozen")),
        triggers=[when_asked(1, [{"await": HELD}])],
        during=go_on_when_thawed,
    )
    happened = (PreSucceeded(), FreezeDone(), SnapshotTaken(), FreezeFailed("thaw"))
    lives = Due("RUN-07.background", "pre", "thawed", left=True)
    run.expect_where([lives], *happened, PostSucceeded(), foreign=["data"])


@pytest.mark.guest("log-disk")
def test_pre_script_fills_the_log_disk(case: Case) -> None:
    """No log can be written from the pre-script to the post-script: the backup goes well."""
    config = configured(preScriptParams=["/var/log"], postScriptParams=["/var/log"])
    case.backup(Given(config, scripts("fill", "empty"))).expect(*ALL_WELL)


def test_disk_becomes_read_only(case: Case) -> None:
    """The pre-script remounts /data read-only until the post-script: there is nothing to freeze."""
    config = configured(preScriptParams=["read-only"], postScriptParams=["writable"])
    run = case.backup(
        Given(config, scripts("remount", "remount")),
        triggers=[
            when_told("read-only", {"remount": "/data", "options": "ro"}),
            when_told("writable", {"remount": "/data"}),
        ],
    )
    run.expect(*ALL_WELL, freezable=[])
