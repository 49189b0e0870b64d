"""`--executor azure-vmsnapshot:PATH`: Azure's open-source VMSnapshotLinux extension, unmodified.

Its own files, and what it needs from a guest; it is driven by `harness.targets.inside.azure`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.problem import EngineProblem, UsageProblem
from harness.targets.azure_certificate import self_signed
from harness.targets.inside.azure.run import CERTIFICATE, HERE, HURRY
from harness.targets.inside.azure.settings import LOGS, folder_of
from harness.targets.packing import FOLDER, packed
from harness.targets.target import Identity, Launch

KIND = "azure-vmsnapshot"

_PROGRAM = f"{HERE}/azure.pyz"
#: OpenSSL's own file of trusted certificates on Debian, which is empty until somebody makes it.
_TRUSTED = "/usr/lib/ssl/cert.pem"
_LSBLK = "/usr/bin/lsblk"
_COMPILER = ("gcc", "libc6-dev")
_COMPILING = 60.0
_INSIDE = FOLDER / "azure"
#: Programs whose execute bit is the release's, not the checkout's.
_PROGRAMS = re.compile(r"\.(sh|py)$|/bin/safefreeze$")
_VERSION = re.compile(r"extension_version\s*=\s*[\"']([0-9.]+)[\"']")


class AzureTarget:
    """The extension at `path`: a checkout, its folder VMBackup, or an unpacked release.

    `speed` above 1 lets its fixed waits pass so many times faster.
    """

    def __init__(self, path: Path, speed: int = 1) -> None:
        main = _main_folder(path)
        self._files = {
            file.relative_to(main).as_posix(): file.read_bytes()
            for file in sorted(main.rglob("*"))
            if file.is_file() and file.suffix != ".pyc"
        }
        found = _VERSION.search(self._files.get("common.py", b"").decode(errors="replace"))
        self._version = found[1] if found else "unknown"
        self._speed = speed
        self._certificate, self._secret = self_signed()
        self._library: bytes | None = None
        files = {name: hashlib.sha256(raw).hexdigest() for name, raw in self._files.items()}
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        self.identity = Identity(KIND, self._version, KIND, digest, files)
        self.packages: tuple[str, ...] = _COMPILER if speed > 1 else ()
        self.image: str | None = None
        self.deadline: float | None = None
        self.not_applicable: Mapping[str, str] = {}

    def install(self, guest: Guest) -> None:
        """What the agent of a virtual machine unpacks; around it what such a machine has."""
        folder = folder_of(self._version)
        guest.run(("mv", _LSBLK, "/usr/lib/snapcert-lsblk"))
        guest.put(
            *(
                GuestFile(
                    f"{folder}/main/{name}", raw, "0755" if _PROGRAMS.search(name) else "0644"
                )
                for name, raw in self._files.items()
            ),
            GuestFile(f"{LOGS}/events", kind="dir"),
            GuestFile("/dev/console", kind="absent"),
            GuestFile("/dev/console", kind="symlink", target="null"),
            GuestFile(_LSBLK, (_INSIDE / "lsblk").read_bytes(), "0755"),
            GuestFile(_TRUSTED, self._certificate),
            GuestFile(CERTIFICATE, self._secret, "0600"),
            GuestFile(_PROGRAM, packed("azure.run"), "0755"),
        )
        if self._speed > 1:
            self._install_library(guest)

    def launch(self) -> Launch:
        """The agent's part of a run, in which the extension is started by its own entry point."""
        arguments = (_PROGRAM, self._version, str(self._speed))
        return Launch(("/usr/bin/python3", "-I", "-S", *arguments))

    def _install_library(self, guest: Guest) -> None:
        """Built in the first guest, for its C library and its processor."""
        if self._library is None:
            source = f"{HERE}/hurry.c"
            guest.put(GuestFile(source, (_INSIDE / "hurry.c").read_bytes()))
            built = guest.run(
                ("gcc", "-O2", "-shared", "-fPIC", "-o", HURRY, source), deadline=_COMPILING
            )
            self._library = guest.read(HURRY) if built.exit == 0 else None
            if self._library is None:
                raise EngineProblem(
                    "the library that hurries the extension's waits can't be built: "
                    + built.err.decode(errors="replace").strip()[-500:],
                    "leave --speed out, or give the image a C compiler",
                    "speed",
                )
        else:
            guest.put(GuestFile(HURRY, self._library, "0755"))


def _main_folder(path: Path) -> Path:
    for inside in ("VMBackup/main", "main"):
        if (path / inside / "handle.sh").is_file():
            return path / inside
    raise UsageProblem(
        f"{path} holds no VMSnapshotLinux extension: there is no main/handle.sh",
        "give a checkout of github.com/Azure/azure-linux-extensions, its folder VMBackup, or an "
        "unpacked release of the extension",
    )
