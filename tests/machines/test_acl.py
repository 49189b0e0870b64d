"""Access-control lists in the kernel's bytes, as a real file takes them."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from harness.machines.acl import encode_acl

OPEN = "user::rw-,user:1000:rw-,group::---,mask::rw-,other::---"


def test_entries_stand_in_the_kernels_order() -> None:
    whole = encode_acl("mask::rw-,user:1000:rw-,other::---,group::---,user::rw-")
    assert whole == encode_acl(OPEN)
    assert struct.unpack_from("<I", whole) == (2,)
    tags = [struct.unpack_from("<HHI", whole, 4 + 8 * n) for n in range(5)]
    nobody = 0xFFFFFFFF
    assert tags == [(1, 6, nobody), (2, 6, 1000), (4, 0, nobody), (16, 6, nobody), (32, 0, nobody)]


def test_the_mask_shows_as_the_groups_bits(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.touch()
    for text, mode in ((OPEN, 0o660), (OPEN.replace("mask::rw-", "mask::---"), 0o600)):
        try:
            os.setxattr(path, "system.posix_acl_access", encode_acl(text))
        except OSError as refusal:
            pytest.skip(f"this folder's filesystem keeps no access-control lists: {refusal}")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("text", ["", "mask", "user:1000:rwx:x", "mask:0:rwx", "user::rwz"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no entry of an access-control list"):
        encode_acl(text)
