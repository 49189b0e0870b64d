"""A guest that takes all the room there is, for processes or on the engine's storage."""

from __future__ import annotations

import pytest

from harness.machines.errors import MachineGone
from harness.machines.host import Host
from harness.machines.layout import MIB, DiskSpec, Layout, root_on_disk

#: Forks until there is no room, then waits: what it started holds the room.
CROWD = "while sleep 60 & do :; done; wait"
PIDS = 64
#: Writes on and on, with a bound: others free room on the same storage meanwhile.
FILLS = """
for number in $(seq 40); do
    head -c 32M /dev/zero >/var/tmp/copy$number
    sleep 0.2
done
sleep 90
"""


def test_the_agent_answers_in_a_crowd(host: Host) -> None:
    layout = Layout(disks=(DiskSpec("data", "ext4"),), pids=PIDS)
    with host.guest(layout) as guest:
        crowd = guest.spawn("crowd", ["/bin/bash", "-c", CROWD], lines=True)
        assert crowd.wait_line(lambda line: "fork" in line, 30) is not None
        for _ in range(20):  # more requests than threads can wait ahead
            assert guest.stat("/etc/passwd") is not None
        refused = guest.run(["/bin/true"])
        assert refused.exit == 126
        assert refused.err.startswith(b"fork:")
        crowd.kill(tree=True)
        assert guest.run(["/bin/true"]).ok


def test_each_request_begins_at_the_agents_own_root(host: Host) -> None:
    """Requests that go into the guest's root leave no thread there for the next one."""
    with host.guest(root_on_disk("ext4", DiskSpec("data", "ext4"))) as guest:
        for _ in range(20):
            assert guest.list_files(["/etc"])
            guest.plan([])


def test_a_guest_that_fills_the_engines_storage_is_ended(host: Host) -> None:
    layout = Layout(disks=(DiskSpec("data", "ext4"),), beside=64 * MIB)
    with host.guest(layout) as guest:
        guest.spawn("fills", ["/bin/sh", "-c", FILLS])
        assert guest.machine.channel.wait_gone(90)
        with pytest.raises(MachineGone, match="MiB beside its disks, more than the 64 MiB"):
            guest.run(["/bin/true"])


def test_what_goes_to_its_disks_is_its_own(host: Host) -> None:
    layout = Layout(disks=(DiskSpec("data", "ext4", size=96 * MIB),), beside=16 * MIB)
    with host.guest(layout) as guest:
        assert guest.run(["/bin/sh", "-c", "head -c 48M /dev/zero >/data/x; sleep 1.5"]).ok
