"""One backup as a hypervisor drives QEMU's guest agent: freeze, snapshot, thaw over its socket.

The agent and its hook are Debian's own. The hook runs what lies in fsfreeze-hook.d, with "freeze"
before the filesystems are frozen and with "thaw" after they were thawed: there the kit's scripts
are put, the pre-script for the one and the post-script for the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import time
from typing import Any, Dict, List, Mapping, Optional

from harness.targets.inside.attendant import Attendant
from harness.targets.inside.processes import kill_group
from harness.targets.inside.status import leave

AGENT = "/usr/sbin/qemu-ga"
HOOK = "/etc/qemu/fsfreeze-hook"
STATE = "/run/qemu-ga"
LOG = "/var/log/qemu-ga.log"
CONFIG = "/etc/azure/VMSnapshotScriptPluginConfig.json"

_ENTRY = "/etc/qemu/fsfreeze-hook.d/kit"
#: A hypervisor's patience with a command of the agent's, and with a snapshot, in seconds.
PATIENCE = 20.0
_START = 10.0
_STOP = 5.0


class Refused(Exception):
    """The agent answered a command with an error, or not at all."""


class Channel:
    """The agent's socket: one command, one answer, each a line of JSON."""

    def __init__(self, path: str, deadline: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        while True:
            try:
                self._socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise Refused("the agent does not listen on its socket") from None
                # It tells nobody that it listens now.
                time.sleep(0.01)
        self._file = self._socket.makefile("rb")

    def ask(self, command: str) -> Any:
        """What the agent returns; raises Refused."""
        try:
            self._socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
            line = self._file.readline()
        except socket.timeout:
            raise Refused(f"{command}: no answer within {PATIENCE:g} s") from None
        except OSError as error:
            raise Refused(f"{command}: {error}") from None
        answer = json.loads(line) if line else {"error": {"desc": "the agent hung up"}}
        if "error" in answer:
            raise Refused(f"{command}: {answer['error'].get('desc')}")
        return answer.get("return")


def main(_: List[str]) -> int:
    """The exit status is the contract's."""
    configured = _install_hook(CONFIG)
    path = f"{STATE}/{os.environ['SNAPCERT_RUN']}.sock"
    os.makedirs(STATE, exist_ok=True)
    # What the hypervisor does is not the agent's: its snapshot ends with it.
    own = (AGENT, os.environ["SNAPCERT_SNAPSHOT"])
    attendant = Attendant(own, lambda: None, lambda: None)
    agent = subprocess.Popen(
        [AGENT, "-m", "unix-listen", "-p", path, "-t", STATE, "-l", LOG, f"-F{HOOK}"],
        stdin=subprocess.DEVNULL,
    )
    try:
        return leave(_backup(Channel(path, time.monotonic() + _START), configured))
    finally:
        _stop(agent, path)
        attendant.dismiss()


def _backup(channel: Channel, configured: bool) -> Dict[str, Any]:
    error: Optional[str] = None
    try:
        channel.ask("guest-fsfreeze-freeze")
        if not _taken():
            error = "the snapshot failed"
    except Refused as refusal:
        error = str(refusal)
    try:
        channel.ask("guest-fsfreeze-thaw")
    except Refused as refusal:
        error = error or str(refusal)
    return outcome_of(error, configured)


def outcome_of(error: Optional[str], configured: bool) -> Dict[str, Any]:
    """What a hypervisor may believe: quiesced by the hook where there is one, else frozen."""
    if error is None:
        level = "application" if configured else "file-system"
        return {"status": "succeeded", "consistency": level, "errors": []}
    name = "FsFreezeFailed"
    if "snapshot" in error:
        name = "SnapshotFailed"
    elif "hook" in error:
        name = "Pre-ScriptExecutionFailed"
    return {
        "status": "failed",
        "consistency": "none",
        "errors": [name],
        "reasons": {name: error},
    }


def _taken() -> bool:
    command = subprocess.Popen(
        [os.environ["SNAPCERT_SNAPSHOT"]], stdin=subprocess.DEVNULL, start_new_session=True
    )
    taken = False
    with contextlib.suppress(subprocess.TimeoutExpired):
        taken = command.wait(PATIENCE) == 0
    if not taken:
        kill_group(command.pid)
        command.wait()
    return taken


def _install_hook(config: str) -> bool:
    """Put the kit's scripts into the hook's folder; False where there is no kit."""
    try:
        with open(config, encoding="utf-8") as file:
            kit = json.load(file)
        text = hook_of(kit)
    except (OSError, ValueError, KeyError, TypeError):
        if os.path.exists(_ENTRY):
            os.unlink(_ENTRY)
        return False
    os.makedirs(os.path.dirname(_ENTRY), exist_ok=True)
    with open(_ENTRY, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(_ENTRY, 0o700)
    return True


def hook_of(kit: Mapping[str, Any]) -> str:
    """An entry of fsfreeze-hook.d that runs a kit's scripts."""
    words = {
        which: shlex.join([kit[f"{which}ScriptLocation"], *kit.get(f"{which}ScriptParams", [])])
        for which in ("pre", "post")
    }
    return (
        "#!/bin/sh\n"
        'case "$1" in\n'
        f"freeze) exec {words['pre']} ;;\n"
        f"thaw) exec {words['post']} ;;\n"
        "esac\n"
    )


def _stop(agent: "subprocess.Popen[bytes]", path: str) -> None:
    agent.terminate()
    try:
        agent.wait(_STOP)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
    if os.path.exists(path):
        os.unlink(path)
