"""Files that go into a guest, and what is found of files in it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.machines.acl import encode_acl
from harness.machines.agent import wire

#: The executor and a situation's scripts go into guest after guest.
_packed = functools.lru_cache(maxsize=32)(wire.pack)

Kind = Literal["file", "dir", "symlink", "fifo", "socket", "char", "block", "absent"]


@dataclass(frozen=True)
class GuestFile:
    """One file to put into a guest, by its path as the executor sees it.

    `mode` is octal text ("0700"), "" for 0644, 0755 for a folder, or that of the file which is
    there. Missing parents are made, root's, 0755. `target` is a symlink's; `device` is
    "MAJOR:MINOR" of a char or block device; kind "absent" removes what is there. `acl` is an
    access-control list in getfacl's words, one entry a comma; its mask shows as the group's bits.
    """

    path: str
    content: bytes = b""
    mode: str = ""
    uid: int = 0
    gid: int = 0
    kind: Kind = "file"
    target: str = ""
    device: str = ""
    acl: str = ""

    def on_wire(self) -> dict[str, Any]:
        """As the agent's request `put` wants it."""
        entry: dict[str, Any] = {
            "path": self.path,
            "kind": self.kind,
            "uid": self.uid,
            "gid": self.gid,
        }
        if self.mode:
            entry["mode"] = self.mode
        if self.kind == "file":
            entry["content_b64"] = _packed(self.content)
        if self.target:
            entry["target"] = self.target
        if self.device:
            entry["device"] = self.device
        if self.acl:
            entry["acl_b64"] = wire.pack(encode_acl(self.acl))
        return entry


@dataclass(frozen=True)
class FileFacts:
    """What stat shows of a file in a guest; `mode` is octal text of the permission bits."""

    kind: str
    mode: str
    uid: int
    gid: int
    size: int
    mtime: float = 0.0
    target: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> FileFacts:
        """From the agent's answer to `stat` or `read`."""
        return cls(
            kind=answer["kind"],
            mode=answer["mode"],
            uid=answer["uid"],
            gid=answer["gid"],
            size=answer["size"],
            mtime=answer.get("mtime", 0.0),
            target=answer.get("target", ""),
        )
