"""Files of the guest: put, read, look at. Paths are the executor's: the thread has its root."""

from __future__ import annotations

import os
import stat

from .problem import AgentProblem
from .wire import Code, pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DEFAULT_LIMIT = 16 * 1024 * 1024

_ACL = "system.posix_acl_access"

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFSOCK: "socket",
}


def put(files: Iterable[dict[str, Any]]) -> None:
    """Put files in their order. Raises OSError, AgentProblem."""
    for file in files:
        _put(file)


def _put(file: dict[str, Any]) -> None:
    path = _raw(file["path"])
    kind = file.get("kind", "file")
    if kind == "absent":
        _remove(path)
        return
    mode = int(file["mode"], 8) if file.get("mode") else _usual_mode(path, kind)
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        _make_folders(parent)
    if kind == "dir":
        if not os.path.isdir(path):
            os.mkdir(path)
    else:
        _make(path, kind, file)
    if kind != "symlink":
        os.chown(path, file.get("uid", 0), file.get("gid", 0))
        # After chown, which takes setuid and setgid bits away.
        os.chmod(path, mode)
        if file.get("acl_b64"):
            # Last: a chmod would change its mask, and it changes the mode that stat shows.
            os.setxattr(path, _ACL, unpack(file["acl_b64"]))
    else:
        os.chown(path, file.get("uid", 0), file.get("gid", 0), follow_symlinks=False)


def _usual_mode(path: bytes, kind: str) -> int:
    """That of the file or folder which is there, else the usual one."""
    try:
        there = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        there = 0
    if stat.S_IFMT(there) == (stat.S_IFDIR if kind == "dir" else stat.S_IFREG):
        return stat.S_IMODE(there)
    return 0o755 if kind == "dir" else 0o644


def _make(path: bytes, kind: str, file: dict[str, Any]) -> None:
    """Make it beside its place and rename it there, so that nobody sees a part of it."""
    made = path + b".put"
    _remove(made)
    if kind == "file":
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(unpack(file.get("content_b64", "")))
    elif kind == "symlink":
        os.symlink(_raw(file["target"]), made)
    elif kind == "fifo":
        os.mkfifo(made)
    elif kind == "socket":
        os.mknod(made, 0o600 | stat.S_IFSOCK)
    elif kind in ("char", "block"):
        major, minor = (int(part) for part in file["device"].split(":"))
        type_bits = stat.S_IFCHR if kind == "char" else stat.S_IFBLK
        os.mknod(made, 0o600 | type_bits, os.makedev(major, minor))
    else:
        raise AgentProblem(
            Code.BAD_REQUEST,
            f"{file['path']}: no kind of file is called {kind}",
            "use file, dir, symlink, fifo, socket, char, block or absent",
        )
    if os.path.isdir(path) and not os.path.islink(path):
        _remove(path)
    os.rename(made, path)


def _make_folders(path: bytes) -> None:
    parent = os.path.dirname(path)
    if parent != path and not os.path.isdir(parent):
        _make_folders(parent)
    os.mkdir(path)
    os.chmod(path, 0o755)  # noqa: S103 as a folder of the system is


def _remove(path: bytes) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        os.unlink(path)
        return
    for name in os.listdir(path):
        _remove(os.path.join(path, name))
    os.rmdir(path)


def read(wanted: dict[str, Any]) -> dict[str, Any]:
    """Content and facts of a file. Raises AgentProblem (absent)."""
    path = _raw(wanted["path"])
    limit = int(wanted.get("limit", DEFAULT_LIMIT))
    try:
        facts = os.stat(path)
        content = b""
        if stat.S_ISREG(facts.st_mode):
            with open(path, "rb") as data:
                if wanted.get("tail") and facts.st_size > limit:
                    data.seek(facts.st_size - limit)
                content = data.read(limit)
    except (FileNotFoundError, NotADirectoryError):
        raise _absent(wanted["path"]) from None
    return {"content_b64": pack(content), **_facts(facts)}


def look(wanted: dict[str, Any]) -> dict[str, Any]:
    """Facts of a file. Raises AgentProblem (absent)."""
    path = _raw(wanted["path"])
    try:
        facts = os.stat(path, follow_symlinks=bool(wanted.get("follow", False)))
        target = os.readlink(path) if stat.S_ISLNK(facts.st_mode) else b""
    except (FileNotFoundError, NotADirectoryError):
        raise _absent(wanted["path"]) from None
    return {
        **_facts(facts),
        "mtime": facts.st_mtime,
        "nlink": facts.st_nlink,
        "target": target.decode("utf-8", "surrogateescape"),
    }


def _facts(facts: os.stat_result) -> dict[str, Any]:
    return {
        "kind": _KINDS[stat.S_IFMT(facts.st_mode)],
        "mode": f"{stat.S_IMODE(facts.st_mode):04o}",
        "uid": facts.st_uid,
        "gid": facts.st_gid,
        "size": facts.st_size,
    }


def list_files(roots: Iterable[str], exclude: Iterable[str]) -> dict[str, str]:
    """Every file below `roots` but not below `exclude`: path to "mode uid:gid size"."""
    skip = {_raw(path).rstrip(b"/") or b"/" for path in exclude}
    found: dict[str, str] = {}
    waiting = [_raw(root) for root in roots]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.path in skip:
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(facts.st_mode):
                waiting.append(entry.path)
            size = 0 if stat.S_ISDIR(facts.st_mode) else facts.st_size
            found[entry.path.decode("utf-8", "surrogateescape")] = (
                f"{stat.filemode(facts.st_mode)} {facts.st_uid}:{facts.st_gid} {size}"
            )
    return found


def _absent(path: str) -> AgentProblem:
    return AgentProblem(Code.ABSENT, f"the guest has no {path}", "")


def _raw(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
