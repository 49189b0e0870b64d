"""The state folder: two locks, and the record of a run from which it can be recovered.

*main.lock* is held by the main process alone and falls with it. *run.lock* is held by every process
of a run, so it falls when the last survivor of a killed run is gone. Whoever gets the first waits
for the second; whoever does not is refused (ROB-01).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import stat
from types import FrameType
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from .scripts import Script
from .settings import UsageError

#: How long a start waits for what survives of a killed run, in seconds (ROB-01).
SURVIVORS = 20.0
_RECORD = "interrupted.json"


class InProgress(Exception):
    """Another run is under way (ROB-01)."""


class Record(NamedTuple):
    """What a later run needs to clear up after this one.

    `post`: the post-script that is due, None where none is. `frozen`: mount points that may be
    frozen. `recovering`: its recovery has begun, so it is not begun again. `failed`: the error
    name and reason with which that recovery ended.
    """

    run: str
    boot: str
    post: Optional[Script] = None
    frozen: Tuple[str, ...] = ()
    recovering: bool = False
    failed: Optional[Tuple[str, str]] = None

    def text(self) -> str:
        """As JSON."""
        content: Dict[str, Any] = {
            "run": self.run,
            "boot": self.boot,
            "post": None if self.post is None else self.post.record(),
            "frozen": list(self.frozen),
            "recovering": self.recovering,
            "failed": None if self.failed is None else list(self.failed),
        }
        return json.dumps(content)

    @staticmethod
    def of_text(text: str) -> Record:
        """The other way round. Raises TypeError, KeyError or ValueError for what is no record."""
        content: Mapping[str, Any] = json.loads(text)
        failed = content["failed"]
        return Record(
            run=str(content["run"]),
            boot=str(content["boot"]),
            post=None if content["post"] is None else Script.of_record(content["post"]),
            frozen=tuple(str(path) for path in content["frozen"]),
            recovering=bool(content["recovering"]),
            failed=None if failed is None else (str(failed[0]), str(failed[1])),
        )


class StateFolder:
    """The folder, root's own, made where it is not there."""

    def __init__(self, path: str) -> None:
        """Raises UsageError where the folder can't be made or others may write to it."""
        self.path = path
        self._locks: Tuple[int, ...] = ()
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
            status = os.lstat(path)
        except OSError as problem:
            raise UsageError(
                f"the state folder {path} can't be made: {problem.strerror}",
                "name another one with --state-folder, on a tmpfs",
            ) from None
        if (
            not stat.S_ISDIR(status.st_mode)
            or status.st_uid != os.geteuid()
            or (status.st_mode & 0o022)
        ):
            raise UsageError(
                f"others than root may write to the state folder {path}, or it is no folder",
                f"remove {path}; it is made anew, for root alone",
            )

    def claim(self, survivors: float = SURVIVORS) -> None:
        """Take both locks. Raises InProgress."""
        main, run = self._open("main.lock"), self._open("run.lock")
        self._locks = (main, run)
        try:
            # A lock of fcntl belongs to this process alone; one of flock to all that inherit it.
            fcntl.lockf(main, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InProgress("another run is under way") from None
        if not _flock(run, survivors):
            raise InProgress("a killed run is still clearing up after itself")

    def let_go(self) -> None:
        """Give up this process's share of run.lock; the other processes of the run keep theirs."""
        os.close(self._locks[1])
        self._locks = self._locks[:1]

    def wait_for_survivors(self, seconds: float) -> bool:
        """Wait until no other process of this run is left; False where one outlives the wait."""
        self.let_go()
        run = self._open("run.lock")
        self._locks = (*self._locks, run)
        return _flock(run, seconds)

    def read(self) -> Optional[Record]:
        """The record of an interrupted run; None where there is none, or it can't be read."""
        try:
            with open(self._path(_RECORD), encoding="ascii") as file:
                return Record.of_text(file.read())
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def write(self, record: Record) -> None:
        """Replace the record as a whole. Raises OSError."""
        write_whole(self._path(_RECORD), record.text())

    def remove(self) -> None:
        """Nothing is due any more."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(_RECORD))

    def _open(self, name: str) -> int:
        # Without O_CREAT where the file is there: on a frozen filesystem that would wait.
        path = self._path(name)
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _path(self, name: str) -> str:
        return os.path.join(self.path, name)


def write_whole(path: str, text: str) -> None:
    """Write a file whole or not at all: a temporary one beside it, then a rename."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


class _Elapsed(Exception):
    pass


def _flock(descriptor: int, seconds: float) -> bool:
    def elapsed(_number: int, _frame: Optional[FrameType]) -> None:
        raise _Elapsed

    before = signal.signal(signal.SIGALRM, elapsed)
    try:
        # Repeated, so that a signal that comes right before the wait is not lost.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return True
    except _Elapsed:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
