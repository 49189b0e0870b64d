"""Circumstances, staged: the files, triggers and bounds that a guest gets, and what is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.contract.pluginhost import PLUGIN_HOST_PATH
from harness.machines.files import GuestFile
from harness.scenario.case import Case, Run
from harness.scenario.chance.circumstances import Circumstances, FileFault
from harness.scenario.chance.course import attempts_of, changed, happenings_of, meddled
from harness.scenario.given import Given, configured, script
from harness.targets.situation import POST_PATH, config_file, when_asked, when_marked

#: Seconds: the budget of a script that never ends, and FRZ-03's bound where a snapshot hangs.
LATE_BUDGET = 2
HANGING_BOUND = 2.0
#: The folder of the scripts, in which somebody changes one.
SCRIPTS = ("/opt/scripts/",)
_WHO = ("pre", "post")


def meet(case: Case, met: Circumstances) -> Run:
    """Back up in these circumstances, and judge all that was observed."""
    run = case.backup(
        given_of(met),
        snapshots=(met.snapshot,),
        triggers=triggers_of(met),
        freeze_bound=HANGING_BOUND if met.snapshot == "hang" else None,
    )
    return run.expect(
        *happenings_of(met),
        attempts=attempts_of(met),
        background=(*met.pre.leaves, *met.post.leaves),
        foreign=("data",) if met.meddling is not None else (),
        may_change=SCRIPTS if changed(met) else (),
    )


def given_of(met: Circumstances) -> Given:
    """The config and the files that stand in the guest before the run."""
    files: list[GuestFile] = []
    for which, does, fault in (
        ("pre", met.pre, met.pre_file),
        ("post", met.post, met.post_file),
    ):
        files.append(_in_place(script(which, does.fixture), fault))
    if met.open_folder:
        files.append(GuestFile("/opt/scripts", kind="dir", mode="0777"))
    if met.plugin_host is not None:
        host = met.plugin_host
        files.append(GuestFile(PLUGIN_HOST_PATH, content=host.text, mode=host.mode))
    if not met.configured:
        return Given(None, tuple(files))
    config = _config(met)
    text = met.content.text(config) if met.content is not None else None
    written = config_file(config if text is None else text)
    return Given(config, tuple(files), instead=_in_place(written, met.config_file))


def triggers_of(met: Circumstances) -> tuple[Mapping[str, Any], ...]:
    """What somebody else does while the run is under way."""
    triggers: list[Mapping[str, Any]] = []
    if met.change is not None:
        post = script("post", met.post.fixture).on_wire() | {"mode": met.change.mode}
        gone = {"path": POST_PATH, "kind": "absent"}
        triggers.append(when_marked("pre", "start", {"put": [post if met.change.mode else gone]}))
    if meddled(met, "freeze"):
        triggers.append(when_marked("pre", "start", {"freeze": "/data"}))
        triggers.append(when_marked("post", "start", {"thaw": "/data"}))
    if meddled(met, "thaw"):
        triggers.append(when_asked(1, [{"thaw": "/data"}]))
    return tuple(triggers)


def _config(met: Circumstances) -> Mapping[str, Any]:
    settings: dict[str, Any] = {
        "preScriptParams": [*met.pre.arguments, *met.parameters],
        "postScriptParams": [*met.post.arguments, *met.parameters],
        "preScriptNoOfRetries": met.pre_retries,
        "postScriptNoOfRetries": met.post_retries,
    }
    if met.pre.late or met.post.late:
        settings["timeoutInSeconds"] = LATE_BUDGET
    policy = {"continueBackupOnFailure": met.go_on, "fsFreezeEnabled": met.fsfreeze}
    left_out = [key for key, value in policy.items() if value is None]
    config = {**configured(**settings), **policy}
    return {key: value for key, value in config.items() if key not in left_out}


def _in_place(good: GuestFile, fault: FileFault | None) -> GuestFile:
    return good if fault is None else fault.instead_of(good)
