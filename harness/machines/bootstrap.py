"""A root filesystem from Debian's packages, as a stream of tar: mmdebstrap and how it fails.

The package sources are this machine's own, those of the distribution itself only; no mirror is
named here. Work happens in a folder that carries a lock, so that what a killed build left is told
from a build that runs, and swept by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.problem import IncompleteProblem, Problem, UsageProblem

#: Part of every image's digest: raise it when the recipe below makes other content.
RECIPE = 1
#: Seconds for one build, from an empty cache over a slow line.
DEADLINE = 1200.0
_BEAT = 5.0
_PREFIX = "snapcert-image-"
#: Files that no guest reads; folders stay, because package scripts put links into them.
_LEFT_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/locale/*/LC_MESSAGES/*",
    "/usr/share/man/*.gz",
)
#: The machine's name, resolver and package sources do not belong into an image.
_TIDY = (
    'rm -rf "$1"/etc/resolv.conf "$1"/etc/hostname "$1"/etc/apt/sources.list '
    '"$1"/etc/apt/sources.list.d/* "$1"/var/log/* "$1"/var/cache/debconf/*-old '
    '"$1"/var/lib/dpkg/*-old'
)
_OURS = "run make as root on Debian or Ubuntu, or name a ready-made image with SNAPCERT_BASE_IMAGE"


def machine_suite(release: Path = Path("/etc/os-release")) -> str:
    """The release whose packages this machine's sources have; Debian 12's where it is another."""
    try:
        pairs = (line.partition("=") for line in release.read_text().splitlines())
        facts = {key: value.strip("\"'") for key, _, value in pairs}
    except OSError:
        facts = {}
    family = {facts.get("ID", ""), *facts.get("ID_LIKE", "").split()}
    suite = facts.get("VERSION_CODENAME", "")
    return suite if suite and family & {"debian", "ubuntu"} else "bookworm"


def own_sources(files: Mapping[str, str], suite: str) -> tuple[str, str]:
    """The distribution's own sources for one release: deb822 stanzas, and one-line entries.

    `files` maps file names to contents. Others' packages (a vendor's repository beside the
    distribution's) have no place in a guest and may not be in reach.
    """
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    stanzas, lines = [], []
    for name, text in sorted(files.items()):
        if name.endswith(".sources"):
            stanzas += [kept for s in re.split(r"\n\s*\n", text) if (kept := _stanza(s, wanted))]
        else:
            lines += [line.strip() for line in text.splitlines() if _line(line, wanted)]
    return "\n\n".join(stanzas), "\n".join(lines)


def _stanza(text: str, wanted: set[str]) -> str:
    """One deb822 stanza, narrowed to the wanted releases and binaries; empty if it has none."""
    fields: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            fields[key] = fields.get(key, "") + "\n" + line
        else:
            key, _, value = line.partition(":")
            key = key.strip().title()
            fields[key] = value.strip()
    suites = [s for s in fields.get("Suites", "").split() if s in wanted]
    enabled = fields.get("Enabled", "yes").lower() not in ("no", "false", "0")
    own = (
        "main" in fields.get("Components", "").split() and "deb" in fields.get("Types", "").split()
    )
    if not (suites and enabled and own):
        return ""
    fields |= {"Types": "deb", "Suites": " ".join(suites)}
    return "\n".join(f"{key}: {value}" for key, value in fields.items())


def _line(text: str, wanted: set[str]) -> bool:
    """Whether a one-line entry is one of the distribution's own for a wanted release."""
    words = re.sub(r"\[[^]]*\]", " ", text.partition("#")[0]).split()
    return len(words) > 3 and words[0] == "deb" and words[2] in wanted and "main" in words[3:]


