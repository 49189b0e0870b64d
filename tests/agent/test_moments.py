"""Faults that come exactly where they are meant: at an opening, at a word."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from harness.machines.agent.wire import Event as Name
from harness.machines.errors import RequestFailed
from harness.machines.events import Event
from harness.machines.guest import Guest, GuestFile
from harness.machines.host import Host
from harness.machines.layout import DiskSpec, data_disks

MARK = "/run/snapcert/bin/mark"
SOON = 20.0


@pytest.fixture(scope="module")
def guest(host: Host) -> Iterator[Guest]:
    with host.guest(data_disks(DiskSpec("data", "ext4"))) as made:
        yield made


def _told(guest: Guest, since: int, what: str) -> Event:
    found = guest.events.wait(
        lambda e: e.name == Name.FAULT and e.data["what"] == what, SOON, since
    )
    assert found is not None, f"nobody told of {what}"
    return found


@pytest.mark.parametrize("watched", ["/etc/watched", "/run/watched"])
def test_whoever_opens_a_file_waits_for_what_is_to_be_done(guest: Guest, watched: str) -> None:
    guest.put(GuestFile(watched, content=b"old", mode="0600"))
    new = GuestFile("/run/other", content=b"new").on_wire()
    actions = [{"delay": 0.2}, {"put": [new]}]
    guest.plan([{"when": {"opened": watched}, "do": actions}])
    since = len(guest.events)
    done = guest.run(["/bin/sh", "-c", f"read x <{watched}; cat /run/other"])
    assert done.out == b"new", "it was put before the file was open"
    _told(guest, since, "put /run/other")


def test_a_new_file_in_a_folder_counts_as_one_of_it(guest: Guest) -> None:
    guest.put(GuestFile("/run/folder", kind="dir"))
    guest.plan([{"when": {"opened": "/run/folder"}, "do": [{"kill": "caller", "signal": 9}]}])
    done = guest.run(["/bin/sh", "-c", "echo whole >/run/folder/status"])
    assert done.signal == 9
    assert guest.read("/run/folder/status") == b"", "the opening had made it, nothing was written"


def test_the_disks_of_the_host_are_not_watched(guest: Guest) -> None:
    guest.put(GuestFile("/data/file"))
    with pytest.raises(RequestFailed, match="disk"):
        guest.plan([{"when": {"opened": "/data/file"}, "do": []}])
    guest.plan([])


def test_an_action_waits_for_a_word(guest: Guest) -> None:
    guest.plan([{"when": {"mark": ["held", "here"]}, "do": [{"await": "go"}]}])
    since = len(guest.events)
    held = threading.Thread(target=lambda: guest.run([MARK, "held", "here"]))
    held.start()
    _told(guest, since, "await go")
    assert held.is_alive()
    guest.say("go")
    held.join(SOON)
    assert not held.is_alive()


def test_the_children_of_a_process_are_killed_without_it(guest: Guest) -> None:
    kill = {"kill": "children of parent", "signal": 9}
    guest.plan([{"when": {"mark": ["parent", "ready"]}, "do": [kill]}])
    text = f"sleep 3600 & {MARK} parent ready; wait $!; echo $?; exit 7"
    parent = guest.spawn("parent", ["/bin/sh", "-c", text])
    end = parent.wait(SOON)
    assert end is not None
    assert (end.exit, end.tail.split()[-1]) == (7, b"137")
