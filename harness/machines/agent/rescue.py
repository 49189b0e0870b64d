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


def mend(runs: list[str] | None) -> dict[str, Any]:
    """Thaw and detach the devices of these runs, of all for None: what was done, and what not."""
    mended: list[str] = []
    problems: list[str] = []
    # Disks are files in a store: the stores come last.
    found = sorted(loopdev.ours(runs), key=lambda item: item[1].split(":")[2] == _STORE)
    for number, label in found:
        try:
            done = _mend(number, label)
        except OSError as error:
            problems.append(f"loop{number} ({label}): {error.strerror}")
            continue
        if done is None:
            problems.append(f"loop{number} ({label}) is still in use: by a container that runs?")
        else:
            mended.append(f"loop{number} ({label}): {done}")
    return {"mended": mended, "problems": problems}


def _mend(number: int, label: str) -> str | None:
    filesystem = _filesystem(number)
    thawed = False
    if filesystem and label.split(":")[2] != _STORE:
        thawed = attached.thaw_orphan(number, filesystem, _POINT)
    loopdev.detach(number, label)
    if not attached.wait_until_detached(number, label, _SECONDS):
        return None
    return "thawed and detached" if thawed else "detached"


def _filesystem(number: int) -> str:
    device = os.open(loopdev.path_of(number), os.O_RDONLY | os.O_CLOEXEC)
    try:
        for name, offset, magic in _MAGIC:
            if os.pread(device, len(magic), offset) == magic:
                return name
    finally:
        os.close(device)
    return ""
