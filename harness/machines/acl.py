"""Access-control lists of files: from getfacl's words to the bytes that the kernel keeps."""

from __future__ import annotations

import struct

_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_NOBODY = 0xFFFFFFFF
#: By what an entry is for, and whether it names somebody.
_TAGS = {
    ("user", False): 0x01,
    ("user", True): 0x02,
    ("group", False): 0x04,
    ("group", True): 0x08,
    ("mask", False): 0x10,
    ("other", False): 0x20,
}
_BITS = {"r": 4, "w": 2, "x": 1, "-": 0}


def encode_acl(text: str) -> bytes:
    """The value of system.posix_acl_access for "user::rwx,user:1000:r--,group::---,mask::r--,…".

    Users and groups are numbers. Raises ValueError for what is no list.
    """
    entries = []
    for entry in text.split(","):
        try:
            what, who, allowed = entry.split(":")
            tag, bits = _TAGS[what, bool(who)], sum(_BITS[letter] for letter in allowed)
        except (KeyError, ValueError):
            raise ValueError(f"{entry!r} is no entry of an access-control list") from None
        entries.append((tag, bits, int(who) if who else _NOBODY))
    return _VERSION + b"".join(_ENTRY.pack(*entry) for entry in sorted(entries))
