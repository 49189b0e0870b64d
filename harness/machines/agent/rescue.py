"""Mending what hosts left that could not end themselves: the janitor's work.

A disk is left frozen, attached or both where a host was killed: an orphan superblock stands in
nobody's mounts, but lets itself be mounted again, and then thawed.
"""

from __future__ import annotations

import os

from . import attached, loopdev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POINT = "/store/mnt/rescue"
_STORE = "store"
_SECONDS = 5.0

# Where each filesystem says what it is: offset, bytes.
_MAGIC = (
    ("btrfs", 0x10040, b"_BHRfS_M"),
    ("xfs", 0, b"XFSB"),
    ("ext4", 0x438, b"\x53\xef"),
)


def mend(runs: list[str] | None, detach: bool = True) -> dict[str, Any]:
    """Thaw and detach the devices of these runs, of all for None: what was done, and what not.

    All are thawed before any is detached: a guest whose writers are blocked on several disks can
    only end, and let go of them, when the last of these is thawed. Without `detach` that is all:
    containers that hold them can be ended then.
    """
    mended: list[str] = []
    problems: list[str] = []
    # Disks are files in a store: the stores come last.
    found = sorted(loopdev.ours(runs), key=lambda item: _is_store(item[1]))
    thawed = {number for number, label in found if not _is_store(label) and _thaw(number)}
    if not detach:
        return {
            "mended": [
                f"loop{number} ({label}): thawed" for number, label in found if number in thawed
            ],
            "problems": [],
        }
    for number, label in found:
        what = f"loop{number} ({label})"
        try:
            loopdev.detach(number, label)
        except OSError as error:
            problems.append(f"{what}: {error.strerror}")
            continue
        if attached.wait_until_detached(number, label, _SECONDS):
            done = "thawed and detached" if number in thawed else "detached"
            mended.append(f"{what}: {done}")
        else:
            problems.append(f"{what} is still in use: by a container that runs?")
    return {"mended": mended, "problems": problems}


def _is_store(label: str) -> bool:
    return label.split(":")[2] == _STORE


def _thaw(number: int) -> bool:
    filesystem = _filesystem(number)
    return bool(filesystem) and attached.thaw_orphan(number, filesystem, _POINT)


def _filesystem(number: int) -> str:
    """What is on a device; "" where it can't be told, or the device has gone meanwhile."""
    try:
        device = os.open(loopdev.path_of(number), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        for name, offset, magic in _MAGIC:
            if os.pread(device, len(magic), offset) == magic:
                return name
    finally:
        os.close(device)
    return ""
