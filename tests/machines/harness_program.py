"""A harness to be killed or stopped: a host, and a guest whose disks are frozen under writers.

Prints one JSON line when everything hangs as it should: run, host and guest container. Then waits
for the end of its input; on a line "close" it closes the host and prints what came of it.
"""

from __future__ import annotations

import json
import sys
import time

from harness.history import Filesystem
from harness.machines.engine import Engine
from harness.machines.guest import Guest
from harness.machines.host import Host
from harness.machines.layout import DiskSpec, data_disks
from harness.problem import Problem

FILESYSTEMS: tuple[Filesystem, ...] = ("ext4", "xfs", "btrfs")


def main(run: str, image: str, lease: float) -> None:
    host = Host.start(Engine.connect(), run, image, 2 << 30, lease_seconds=lease)
    guest = host.guest(data_disks(*(DiskSpec(fs, fs, mountpoint=f"/{fs}") for fs in FILESYSTEMS)))
    for filesystem in FILESYSTEMS:
        frozen = guest.run(["fsfreeze", "--freeze", f"/{filesystem}"], deadline=20)
        assert frozen.ok, frozen
        guest.spawn(f"writer-{filesystem}", ["/bin/sh", "-c", f"echo x > /{filesystem}/blocked"])
    _wait_blocked(guest)
    say(run=run, host=host.container, guest=guest.container)
    for line in sys.stdin:
        if line.strip() == "close":
            try:
                host.close()
                say(closed=True)
            except Problem as problem:
                say(closed=False, problem=problem.message)


def _wait_blocked(guest: Guest) -> None:
    until = time.monotonic() + 20
    while True:
        states = [facts["state"] for facts in guest.processes()]
        if states.count("D") >= len(FILESYSTEMS):
            return
        assert time.monotonic() < until, f"no blocked writers, but {states}"
        time.sleep(0.02)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