@contextlib.contextmanager
def root_filesystem(
    name: str, suite: str, packages: Sequence[str], progress: Callable[[str], None]
) -> Iterator[Iterator[bytes]]:
    """A stream of tar of a fresh root filesystem; reading it raises where the build fails.

    UsageProblem names a package that there isn't; IncompleteProblem tells what is missing.
    """
    if shutil.which("mmdebstrap") is None:
        raise IncompleteProblem(f"image {name}: mmdebstrap is not installed", _OURS, "image")
    stanzas, lines = own_sources(_read_sources(Path("/etc/apt")), suite)
    if not stanzas and not lines:
        raise IncompleteProblem(
            f"image {name}: this machine's package sources have no {suite}",
            "name a ready-made image with SNAPCERT_BASE_IMAGE, or add the release's sources",
            "image",
        )
    with _workspace() as (work, lock), (work / "log").open("w+b") as log:
        sources = []
        for file, text in (("image.sources", stanzas), ("image.list", lines)):
            if text:
                (work / file).write_text(text + "\n")
                sources.append(str(work / file))
        child = subprocess.Popen(
            [*isolation(), *command(suite, packages, sources)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={
                **os.environ,
                "TMPDIR": str(work / "tmp"),
                "LC_ALL": "C.UTF-8",
                "SOURCE_DATE_EPOCH": "1700000000",
            },
            # The child holds the folder's lock too: nobody sweeps it while the child lives.
            pass_fds=(lock,),
        )
        try:
            yield _chunks(child, name, work / "log", progress)
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def isolation() -> list[str]:
    """Namespaces around a build by root: mounts and processes of a killed one vanish with it."""
    if os.geteuid() != 0:
        return []  # mmdebstrap makes its own
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def command(suite: str, packages: Sequence[str], sources: Sequence[str]) -> list[str]:
    """The command line of one build; its standard output is the tar."""
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(packages)}",
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        f"--customize-hook={_TIDY}",
        suite,
        "-",
        *sources,
    ]


def _chunks(
    child: subprocess.Popen[bytes], name: str, log: Path, progress: Callable[[str], None]
) -> Iterator[bytes]:
    """The build's output; raises at its end where it failed, so that no half image is taken."""
    assert child.stdout is not None
    began = time.monotonic()
    while True:
        ready, _, _ = select.select([child.stdout], [], [], _BEAT)
        spent = time.monotonic() - began
        if spent > DEADLINE:
            raise IncompleteProblem(
                f"image {name}: not built after {DEADLINE:.0f} s\n{_tail(log)}",
                "see whether the package mirror is in reach, then run again",
                "image",
            )
        if not ready:
            progress(f"  image {name}: {spent:.0f} s · {_tail(log, 1)[:90]}")
            continue
        chunk = os.read(child.stdout.fileno(), 1 << 20)
        if not chunk:
            break
        yield chunk
    if child.wait(timeout=60) != 0:
        raise explain(name, log.read_text(errors="replace"))


def explain(name: str, log: str) -> Problem:
    """What a failed build's log means for a user."""
    unknown = re.search(r"Unable to locate package (\S+)", log) or re.search(
        r"Package '?(\S+?)'? has no installation candidate", log
    )
    if unknown:
        return UsageProblem(
            f"image {name}: there is no package {unknown.group(1)!r} in this machine's sources",
            "correct the list of packages, or add the sources that have it",
            "image",
        )
    text = "\n".join(log.splitlines()[-10:])
    if "No space left on device" in log:
        remedy = f"free some space (1 GiB) in {_scratch()}, or point TMPDIR at a larger folder"
    elif re.search(
        r"Temporary failure resolving|Could not (?:connect|resolve)|Failed to fetch", log
    ):
        remedy = "the package mirror is not in reach: see `apt-get update`, then run again"
    elif os.geteuid() != 0:
        remedy = _OURS
    else:
        remedy = "see the lines above; `make images` tries again"
    return IncompleteProblem(f"image {name}: mmdebstrap failed\n{text}", remedy, "image")


def _read_sources(folder: Path) -> Mapping[str, str]:
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    return {
        str(file): file.read_text(errors="replace")
        for file in files
        if file.suffix in (".list", ".sources") and file.is_file()
    }


def _tail(log: Path, lines: int = 10) -> str:
    text = log.read_bytes()[-8192:].decode("utf-8", "replace").strip()
    return "\n".join(text.splitlines()[-lines:])


def _scratch() -> Path:
    """Where builds happen: on a disk, not on a small tmpfs."""
    return Path(os.environ.get("TMPDIR") or "/var/tmp")


@contextlib.contextmanager
def _workspace() -> Iterator[tuple[Path, int]]:
    """A folder for one build and the descriptor of its lock; gone afterwards."""
    sweep(_scratch())
    work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_scratch()))
    lock = os.open(work / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # apt's own user reads below it.
        work.chmod(0o755)
        (work / "tmp").mkdir()
        (work / "tmp").chmod(0o1777)
        yield work, lock
    finally:
        os.close(lock)
        shutil.rmtree(work, ignore_errors=True)


def sweep(folder: Path) -> list[str]:
    """Remove the folders of builds that were killed; the names that went."""
    gone = []
    mounts = Path("/proc/self/mountinfo").read_text()
    for work in sorted(folder.glob(f"{_PREFIX}*")):
        try:
            lock = os.open(work / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # being made right now, or somebody else's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if f" {work}/" not in mounts:
                shutil.rmtree(work, ignore_errors=True)
                gone.append(work.name)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
    return gone
