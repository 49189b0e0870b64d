"""Which runs are alive: a locked file for each, so that only what a dead run left is mended.

Every process of a run holds a shared lock on its file; the kernel lets go of it however the
process ends. A clean end removes the file. Containers carry the file's path in no label: the path
follows from the run's id, and `owner_id` tells whose files may be looked at at all.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.problem import EngineProblem

_RUNTIME = Path("/run")


@dataclass(frozen=True)
class RunFile:
    """One run's file: `image` is what its hosts were started from, `kept_until` (seconds of the
    wall clock, 0 for not) keeps its failed guests from being mended away; `suspect`: a process of
    it could not end all its machines."""

    run: str
    path: Path
    image: str = ""
    kept_until: float = 0.0
    suspect: bool = False

    @property
    def kept(self) -> bool:
        """Whether guests of this run are still kept for a person to look at."""
        return self.kept_until > time.time()


def new_run_id() -> str:
    """A name for a run that no other run has: the instant and eight random digits."""
    now = dt.datetime.now(dt.UTC)
    return f"{now:%m%d-%H%M%S}-{secrets.token_hex(4)}"


def owner_id() -> str:
    """Which machine's run files tell about a container's life: the label `snapcert.machine`.

    Two controllers have the same one only if they see the same run files: the same booted kernel
    and the same filesystem at /run (two containers on one machine have not).
    """
    parts = [str(_RUNTIME.stat().st_dev)]
    for source in ("/proc/sys/kernel/random/boot_id", "/etc/machine-id"):
        with contextlib.suppress(OSError):
            parts.append(Path(source).read_text(encoding="ascii", errors="replace").strip())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def folder() -> Path:
    """Where run files lie: of root on a filesystem that a reboot empties; else of the user."""
    if os.geteuid() == 0:
        return _RUNTIME / "snapcert" / "runs"
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return Path(own) / "snapcert" / "runs"


def _folders() -> Iterator[Path]:
    """Every folder where a run of this machine may have its file."""
    seen = set()
    for candidate in (folder(), _RUNTIME / "snapcert" / "runs"):
        if candidate not in seen:
            seen.add(candidate)
            yield candidate
    with contextlib.suppress(OSError):
        for user in sorted((_RUNTIME / "user").iterdir()):
            candidate = user / "snapcert" / "runs"
            if candidate not in seen:
                seen.add(candidate)
                yield candidate


class RunLock:
    """This process's part in keeping a run alive; hold it as long as the run has machines."""

    def __init__(self, run: str, image: str = "") -> None:
        """Raises EngineProblem where the file cannot be made."""
        self.run = run
        self._path = folder() / f"{run}.lock"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_SH)
            if image and os.fstat(self._file).st_size == 0:
                self._write(image=image)
        except OSError as error:
            raise EngineProblem(
                f"the run file {self._path} cannot be made: {error.strerror}",
                "set XDG_RUNTIME_DIR to a folder of yours that a reboot empties",
                "run-file",
            ) from error

    def keep(self, seconds: float) -> None:
        """Let what this run leaves stand for a person to look at, for that long."""
        self._write(kept_until=time.time() + seconds)

    def release(self, *, forget: bool = True) -> None:
        """Let go of the run; the last process that does so removes the file.

        With `forget` false from any of them the file stays, so that the next start mends what
        was left.
        """
        if self._file < 0:
            return
        with contextlib.suppress(OSError):
            if not forget:
                self._write(suspect=True)
            # Only alone can the shared lock become an exclusive one.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            known = _read(self._path)
            if not known.kept and not known.suspect:
                self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1

    def _write(self, **changed: object) -> None:
        known = _read(self._path)
        facts = {"image": known.image, "kept_until": known.kept_until, "suspect": known.suspect}
        content = json.dumps(facts | changed).encode()
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))


def is_alive(run: str) -> bool:
    """Whether a process of this machine still holds the run."""
    return any(_is_held(place / f"{run}.lock") for place in _folders())


def dead_runs() -> tuple[RunFile, ...]:
    """The run files that nobody holds any more: their runs ended without cleaning up."""
    found = []
    for place in _folders():
        with contextlib.suppress(OSError):
            found += [_read(path) for path in sorted(place.glob("*.lock")) if not _is_held(path)]
    return tuple(found)


def find(run: str) -> RunFile | None:
    """The file of a run, None where there is none."""
    for place in _folders():
        path = place / f"{run}.lock"
        if path.exists():
            return _read(path)
    return None


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # not ours to judge
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> RunFile:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return RunFile(
            path.stem,
            path,
            str(data["image"]),
            float(data["kept_until"]),
            bool(data["suspect"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return RunFile(path.stem, path)
