"""`--executor command:PATH`: a third party's executor, a file or a folder with `run` in it."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.problem import EngineProblem, UsageProblem
from harness.targets.manifest import Manifest, parse_manifest
from harness.targets.target import Identity, Launch

#: Where the executor's files stand in a guest.
FOLDER = "/opt/executor"

_SETUP_DEADLINE = 120.0


class CommandTarget:
    """An executor given as a path; read once, so that a run judges one version of it."""

    def __init__(self, path: Path) -> None:
        self._files, entry, manifest = _read(path)
        self._manifest = manifest
        self._entry = f"{FOLDER}/{entry}"
        digest = hashlib.sha256()
        for file in self._files:
            digest.update(f"{file.path}\0{file.mode}\0{file.target}\0".encode())
            digest.update(file.content)
        self.identity = Identity(
            manifest.name or path.resolve().name,
            manifest.version,
            "command",
            digest.hexdigest(),
            {
                file.path.removeprefix(f"{FOLDER}/"): hashlib.sha256(file.content).hexdigest()
                for file in self._files
                if file.kind == "file"
            },
        )
        self.packages = manifest.packages
        self.image = manifest.image
        self.deadline = manifest.deadline
        self.not_applicable = manifest.not_applicable

    def install(self, guest: Guest) -> None:
        """Copy the files and run the set-up command in the executor's folder."""
        guest.put(*self._files)
        if not self._manifest.setup:
            return
        result = guest.run(self._manifest.setup, cwd=FOLDER, deadline=_SETUP_DEADLINE)
        if result.exit != 0:
            text = (result.out + result.err).decode(errors="replace").strip()[-500:]
            raise EngineProblem(
                f"the set-up command of the executor {self.identity.name} ended with "
                f"{'no exit status in time' if result.timed_out else result.exit}: {text}",
                "run it by hand in a guest, mend it, or name what it needs as packages "
                "in executor.toml",
                "PLG-01",
            )

    def launch(self) -> Launch:
        """`run` (or the file) with the manifest's arguments and environment."""
        return Launch((self._entry, *self._manifest.arguments), self._manifest.environment)


def _read(path: Path) -> tuple[tuple[GuestFile, ...], str, Manifest]:
    if path.is_file():
        if not os.access(path, os.X_OK):
            raise UsageProblem(f"{path} is not executable", f"chmod +x {path}", "PLG-01")
        return (_file(path, "run", executable=True),), "run", Manifest(name=path.name)
    if not path.is_dir():
        raise UsageProblem(
            f"there is no executor at {path}",
            "give a file, or a folder whose `run` is the command",
            "PLG-01",
        )
    run = path / "run"
    if not run.is_file() or not os.access(run, os.X_OK):
        raise UsageProblem(
            f"{path} has no executable file `run`",
            f"put the command there, and chmod +x {run}",
            "PLG-01",
        )
    manifest = Manifest()
    described = path / "executor.toml"
    if described.is_file():
        manifest = parse_manifest(_text(described), str(described))
    files = []
    for found in sorted(path.rglob("*")):
        name = found.relative_to(path).as_posix()
        if found.is_symlink():
            files.append(
                GuestFile(path=f"{FOLDER}/{name}", kind="symlink", target=str(found.readlink()))
            )
        elif found.is_dir():
            files.append(GuestFile(path=f"{FOLDER}/{name}", kind="dir", mode="0755"))
        elif found.is_file():
            executable = bool(found.stat().st_mode & stat.S_IXUSR)
            files.append(_file(found, name, executable=executable))
    return tuple(files), "run", manifest


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path} can't be read: {error}", "write it as UTF-8 text") from error


def _file(source: Path, name: str, *, executable: bool) -> GuestFile:
    return GuestFile(
        path=f"{FOLDER}/{name}",
        content=source.read_bytes(),
        mode="0755" if executable else "0644",
    )
