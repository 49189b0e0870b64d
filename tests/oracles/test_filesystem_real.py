"""The filesystem oracle on real sets under load: 3 frozen and 3 unfrozen of each filesystem, and
the set of two disks that is one instant, with the plain copy that is not.

`bench/filesystem_oracle.py` does the same with more of them.
"""

from __future__ import annotations

import pytest

from bench.real_sets import ahead, sets, two_disks
from harness.history import Filesystem
from harness.machines.host import Host

COUNT = 3


@pytest.mark.parametrize("filesystem", ["ext4", "xfs", "btrfs"])
def test_a_set_is_what_it_was_taken_as(host: Host, filesystem: Filesystem) -> None:
    found = list(sets(host, filesystem, COUNT, "test"))
    assert [one.together for one in found] == ["file-system", "crash"] * COUNT, found
    assert all(one.freezes_seen == int(one.frozen) for one in found), found


def test_a_set_over_two_disks_is_one_instant(host: Host) -> None:
    for difference in ahead(host, two_disks(), COUNT, "test", plain=False):
        assert difference in (0, 1)


def test_disks_taken_apart_are_two_instants_and_each_is_whole(host: Host) -> None:
    """The storage of the script control: the second disk, the load goes on, then the first."""
    (difference,) = ahead(host, two_disks(), 1, "test-apart", plain=False, apart=0.3)
    assert difference is not None
    assert difference > 1


def test_a_plain_copy_over_two_disks_is_none(host: Host) -> None:
    """The control: the same load, copied disk after disk, shows the later write without the
    earlier one; so the test above can fail."""
    found = list(ahead(host, two_disks(), COUNT, "test", plain=True))
    assert any(difference is None or difference < 0 for difference in found), found
