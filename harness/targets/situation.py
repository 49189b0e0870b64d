"""What one backup run meets: the files it finds, the faults on its way, the time it may take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.contract.config import CONFIG_PATH
from harness.machines.files import GuestFile

PRE_PATH = "/opt/scripts/pre.sh"
POST_PATH = "/opt/scripts/post.sh"
#: On a tmpfs of the suite's own.
STATUS_FOLDER = "/run/snapcert/status"

#: The suite's own snapshot command; what a scenario puts in its place stands beside it.
SNAPSHOT_COMMAND = "/run/snapcert/bin/snapshot"

#: An action: SIGKILL to the executor's main process.
KILL: Mapping[str, Any] = {"kill": "executor", "signal": 9}
#: The same with SIGTERM, as from a shutdown of its service.
TERMINATE: Mapping[str, Any] = {"kill": "executor", "signal": 15}

#: What the snapshot command does when it is called: "take" a set, at once or after `SLOW` seconds
#: ("slow"), "fail" with exit 1, or "hang"; "apart": the disks one by one, the last one first,
#: `APART` seconds between two, which is no set of one instant.
SnapshotAnswer = Literal["take", "slow", "apart", "fail", "hang"]
SLOW = 1.0
APART = 3.0

#: SPEC's own bounds in seconds: RUN-05's end of a process tree, FRZ-03's freeze, ROB-01's wait.
TREE_END = 5.0
FREEZE_BOUND = 60.0
START_WAIT = 20.0
_DEFAULT_TIMEOUT = 30.0

#: A freeze that lasts so long is sampled even on a busy machine, in seconds.
SEEN_FROZEN = 0.5


@dataclass(frozen=True)
class Situation:
    """Everything that one run meets besides the guest's disks.

    `triggers` are the agent's plan (what to do when a script reaches a mark), `snapshots` the
    answers of the snapshot command by call (the last one repeats). `timeout` is the script budget
    that the contract grants in this situation, in seconds; `freeze_bound` is passed as
    SNAPCERT_FREEZE_BOUND where it is set, and binds only an executor of which we know that it
    heeds it, `heeds_bound`: others may ignore it. `pre` and `post` are the scripts whose
    executions are watched; with `read` a shell that is given one to read counts too: a script of
    ours tells that by its marks, a vendor's has none. `sought` are words that are looked for, after
    the run, in all that it left to be read. `caller` stands before the executor's own command: a
    program that becomes it. `command` is what SNAPCERT_SNAPSHOT names, `status_folder` where the
    executor is to leave its outcome.
    """

    files: tuple[GuestFile, ...] = ()
    triggers: tuple[Mapping[str, Any], ...] = ()
    snapshots: tuple[SnapshotAnswer, ...] = ("take",)
    timeout: float = _DEFAULT_TIMEOUT
    freeze_bound: float | None = None
    heeds_bound: bool = False
    single_disk: bool = False
    pre: str = PRE_PATH
    post: str = POST_PATH
    read: bool = False
    sought: tuple[str, ...] = ()
    caller: tuple[str, ...] = ()
    command: str = SNAPSHOT_COMMAND
    environment: Mapping[str, str] = field(default_factory=dict)
    status_folder: str = STATUS_FOLDER

    def status_path(self, run: str) -> str:
        """Where the executor leaves the outcome of this run."""
        return f"{self.status_folder}/{run}.json"

    @property
    def bound(self) -> float:
        """FRZ-03's bound that the executor is held to here, in seconds."""
        if self.freeze_bound is None or not self.heeds_bound:
            return FREEZE_BOUND
        return self.freeze_bound

    @property
    def shortest_bound(self) -> float:
        """The bound that an executor may heed here, whether it has to or not, in seconds."""
        return FREEZE_BOUND if self.freeze_bound is None else min(self.freeze_bound, FREEZE_BOUND)

    def contract_deadline(self) -> float:
        """The longest that a correct executor may take here: the sum of the contract's bounds.

        A recovery of an interrupted run (ROB-05) has a script budget of its own.
        """
        scripts = 3 * (self.timeout + TREE_END)
        return START_WAIT + scripts + self.bound + TREE_END


def config_file(
    content: Mapping[str, Any] | bytes, *, mode: str = "0600", uid: int = 0
) -> GuestFile:
    """The config at FILE-01's path: a mapping as JSON, or bytes verbatim."""
    raw = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode()
    return GuestFile(path=CONFIG_PATH, content=raw, mode=mode, uid=uid)


def script_file(path: str, content: bytes, *, mode: str = "0700", uid: int = 0) -> GuestFile:
    """A script, owned and permitted as FILE-04 wants it unless said otherwise."""
    return GuestFile(path=path, content=content, mode=mode, uid=uid)


def when_marked(
    script: str, point: str, *actions: Mapping[str, Any], attempt: int | None = None
) -> Mapping[str, Any]:
    """A trigger: carry out `actions` while this script waits at this mark."""
    when: dict[str, Any] = {"mark": [script, point]}
    if attempt is not None:
        when["attempt"] = attempt
    return {"when": when, "do": list(actions)}


def when_told(word: str, *actions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A trigger: carry out `actions` while a script waits that asks for them by this word."""
    return {"when": {"ask": word}, "do": list(actions)}


def when_opened(path: str, *actions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A trigger: carry out `actions` before anybody opens this file, or a file in this folder."""
    return {"when": {"opened": path}, "do": list(actions)}


def when_started(script: Literal["pre", "post"], *actions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A trigger: carry out `actions`, each with `after`, once this script is executed, any script.

    "caller" is then the script's own process.
    """
    return {"when": {"started": script}, "do": list(actions)}


def at_call(
    what: Literal["freeze", "thaw"],
    *actions: Mapping[str, Any],
    number: int | None = None,
    disk: str | None = None,
) -> Mapping[str, Any]:
    """A trigger: carry out `actions` while this freeze or thaw of the executor's waits to be done.

    `number` counts its calls of that kind from 1; `disk` is a disk's name.
    """
    when: dict[str, Any] = {"call": what}
    when.update({k: v for k, v in (("number", number), ("disk", disk)) if v is not None})
    return {"when": when, "do": list(actions)}


def when_asked(number: int, actions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A trigger: carry out `actions` when the snapshot command is called the `number`th time.

    A kill comes only after `SEEN_FROZEN`: what the executor has frozen is then seen for sure.
    """
    wait = [{"delay": SEEN_FROZEN}] if any("kill" in action for action in actions) else []
    return {"when": {"request": "snapshot", "number": number}, "do": [*wait, *actions]}
