"""Loop devices of the test machine, by the label that hosts give them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from harness.machines.engine import Engine

_LOOP_GET_STATUS64 = 0x4C05
_NAME = slice(56, 56 + 64)


def is_local(engine: Engine) -> bool:
    """Whether the engine runs on the test machine's own kernel, so that its loops can be seen."""
    return engine.address.startswith("unix://") and engine.facts.kernel == os.uname().release


def labels(run: str) -> list[str]:
    """ "loopN LABEL" of every attached loop device of a run."""
    found = []
    for entry in sorted(Path("/sys/block").glob("loop*")):
        if not (entry / "loop").exists():
            continue
        with contextlib.suppress(OSError):
            descriptor = os.open(f"/dev/{entry.name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                status = bytearray(232)
                fcntl.ioctl(descriptor, _LOOP_GET_STATUS64, status)
            finally:
                os.close(descriptor)
            label = bytes(status[_NAME]).split(b"\0")[0].decode(errors="replace")
            if label.startswith(f"snapcert:{run}"):
                found.append(f"{entry.name} {label}")
    return found


def wait_detached(run: str, deadline: float) -> list[str]:
    """Wait until no loop device of a run is attached; those that are at the deadline.

    A frozen or mounted filesystem keeps its device attached, so none attached means none mounted
    and none frozen, orphaned superblocks included.
    """
    until = time.monotonic() + deadline
    while (left := labels(run)) and time.monotonic() < until:
        time.sleep(0.05)
    return left
