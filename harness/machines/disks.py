"""Disks on their way: what a layout asks of the host and of the guest, and what was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.history import Disk
from harness.machines.layout import DiskSpec, Layout


def order(disk: DiskSpec, set_id: str | None) -> dict[str, Any]:
    """What the host is asked to make: empty, of its own root, or a copy of a set's disk."""
    source: Any = {"set": set_id, "disk": disk.name} if set_id else None
    return {
        "name": disk.name,
        "filesystem": disk.filesystem,
        "size": disk.bytes,
        "source": source or ("root" if disk.carries_root else "empty"),
        "read_only": disk.read_only,
    }


def preparation(layout: Layout, made: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The request that makes a container a guest of this layout."""
    disks = []
    for spec, facts in zip(layout.disks, made, strict=True):
        options = [spec.options, facts["mount_options"], "ro" if spec.read_only else ""]
        disks.append(
            {
                "name": spec.name,
                "device": facts["device"],
                "filesystem": spec.filesystem,
                "mountpoint": spec.mountpoint,
                "options": ",".join(option for option in options if option),
                "carries_root": spec.carries_root,
                "part": spec.part,
            }
        )
    extra = [
        {
            "kind": mount.kind,
            "source": mount.source,
            "target": mount.target,
            "options": mount.options,
        }
        for mount in layout.extra_mounts
    ]
    return {
        "shape": layout.shape,
        "disks": disks,
        "extra_mounts": extra,
        "allow_mount": layout.allow_mount,
        "beside": layout.beside,
    }


def records(layout: Layout, made: list[Mapping[str, Any]]) -> tuple[Disk, ...]:
    """The typed records of the disks that the host made."""
    return tuple(
        Disk(
            name=spec.name,
            filesystem=spec.filesystem,
            mountpoint=spec.mountpoint,
            device=facts["device"],
            size=facts["size"],
            read_only=spec.read_only,
            carries_root=spec.carries_root,
            foreign=bool(spec.part),
        )
        for spec, facts in zip(layout.disks, made, strict=True)
    )
