"""What may stand in a file's place: folders, links and special files, in a line each."""

from __future__ import annotations

from harness.machines.files import GuestFile

#: A freeze bound in seconds: soon over, should an executor wait for what stands in a file's place.
SHORT = 10.0
#: A user who is not root.
USER = 1000
#: Access-control lists on a file with mode 600 or 700, and the group's bits that stat then shows.
ACL_READABLE = "user::rw-,user:1000:rw-,group::---,mask::rw-,other::---"
ACL_MASKED = "user::rw-,user:1000:rw-,group::rw-,mask::---,other::---"
ACL_OPEN_SCRIPT = "user::rwx,user:1000:rwx,group::---,mask::rwx,other::---"
ACL_MASKED_SCRIPT = "user::rwx,user:1000:rwx,group::rwx,mask::---,other::---"
ACL_OPEN_FOLDER = "user::rwx,user:1000:rwx,group::r-x,mask::rwx,other::r-x"


def folder(path: str, mode: str = "0755", uid: int = 0, acl: str = "") -> GuestFile:
    """A folder; one that is there already gets this mode and owner."""
    return GuestFile(path, kind="dir", mode=mode, uid=uid, acl=acl)


def link(path: str, target: str, uid: int = 0) -> GuestFile:
    """A symlink."""
    return GuestFile(path, kind="symlink", target=target, uid=uid)


def circle(path: str) -> GuestFile:
    """A symlink to itself."""
    return link(path, path)


def fifo(path: str, mode: str = "0600") -> GuestFile:
    """A named pipe that nobody ever opens at its other end."""
    return GuestFile(path, kind="fifo", mode=mode)


def socket(path: str, mode: str = "0600") -> GuestFile:
    """A socket that nobody listens on."""
    return GuestFile(path, kind="socket", mode=mode)


def character_device(path: str, mode: str = "0600") -> GuestFile:
    """Another node of /dev/null, which is empty to whoever reads it."""
    return GuestFile(path, kind="char", device="1:3", mode=mode)


def block_device(path: str, mode: str = "0600") -> GuestFile:
    """A node of a RAM disk, which no guest may open."""
    return GuestFile(path, kind="block", device="1:0", mode=mode)


def absent(path: str) -> GuestFile:
    """Nothing: what is there goes away."""
    return GuestFile(path, kind="absent")
