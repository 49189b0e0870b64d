"""`--executor command:PATH`: a third party's executor, a file or a folder with `run` in it."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.problem import EngineProblem, UsageProblem
from harness.targets.target import Identity, Launch

#: Where the executor's files stand in a guest.
FOLDER = "/opt/executor"

_SETUP_DEADLINE = 120.0
_KEYS: Mapping[str, type] = {
    "name": str,
    "version": str,
    "packages": list,
    "image": str,
    "setup": list,
    "arguments": list,
    "environment": dict,
    "deadline": (int, float),  # type: ignore[dict-item]  # isinstance takes a tuple too
    "not-applicable": dict,
}


@dataclass(frozen=True)
class Manifest:
    """What `executor.toml` says; every key is optional."""

    name: str = ""
    version: str = "unknown"
    packages: tuple[str, ...] = ()
    image: str | None = None
    setup: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    not_applicable: Mapping[str, str] = field(default_factory=dict)


def parse_manifest(text: str, where: str) -> Manifest:
    """The manifest in `text`; a UsageProblem names `where`, the key and the remedy."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{where} is not TOML: {error}", "mend the line it names") from None
    for key, value in data.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(_KEYS)}"
            raise UsageProblem(f"{where} has an unknown key {key!r}", hint)
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise UsageProblem(
                f"{where}: {key} is {value!r}, which is of the wrong type",
                "see docs/executors.md for the shape of each key",
            )
    for key in ("packages", "setup", "arguments"):
        _all_strings(data.get(key, []), f"{where}: {key}")
    for key in ("environment", "not-applicable"):
        _all_strings(list(data.get(key, {}).values()), f"{where}: {key}")
    for rule, reason in data.get("not-applicable", {}).items():
        if not reason.strip():
            raise UsageProblem(
                f"{where}: not-applicable has no reason for {rule}",
                "say why the rule does not apply; the verdict shows it",
            )
    if "image" in data and "packages" in data:
        raise UsageProblem(
            f"{where} names both an image and packages",
            "packages are added to our own image; keep one of the two keys",
        )
    deadline = data.get("deadline")
    if deadline is not None and deadline <= 0:
        raise UsageProblem(f"{where}: deadline is {deadline}", "give seconds above 0")
    return Manifest(
        name=data.get("name", ""),
        version=data.get("version", "unknown"),
        packages=tuple(data.get("packages", ())),
        image=data.get("image"),
        setup=tuple(data.get("setup", ())),
        arguments=tuple(data.get("arguments", ())),
        environment=dict(data.get("environment", {})),
        deadline=float(deadline) if deadline is not None else None,
        not_applicable=dict(data.get("not-applicable", {})),
    )


def _all_strings(values: list[Any], where: str) -> None:
    for value in values:
        if not isinstance(value, str):
            raise UsageProblem(f"{where} holds {value!r}, which is no string", "quote it")


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
            manifest.name or path.resolve().name, manifest.version, "command", digest.hexdigest()
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
        manifest = parse_manifest(described.read_text(encoding="utf-8"), str(described))
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


def _file(source: Path, name: str, *, executable: bool) -> GuestFile:
    return GuestFile(
        path=f"{FOLDER}/{name}",
        content=source.read_bytes(),
        mode="0755" if executable else "0644",
    )
