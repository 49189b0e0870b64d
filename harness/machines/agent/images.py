"""Making a disk's image: a fresh filesystem, a root copied from the container, a restored set."""

from __future__ import annotations

import os
import threading

from . import attached, extid, fsid, linux, loopdev
from .problem import AgentProblem
from .store import Image, Store
from .tools import Tools
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILESYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs")

_VIEW = "/store/view"
# Below this size mkfs.btrfs has no room for its metadata twice.
_BTRFS_SINGLE = 128 << 20


class Images:
    """Makes images in the store."""

    def __init__(self, run: str, store: Store, tools: Tools) -> None:
        self._run = run
        self._store = store
        self._tools = tools
        self._guard = threading.Lock()
        self._templates: dict[str, Image] = {}

    def make(self, path: str, wanted: dict[str, Any]) -> tuple[str, str]:
        """Make the image of one `hostshapes.HostDisk`: its filesystem and its UUID.

        Raises AgentProblem (mkfs, store-full, unknown, tool-missing).
        """
        source = wanted.get("source", "empty")
        if isinstance(source, dict):
            return self._restore(path, source)
        filesystem = wanted["filesystem"]
        if filesystem not in FILESYSTEMS:
            raise AgentProblem(
                Code.BAD_REQUEST,
                f"there is no filesystem {filesystem}",
                "use one of " + ", ".join(FILESYSTEMS),
            )
        size = int(wanted["size"])
        self._store.need(size)
        # An ext4 that is copied, with another UUID, is as good as new, and costs less than a mkfs.
        if source != "root" and filesystem != "ext4":
            return filesystem, self._format(path, filesystem, size)
        template = self._template(source, filesystem, size)
        linux.clone_file(template.path, path)
        # A new UUID for an xfs means a new log, 64 MiB of it written; and every mount of an xfs of
        # ours is nouuid anyway, as copies of sets have to be.
        uuid = template.uuid if filesystem == "xfs" else self._renew(path, filesystem)
        return filesystem, uuid

    def _format(self, path: str, filesystem: str, size: int, content: str = "") -> str:
        """mkfs, with the files below `content` where the tool can put them in, ext's."""
        uuid = _new_uuid()
        with open(path, "wb") as made:
            made.truncate(size)
        argv: tuple[str, ...]
        if filesystem == "xfs":
            argv = ("mkfs.xfs", "-q", "-f", "-m", f"uuid={uuid}", path)
        elif filesystem == "btrfs":
            profile = ("-m", "single", "-d", "single") if size < _BTRFS_SINGLE else ()
            argv = ("mkfs.btrfs", "-q", "-f", "-U", uuid, *profile, path)
        else:
            # With a seed of its own for checksums, a copy gets another UUID without a check.
            seed = ("-O", "metadata_csum_seed") if filesystem == "ext4" else ()
            files = ("-d", content) if content else ()
            argv = (f"mkfs.{filesystem}", "-q", "-F", *seed, "-U", uuid, *files, path)
        what = f"a {filesystem} of {size >> 20} MiB can't be made"
        self._tools.must(Code.MKFS, what, *argv)
        return uuid

    def _template(self, source: str, filesystem: str, size: int) -> Image:
        """What is copied, made once for each kind and size: empty, or with the container's root."""
        name = f"{source}-{filesystem}-{size}"
        with self._guard:
            if name not in self._templates:
                path = self._store.template(name)
                if os.path.exists(path):
                    os.unlink(path)  # of an attempt that failed
                make = self._copy_root if source == "root" else self._format
                self._templates[name] = Image(filesystem, make(path, filesystem, size), path)
            return self._templates[name]

    def _copy_root(self, image: str, filesystem: str, size: int) -> str:
        """Make the image; its UUID."""
        os.makedirs(_VIEW, exist_ok=True)
        # Not recursive: what is mounted into the container is no part of the view.
        linux.mount("/", _VIEW, "", linux.MS_BIND)
        try:
            uuid = self._format(image, filesystem, size, _VIEW)
            self._finish(image, filesystem)
        finally:
            linux.unmount(_VIEW)
        return uuid

    def _finish(self, image: str, filesystem: str) -> None:
        """What a template needs a mount for."""
        label = loopdev.label(self._run, "template", filesystem)
        point = "/store/mnt/template"
        disk = attached.Disk("template", filesystem, image, label=label, point=point)
        disk.mount_only()
        try:
            if filesystem in ("xfs", "btrfs"):
                what = f"the root filesystem can't be copied into a {filesystem} disk"
                self._tools.must(Code.MKFS, what, "cp", "-a", f"{_VIEW}/.", point)
            _tidy(point)
        finally:
            problem = disk.let_go()
        if problem:
            raise AgentProblem(Code.BUSY, problem, "start a fresh host")

    def _restore(self, path: str, source: dict[str, str]) -> tuple[str, str]:
        images = self._store.images(source["set"])
        if source["disk"] not in images:
            raise AgentProblem(
                Code.UNKNOWN,
                f"set {source['set']} has no disk {source['disk']}",
                "it has " + ", ".join(sorted(images)),
            )
        image = images[source["disk"]]
        linux.clone_file(image.path, path)
        if image.filesystem == "btrfs":
            return "btrfs", self._renew(path, "btrfs")
        return image.filesystem, image.uuid

    def _renew(self, path: str, filesystem: str) -> str:
        """Give a copied ext or btrfs a UUID of its own."""
        uuid = _new_uuid()
        problem = f"a copied {filesystem} can't get a UUID of its own"
        by_hand = {"btrfs": fsid.renew, "ext4": extid.renew}.get(filesystem)
        if by_hand is None:
            self._tools.must(Code.MKFS, problem, "tune2fs", "-f", "-U", uuid, path)
            return uuid
        try:
            by_hand(path, uuid)
        except ValueError as error:
            raise AgentProblem(
                Code.MKFS, f"{problem}: {error}", "make it with the default checksums"
            ) from error
        return uuid


def _tidy(root: str) -> None:
    """Take away what tells of the container rather than of the machine it stands for."""
    for path in (f"{root}/.dockerenv", f"{root}/.containerenv"):
        if os.path.exists(path):
            os.unlink(path)
    os.rmdir(f"{root}/store")


def _new_uuid() -> str:
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
