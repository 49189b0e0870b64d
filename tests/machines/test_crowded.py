"""A guest whose processes take all the room there is: its agent answers, and can end them."""

from __future__ import annotations

from harness.machines.host import Host
from harness.machines.layout import DiskSpec, Layout, root_on_disk

#: Forks until there is no room, then waits: what it started holds the room.
CROWD = "while sleep 60 & do :; done; wait"
PIDS = 64


def test_the_agent_answers_in_a_crowd(shared_host: Host) -> None:
    layout = Layout(disks=(DiskSpec("data", "ext4"),), pids=PIDS)
    with shared_host.guest(layout) as guest:
        crowd = guest.spawn("crowd", ["/bin/bash", "-c", CROWD], lines=True)
        assert crowd.wait_line(lambda line: "fork" in line, 30) is not None
        for _ in range(20):  # more requests than threads can wait ahead
            assert guest.stat("/etc/passwd") is not None
        refused = guest.run(["/bin/true"])
        assert refused.exit == 126
        assert refused.err.startswith(b"fork:")
        crowd.kill(tree=True)
        assert guest.run(["/bin/true"]).ok


def test_each_request_begins_at_the_agents_own_root(shared_host: Host) -> None:
    """Requests that go into the guest's root leave no thread there for the next one."""
    with shared_host.guest(root_on_disk("ext4", DiskSpec("data", "ext4"))) as guest:
        for _ in range(20):
            assert guest.list_files(["/etc"])
            guest.plan([])
