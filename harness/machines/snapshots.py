"""Snapshot sets as the control plane sees them: from the host's answers to typed records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.history import BtrfsImage, DiskAtSnapshot, Ext4Image, Image, XfsImage
from harness.problem import EngineProblem

_RECORDS: Mapping[str, type[Ext4Image | XfsImage | BtrfsImage]] = {
    "ext2": Ext4Image,
    "ext3": Ext4Image,
    "ext4": Ext4Image,
    "xfs": XfsImage,
    "btrfs": BtrfsImage,
}


@dataclass(frozen=True)
class SnapshotSet:
    """A set that the host took, with what it saw of each disk right before and right after.

    Instants are the engine kernel's CLOCK_MONOTONIC; the set is one instant between the two.
    """

    id: str
    taken_from: float
    taken_to: float
    disks: Mapping[str, DiskAtSnapshot]

    @classmethod
    def of(cls, set_id: str, answer: Mapping[str, Any]) -> SnapshotSet:
        """From the agent's answer to `snapshot` or `copy`."""
        names = [field.name for field in fields(DiskAtSnapshot)]
        return cls(
            id=set_id,
            taken_from=answer["taken_from"],
            taken_to=answer["taken_to"],
            disks={
                disk: DiskAtSnapshot(**{name: facts[name] for name in names})
                for disk, facts in answer["disks"].items()
            },
        )


def image_of(set_id: str, facts: Mapping[str, Any]) -> Image:
    """The typed record of one examined image. Raises EngineProblem for an unknown filesystem."""
    record = _RECORDS.get(str(facts["filesystem"]))
    if record is None:
        raise EngineProblem(
            f"the host examined an image of {facts['filesystem']!r}, which has no record",
            "use ext2, ext3, ext4, xfs or btrfs",
            "image",
        )
    names = {field.name for field in fields(record)} - {"set_id"}
    given = {name: value for name, value in facts.items() if name in names}
    if "log_items" in given:
        given["log_items"] = tuple(given["log_items"])
    return record(set_id=set_id, **given)
