"""What the images of a set are, by each filesystem's own tools, never by one exit status alone.

btrfs is read as it is, and so is an ext header. What needs a replayed journal (xfs_repair, and
e2fsck where somebody held an unlinked file open) is done on a reflink copy that was mounted once.
"""

from __future__ import annotations

import contextlib
import os
import threading

from . import attached, facts, linux, loopdev
from .problem import AgentProblem
from .store import Image, Store
from .tools import Tools
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Examiner:
    """Examines images of the store."""

    def __init__(self, run: str, store: Store, tools: Tools) -> None:
        self._run = run
        self._store = store
        self._tools = tools
        self._lock = threading.Lock()
        self._number = 0

    def examine(self, disk: str, image: Image) -> dict[str, Any]:
        """The facts of one image, as `hostshapes.ImageFacts`. Raises AgentProblem."""
        judge = {"xfs": self._xfs, "btrfs": self._btrfs}.get(image.filesystem, self._ext)
        try:
            found = judge(image.path, image.filesystem)
        except ValueError as error:
            raise AgentProblem(
                Code.FAILED,
                f"disk {disk} ({image.filesystem}) can't be examined: {error}",
                "the image holds no such filesystem, or its tools have another version",
            ) from error
        return {"disk": disk, "filesystem": image.filesystem, **found}

    def _ext(self, path: str, filesystem: str) -> dict[str, Any]:
        header = facts.ext_header(self._tools.run("dumpe2fs", "-h", path).text)
        check = self._tools.run("e2fsck", "-fn", path)
        found = {**header, "fsck_exit": check.exit, "fsck_tail": check.tail()}
        if check.exit == 0 and not header["needs_recovery"] and header["journal_start"] == 0:
            # There is nothing to replay, and nothing was found: a second look would see the same.
            return {**found, "replayed_exit": None}
        with self._copied(path) as copy:
            problem = self._replay(copy, filesystem)
            replayed = -1 if problem else self._tools.run("e2fsck", "-fn", copy).exit
        return {**found, "fsck_tail": problem or check.tail(), "replayed_exit": replayed}

    def _btrfs(self, path: str, _: str) -> dict[str, Any]:
        header = self._tools.run("btrfs", "inspect-internal", "dump-super", path).text
        check = self._tools.run("btrfs", "check", "--readonly", path)
        return {
            "log_root": facts.btrfs_log_root(header),
            "check_exit": check.exit,
            "check_tail": check.tail(),
        }

    def _xfs(self, path: str, filesystem: str) -> dict[str, Any]:
        with self._copied(path) as copy:
            # Even to print a log, xfs_logprint wants to write to the image: it gets the copy.
            log = facts.xfs_log(self._tools.run("xfs_logprint", "-t", copy).text)
            # A freeze after little activity leaves its few changes in the log although all of
            # them are in place: the kernel covers its log only after more than one write to it.
            changes = facts.xfs_changes(log["log_items"])
            before = self._in_place(copy) if changes else None
            problem = self._replay(copy, filesystem)
            if problem:
                return {**log, "log_redundant": False, "repair_exit": -1, "repair_tail": problem}
            redundant = before is not None and before == self._tree(copy)
            check = self._tools.run("xfs_repair", "-n", copy)
        return {
            **log,
            "log_redundant": redundant or not changes,
            "repair_exit": check.exit,
            "repair_tail": check.tail(),
        }

    def _in_place(self, copy: str) -> dict[str, tuple[int, ...]] | None:
        """What an xfs holds without its log; None where it is not whole without it."""
        if facts.xfs_faults(self._tools.run("xfs_repair", "-n", copy).text):
            return None
        return self._tree(copy)

    def _tree(self, copy: str) -> dict[str, tuple[int, ...]] | None:
        """Every file of an xfs with its inode's facts, the log left aside; None: no mount."""
        with self._mounted(copy, "xfs", read_only=True, options="norecovery") as (point, problem):
            if problem:
                return None
            found: dict[str, tuple[int, ...]] = {}
            for folder, folders, files in os.walk(point):
                for name in (".", *folders, *files):
                    path = os.path.join(folder, name)
                    inode = os.lstat(path)
                    times = (inode.st_atime_ns, inode.st_mtime_ns, inode.st_ctime_ns)
                    owner = (inode.st_mode, inode.st_nlink, inode.st_uid, inode.st_gid)
                    place = (inode.st_ino, inode.st_size, inode.st_blocks)
                    found[path[len(point) :]] = owner + place + times
            return found

    @contextlib.contextmanager
    def _copied(self, path: str) -> Iterator[str]:
        """A reflink copy for as long as it is looked at."""
        with self._lock:
            self._number += 1
            copy = self._store.work(f"examine{self._number}.img")
        linux.clone_file(path, copy)
        try:
            yield copy
        finally:
            os.unlink(copy)

    def _replay(self, copy: str, filesystem: str) -> str:
        """Mount and unmount, so that the kernel replays the journal; "" or why it would not."""
        with self._mounted(copy, filesystem) as (_, problem):
            return problem

    @contextlib.contextmanager
    def _mounted(
        self, copy: str, filesystem: str, *, read_only: bool = False, options: str = ""
    ) -> Iterator[tuple[str, str]]:
        """Its mount point, and "" or why it does not mount."""
        name = os.path.basename(copy).partition(".")[0]
        label = loopdev.label(self._run, "work", name)
        point = f"/store/mnt/{name}"
        disk = attached.Disk(
            name, filesystem, copy, label=label, point=point, read_only=read_only, options=options
        )
        try:
            disk.mount_only()
        except AgentProblem as problem:
            if problem.code != Code.MOUNT:
                raise
            yield point, problem.message
            return
        try:
            yield point, ""
        finally:
            busy = disk.let_go()
        if busy:
            raise AgentProblem(Code.BUSY, busy, "start a fresh host")
