"""The verdict table of the contract, row by row, and what the run does next in each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.contract.verdict import (
    ConfigFinding,
    FreezeDone,
    FreezeFailed,
    FreezeOff,
    Happening,
    Next,
    NotConfigured,
    PluginHostFinding,
    Policy,
    PostSucceeded,
    PreSucceeded,
    Refused,
    ScriptFinding,
    SnapshotFailed,
    SnapshotTaken,
    Verdict,
    effective_policy,
    judge,
    proceeds,
)

_TRUE = Policy()
_FALSE = Policy(continue_on_failure=False)
_TRUE_OFF = Policy(fsfreeze=False)
_FALSE_OFF = Policy(continue_on_failure=False, fsfreeze=False)
_SINGLE = Policy(single_disk=True)
_SINGLE_FALSE = Policy(continue_on_failure=False, single_disk=True)

_PRE_OK = PreSucceeded()
_POST_OK = PostSucceeded()
_FROZEN = FreezeDone()
_NOT_FOUND = ScriptFinding("precheck", "Pre-ScriptNotFound")
_PERMISSION = ScriptFinding("precheck", "InsufficientPermissionforPost-Script")
_PRE_FAILED = ScriptFinding("pre", "Pre-ScriptExecutionFailed")
_PRE_TIMEOUT = ScriptFinding("pre", "Pre-ScriptTimeout")
_PRE_VANISHED = ScriptFinding("pre", "Pre-ScriptNotFound")
_POST_FAILED = ScriptFinding("post", "Post-ScriptExecutionFailed")
_RECOVERY = ScriptFinding("recover", "Post-ScriptTimeout")
_CONFIG = ConfigFinding("json")
_HOST = PluginHostFinding("ini")


def _failed(*errors: str) -> Verdict:
    return Verdict("failed", "none", errors)


def _good(level: str, *errors: str) -> Verdict:
    return Verdict("succeeded", level, errors)


@dataclass(frozen=True)
class _World:
    """What the surroundings do when the run gets to them; scripts succeed unless told."""

    start: tuple[Happening, ...] = ()
    pre: Happening = _PRE_OK
    freeze: Happening = _FROZEN
    snapshot: tuple[Happening, ...] = (SnapshotTaken(),)
    post: Happening = _POST_OK


def _run(policy: Policy, world: _World) -> tuple[Verdict, list[str], bool]:
    """Go through a run as an executor does, asking before each step.

    Returns the verdict, the steps that were taken and whether the set is to be discarded.
    """
    happenings: list[Happening] = list(world.start)
    steps: list[str] = []
    if proceeds(policy, happenings).pre:
        steps.append("pre")
        happenings.append(world.pre)
    if proceeds(policy, happenings).freeze:
        steps.append("freeze")
        happenings.append(world.freeze)
    elif proceeds(policy, happenings).snapshot:
        happenings.append(FreezeOff())
    if proceeds(policy, happenings).snapshot:
        steps.append("snapshot")
        happenings.extend(world.snapshot)
    if proceeds(policy, happenings).post:
        steps.append("post")
        happenings.append(world.post)
    return judge(policy, happenings), steps, proceeds(policy, happenings).discard


_ALL = ["pre", "freeze", "snapshot", "post"]
_THAWED = (SnapshotTaken(), FreezeFailed("thaw"))


@pytest.mark.parametrize(
    ("policy", "world", "verdict", "steps"),
    [
        pytest.param(_TRUE, _World(), _good("application"), _ALL, id="FBK-01-true"),
        pytest.param(_FALSE, _World(), _good("application"), _ALL, id="FBK-01-false"),
        pytest.param(
            _TRUE_OFF, _World(), _good("application"), ["pre", "snapshot", "post"], id="FBK-01-off"
        ),
        pytest.param(
            _TRUE,
            _World(start=(_NOT_FOUND,)),
            _good("file-system", "Pre-ScriptNotFound"),
            ["freeze", "snapshot"],
            id="FBK-02a-true",
        ),
        pytest.param(
            _TRUE_OFF,
            _World(start=(_NOT_FOUND,)),
            _good("crash", "Pre-ScriptNotFound"),
            ["snapshot"],
            id="FBK-02a-true-off",
        ),
        pytest.param(
            _FALSE, _World(start=(_NOT_FOUND,)), _failed("Pre-ScriptNotFound"), [], id="FBK-02a"
        ),
        pytest.param(
            _TRUE,
            _World(start=(_PERMISSION,)),
            _good("file-system", "InsufficientPermissionforPost-Script"),
            ["freeze", "snapshot"],
            id="FBK-02b-true",
        ),
        pytest.param(
            _FALSE,
            _World(start=(_PERMISSION,)),
            _failed("InsufficientPermissionforPost-Script"),
            [],
            id="FBK-02b-false",
        ),
        pytest.param(
            _TRUE,
            _World(pre=_PRE_FAILED),
            _good("file-system", "Pre-ScriptExecutionFailed"),
            _ALL,
            id="FBK-03-true",
        ),
        pytest.param(
            _TRUE_OFF,
            _World(pre=_PRE_TIMEOUT),
            _good("crash", "Pre-ScriptTimeout"),
            ["pre", "snapshot", "post"],
            id="FBK-03-true-off",
        ),
        pytest.param(
            _FALSE,
            _World(pre=_PRE_TIMEOUT),
            _failed("Pre-ScriptTimeout"),
            ["pre", "post"],
            id="FBK-03-false",
        ),
        pytest.param(
            _FALSE,
            _World(pre=_PRE_VANISHED),
            _failed("Pre-ScriptNotFound"),
            ["pre", "post"],
            id="FILE-09-pre-false",
        ),
        pytest.param(
            _FALSE,
            _World(pre=_PRE_FAILED, post=_POST_FAILED),
            _failed("Pre-ScriptExecutionFailed", "Post-ScriptExecutionFailed"),
            ["pre", "post"],
            id="FBK-03-and-post-false",
        ),
        pytest.param(
            _TRUE,
            _World(post=_POST_FAILED),
            _good("file-system", "Post-ScriptExecutionFailed"),
            _ALL,
            id="FBK-04-true",
        ),
        pytest.param(
            _TRUE_OFF,
            _World(post=_POST_FAILED),
            _good("crash", "Post-ScriptExecutionFailed"),
            ["pre", "snapshot", "post"],
            id="FBK-04-true-off",
        ),
        pytest.param(
            _FALSE,
            _World(post=_POST_FAILED),
            _failed("Post-ScriptExecutionFailed"),
            _ALL,
            id="FBK-04-false",
        ),
        pytest.param(
            _TRUE,
            _World(start=(_CONFIG,)),
            _good("file-system", "IncorrectJSONConfigFile"),
            ["freeze", "snapshot"],
            id="FBK-05-true",
        ),
        pytest.param(
            _FALSE_OFF,
            _World(start=(_CONFIG,)),
            _good("file-system", "IncorrectJSONConfigFile"),
            ["freeze", "snapshot"],
            id="FBK-05-not-trusted",
        ),
        pytest.param(
            _FALSE_OFF,
            _World(start=(_HOST,)),
            _good("file-system", "IncorrectPluginhostFile"),
            ["freeze", "snapshot"],
            id="FBK-05-host",
        ),
        pytest.param(
            _FALSE,
            _World(start=(_CONFIG,), freeze=FreezeFailed()),
            _good("crash", "IncorrectJSONConfigFile", "FsFreezeFailed"),
            ["freeze", "snapshot"],
            id="FBK-05-freeze-fails",
        ),
        pytest.param(
            _TRUE,
            _World(freeze=FreezeFailed()),
            _good("crash", "FsFreezeFailed"),
            _ALL,
            id="FBK-06-true",
        ),
        pytest.param(
            _FALSE,
            _World(freeze=FreezeFailed()),
            _failed("FsFreezeFailed"),
            ["pre", "freeze", "post"],
            id="FBK-06-false",
        ),
        pytest.param(
            _FALSE,
            _World(start=(NotConfigured(),), freeze=FreezeFailed()),
            _good("crash", "FsFreezeFailed"),
            ["freeze", "snapshot"],
            id="FBK-06-no-config",
        ),
        pytest.param(
            _TRUE,
            _World(snapshot=_THAWED),
            _good("crash", "FsFreezeFailed"),
            _ALL,
            id="FRZ-06-true",
        ),
        pytest.param(
            _FALSE, _World(snapshot=_THAWED), _failed("FsFreezeFailed"), _ALL, id="FRZ-06-false"
        ),
        pytest.param(
            _TRUE,
            _World(snapshot=(SnapshotFailed(),)),
            _failed("SnapshotFailed"),
            _ALL,
            id="SNP-02-true",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(snapshot=(SnapshotFailed(),)),
            _failed("SnapshotFailed"),
            _ALL,
            id="SNP-02-single-disk",
        ),
        pytest.param(
            _TRUE,
            _World(start=(_CONFIG,), snapshot=(SnapshotFailed(),)),
            _failed("IncorrectJSONConfigFile", "SnapshotFailed"),
            ["freeze", "snapshot"],
            id="SNP-02-after-config",
        ),
        pytest.param(
            _TRUE,
            _World(freeze=FreezeFailed(), snapshot=(SnapshotFailed(),)),
            _failed("FsFreezeFailed", "SnapshotFailed"),
            _ALL,
            id="SNP-02-after-freeze",
        ),
        pytest.param(
            _FALSE_OFF,
            _World(start=(NotConfigured(),)),
            _good("file-system"),
            ["freeze", "snapshot"],
            id="FILE-02",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(start=(_NOT_FOUND,)),
            _good("crash", "Pre-ScriptNotFound"),
            ["snapshot"],
            id="FBK-08-not-found",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(start=(_PERMISSION,)),
            _good("crash", "InsufficientPermissionforPost-Script"),
            ["snapshot"],
            id="FBK-08-permission",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(pre=_PRE_FAILED),
            _good("crash", "Pre-ScriptExecutionFailed"),
            ["pre", "snapshot", "post"],
            id="FBK-08-pre",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(post=_POST_FAILED),
            _good("crash", "Post-ScriptExecutionFailed"),
            _ALL,
            id="FBK-08-post",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(freeze=FreezeFailed()),
            _good("crash", "FsFreezeFailed"),
            _ALL,
            id="FBK-08-freeze",
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(snapshot=_THAWED),
            _good("crash", "FsFreezeFailed"),
            _ALL,
            id="FBK-08-thawed",
        ),
        pytest.param(
            _SINGLE,
            _World(pre=_PRE_FAILED),
            _good("file-system", "Pre-ScriptExecutionFailed"),
            _ALL,
            id="FBK-08-true",
        ),
        pytest.param(
            _SINGLE_FALSE, _World(), _good("application"), _ALL, id="FBK-08-nothing-wrong"
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(start=(_CONFIG,)),
            _good("file-system", "IncorrectJSONConfigFile"),
            ["freeze", "snapshot"],
            id="FBK-08-config",
        ),
        pytest.param(
            _TRUE,
            _World(start=(_RECOVERY,)),
            _good("file-system", "Post-ScriptTimeout"),
            ["freeze", "snapshot"],
            id="ROB-05-true",
        ),
        pytest.param(
            _FALSE, _World(start=(_RECOVERY,)), _failed("Post-ScriptTimeout"), [], id="ROB-05-false"
        ),
        pytest.param(
            _SINGLE_FALSE,
            _World(start=(_RECOVERY,)),
            _good("crash", "Post-ScriptTimeout"),
            ["snapshot"],
            id="ROB-05-single-disk",
        ),
        pytest.param(
            _FALSE,
            _World(start=(_RECOVERY, NotConfigured())),
            _good("file-system", "Post-ScriptTimeout"),
            ["freeze", "snapshot"],
            id="ROB-05-no-config",
        ),
        pytest.param(
            _FALSE,
            _World(start=(_RECOVERY, _CONFIG)),
            _good("file-system", "Post-ScriptTimeout", "IncorrectJSONConfigFile"),
            ["freeze", "snapshot"],
            id="ROB-05-config",
        ),
        pytest.param(
            _TRUE, _World(start=(Refused(),)), _failed("BackupInProgress"), [], id="ROB-01"
        ),
    ],
)
def test_the_table(policy: Policy, world: _World, verdict: Verdict, steps: list[str]) -> None:
    found, taken, discard = _run(policy, world)
    assert found == verdict
    assert taken == steps
    set_taken = "snapshot" in steps and SnapshotFailed() not in world.snapshot
    assert discard == (verdict.status == "failed" and set_taken)


def test_what_is_due_before_anything_happened() -> None:
    assert proceeds(_TRUE, []) == Next(
        pre=True, freeze=True, snapshot=True, post=True, discard=False
    )
    assert proceeds(_TRUE_OFF, []).freeze is False


def test_nothing_is_due_after_a_good_run() -> None:
    happened: list[Happening] = [PreSucceeded(), FreezeDone(), SnapshotTaken(), PostSucceeded()]
    assert proceeds(_TRUE, happened) == Next(False, False, False, False, False)


@pytest.mark.parametrize("finding", [_POST_FAILED, ScriptFinding("post", "Post-ScriptNotFound")])
def test_a_post_script_that_failed_is_over(finding: ScriptFinding) -> None:
    happened: list[Happening] = [PreSucceeded(), FreezeDone(), SnapshotTaken(), finding]
    assert proceeds(_TRUE, happened) == Next(False, False, False, False, False)
    assert proceeds(_FALSE, happened) == Next(False, False, False, False, discard=True)


def test_a_snapshot_that_failed_after_all_fails_the_run() -> None:
    """An executor that is told to end after its set was taken: the set is not wanted."""
    happened: list[Happening] = [
        PreSucceeded(),
        FreezeDone(),
        SnapshotTaken(),
        SnapshotFailed(),
        PostSucceeded(),
    ]
    assert judge(_TRUE, happened) == _failed("SnapshotFailed")
    assert proceeds(_TRUE, happened) == Next(False, False, False, False, discard=True)


@pytest.mark.parametrize("scripts", [(), (PreSucceeded(),), (PostSucceeded(),)])
def test_application_needs_both_scripts(scripts: tuple[Happening, ...]) -> None:
    assert judge(_TRUE, [*scripts, FreezeDone(), SnapshotTaken()]) == _good("file-system")


def test_a_run_without_a_snapshot_has_not_succeeded() -> None:
    assert judge(_TRUE, []) == _failed()
    assert judge(_TRUE, [PreSucceeded(), FreezeDone(), PostSucceeded()]) == _failed()


def test_the_primary_error_is_of_the_earliest_phase_in_whatever_order_they_are_told() -> None:
    told: list[Happening] = [_POST_FAILED, SnapshotFailed(), FreezeFailed(), _PRE_FAILED]
    assert judge(_TRUE, told).errors == (
        "Pre-ScriptExecutionFailed",
        "FsFreezeFailed",
        "SnapshotFailed",
        "Post-ScriptExecutionFailed",
    )


def test_the_policy_of_a_config_that_is_not_trusted_is_the_default() -> None:
    for finding in (_CONFIG, _HOST, NotConfigured()):
        policy = Policy(continue_on_failure=False, fsfreeze=False, single_disk=True)
        assert effective_policy(policy, [finding]) == Policy(single_disk=True)
    assert effective_policy(_FALSE_OFF, [_NOT_FOUND]) == _FALSE_OFF
