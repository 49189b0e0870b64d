"""A small backup executor for a guest with data disks, with one defect by name, or none.

Independent of the reference executor: the oracles must see a defect in anybody's. It is no
example of an executor: no precheck, no timeout, no recovery.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

FREEZE, THAW = 0xC0045877, 0xC0045878
DEFECT = sys.argv[1] if len(sys.argv) > 1 else ""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


def run_script(path: str, arguments: list[str], retries: int) -> bool:
    """Run a script until it succeeds, at most `retries` times more."""
    command = [path, *arguments]
    if DEFECT == "arguments through a shell":
        command = ["/bin/sh", "-c", f"{shlex.quote(path)} {' '.join(arguments)}"]
    attempts = 1 if DEFECT == "no retry" else 1 + retries
    for _ in range(attempts):
        environment = dict(os.environ) if DEFECT == "the caller's environment" else ENVIRONMENT
        script = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            umask=0o077 if DEFECT == "umask" else 0o022,
            stdin=subprocess.DEVNULL,
            start_new_session=DEFECT != "no session",
        )
        if script.wait() == 0:
            return True
    return False


def disks() -> list[int]:
    """Open folders of the mounted writable filesystems that can be frozen."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [
        os.open(mount[1], os.O_RDONLY)
        for mount in mounts
        if mount[2] in ("ext3", "ext4", "xfs", "btrfs") and "rw" in mount[3].split(",")
    ]


def tell(status: str, consistency: str, *errors: str) -> int:
    """Write the outcome, whole or not at all; the exit status."""
    if DEFECT == "claims application":
        consistency = "application"
    if DEFECT == "downgrades" and not errors:
        consistency = "crash"
    if DEFECT == "misspells":
        errors = tuple(name.replace("Pre-Script", "PreScript") for name in errors)
    print(f"status {status}, consistency {consistency}", flush=True)
    path = os.environ["SNAPCERT_STATUS"]
    part = Path(f"{path}.part")
    part.write_text(json.dumps({"status": status, "consistency": consistency, "errors": errors}))
    if DEFECT != "no status":
        part.rename(path)
    return 0 if status == "succeeded" or DEFECT == "exits with 0" else 1


def backup() -> int:
    """One backup run."""
    config = json.loads(Path("/etc/azure/VMSnapshotScriptPluginConfig.json").read_text())
    wanted = config.get("fsFreezeEnabled", True) or DEFECT == "freezes what must not be"
    held = disks() if wanted and DEFECT != "no freeze" else []
    post = (
        config["postScriptLocation"],
        config.get("postScriptParams", []),
        config.get("postScriptNoOfRetries", 0),
    )
    if DEFECT == "freezes before pre":
        freeze(held)
    good = run_script(
        config["preScriptLocation"],
        config.get("preScriptParams", []),
        config.get("preScriptNoOfRetries", 0),
    )
    if DEFECT == "post before the snapshot":
        run_script(*post)
    if DEFECT != "freezes before pre":
        freeze(held)
    if DEFECT == "thaws early":
        # Long enough to be sampled for sure; of a shorter freeze only SNP-01.while-frozen tells.
        time.sleep(0.5)
        thaw(held)
    taken = subprocess.run([os.environ["SNAPCERT_SNAPSHOT"]], check=False).returncode == 0
    if DEFECT == "takes two sets":
        subprocess.run([os.environ["SNAPCERT_SNAPSHOT"]], check=False)
    if DEFECT not in ("thaws early", "stays frozen"):
        thaw(held)
    if DEFECT == "leaves a process":
        subprocess.Popen(["sleep", "600"], start_new_session=True)
    if DEFECT == "leaves a file":
        Path("/tmp/executor.tmp").write_text("left")
    skipped = DEFECT == "post before the snapshot" or (DEFECT == "no post" and not good)
    if not skipped:
        run_script(*post)
    if not taken:
        return tell("failed", "none", "SnapshotFailed")
    if not good:
        return tell("succeeded", "file-system", "Pre-ScriptExecutionFailed")
    return tell("succeeded", "application")


def freeze(held: list[int]) -> None:
    """Freeze all of it."""
    for folder in held:
        fcntl.ioctl(folder, FREEZE, 0)


def thaw(held: list[int]) -> None:
    """Thaw all of it, in reverse."""
    for folder in reversed(held):
        fcntl.ioctl(folder, THAW, 0)


if __name__ == "__main__":
    sys.exit(backup())
