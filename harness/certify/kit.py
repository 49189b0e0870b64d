"""A script kit: a folder with kit.toml, the config of the framework, the two scripts, and whatever
else the application needs in its guests.

`load_kit` reads the folder once, judges it and returns a `Kit` that holds everything; nothing of
the folder is looked at again. Whatever is wrong is a `UsageProblem` that names the file, the key
and the remedy.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.certify.envfile import Secrets, read_secrets
from harness.certify.manifest import Manifest, parse_manifest
from harness.certify.table import ManifestError
from harness.contract.config import Config, ConfigProblem, parse_config
from harness.history import Filesystem
from harness.problem import UsageProblem

MANIFEST = "kit.toml"

#: A kit is scripts and small programs; more than this is a mistake (a data folder, a checkout).
_MOST_BYTES = 64 * 1024**2
_MOST_FILES = 2000

_SKIPPED = ("__pycache__",)


@dataclass(frozen=True)
class KitFile:
    """One file of the kit: its path in the folder, its content, whether it may be executed."""

    path: str
    content: bytes
    executable: bool


@dataclass(frozen=True)
class Kit:
    """A kit as it was read. `files` are by path in the kit, those of the kit named `base` among
    them; kit.toml is its own: a base gives files, never settings.
    """

    folder: Path
    manifest: Manifest
    files: Mapping[str, KitFile]
    base: str = ""
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def image_name(self) -> str:
        """What its guests' image is called: with the packages of its base it is that one's."""
        return self.base or self.name

    @property
    def config(self) -> Config | ConfigProblem:
        """The framework's config as the contract reads it."""
        return parse_config(self.config_file.content)[0]

    @property
    def config_file(self) -> KitFile:
        return self.files[self.manifest.scripts.config]

    @property
    def pre(self) -> KitFile:
        return self.files[self.manifest.scripts.pre]

    @property
    def post(self) -> KitFile:
        return self.files[self.manifest.scripts.post]

    @property
    def digests(self) -> Mapping[str, str]:
        """sha256 of each file's content by its path, in hexadecimal."""
        return {path: hashlib.sha256(file.content).hexdigest() for path, file in self.files.items()}

    @property
    def digest(self) -> str:
        """sha256 over all files with their paths and execute bits, in hexadecimal."""
        total = hashlib.sha256()
        for path, content in sorted(self.digests.items()):
            fact = [path, self.files[path].executable, content]
            total.update(json.dumps(fact).encode() + b"\n")
        return total.hexdigest()

    def on_filesystem(self, filesystem: Filesystem) -> Kit:
        """The same kit with its disks on another filesystem."""
        return replace(self, manifest=self.manifest.on_filesystem(filesystem))

    def patient(self, factor: float) -> Kit:
        """The same kit, whose application gets `factor` times as long for each of its commands."""
        commands = self.manifest.commands.scaled(factor)
        return replace(self, manifest=replace(self.manifest, commands=commands))

    def with_secrets(self, env_file: Path | None) -> Kit:
        """The same kit with the secrets that it asks for. Raises UsageProblem."""
        wanted = self.manifest.secrets
        if wanted is None and env_file is None:
            return self
        if wanted is None:
            raise UsageProblem(
                f"kit {self.name} asks for no secrets, and --env-file was given",
                "leave it out, or name the secrets in [secrets] of kit.toml",
                "kit.secrets",
            )
        if env_file is None:
            raise UsageProblem(
                f"kit {self.name} needs secrets: {', '.join(wanted.names)}",
                "write them into a file with mode 600, a line NAME=VALUE each, and give it with "
                "--env-file",
                "kit.secrets",
            )
        return replace(self, secrets=read_secrets(env_file, wanted.names))


def load_kit(folder: Path) -> Kit:
    """Read a kit's folder, and that of its base. Raises UsageProblem; nothing was run then."""
    path, text, manifest = _manifest(folder)
    kit = Kit(folder, manifest, _read(folder))
    if manifest.base:
        base, name = _base(path, text, manifest.base)
        kit = replace(kit, files={**_read(base), **kit.files}, base=name)
    _require_files(path, text, kit)
    return kit


def _manifest(folder: Path) -> tuple[Path, str, Manifest]:
    """The folder's kit.toml: where it is, its text, what it says."""
    if not folder.is_dir():
        raise UsageProblem(
            f"{folder} is no folder: there is no script kit",
            "give the folder that holds kit.toml, the config and the scripts",
            "kit.folder",
        )
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageProblem(
            f"{folder} holds no kit.toml",
            "a script kit is described by a kit.toml; docs/kits.md explains it, and the bundled "
            "kit `ledger` is an example to copy",
            "kit.no-manifest",
        )
    text = _text(path)
    try:
        return path, text, parse_manifest(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(
            f"{path} is no TOML: {error}", "mend that place in the file", "kit.toml"
        ) from None
    except ManifestError as error:
        raise UsageProblem(_place(path, text, error), error.remedy, error.ref) from None


def _base(path: Path, text: str, where: str) -> tuple[Path, str]:
    """The folder and the name of the kit whose files this one takes where it has none of its own.

    One step and no chain: each file is in one of two folders.
    """
    folder = path.parent / where
    if not (folder / MANIFEST).is_file():
        wrong = f"{folder} holds no kit.toml"
        remedy = "a kit travels with its base: put that kit's folder there, or mend the path"
    elif (base := _manifest(folder)[2]).base:
        wrong = f"{folder} has a base itself"
        remedy = "name the kit that it is based on, or copy the files that are needed"
    else:
        return folder, base.name
    error = ManifestError("kit.base", f"kit.base: {wrong}", remedy)
    raise UsageProblem(_place(path, text, error), remedy, "kit.base")


def _require_files(path: Path, text: str, kit: Kit) -> None:
    scripts = kit.manifest.scripts
    wanted = [(f"scripts.{key}", getattr(scripts, key)) for key in ("config", "pre", "post")]
    wanted += [
        (f"install[{number}].source", install.source)
        for number, install in enumerate(kit.manifest.installs)
    ]
    if kit.manifest.dockerfile:
        wanted.append(("guest.dockerfile", kit.manifest.dockerfile))
    for key, name in wanted:
        # An image is built from the folder itself, and so not from a base's Dockerfile.
        there = (kit.folder / name).is_file() if key == "guest.dockerfile" else name in kit.files
        if not there:
            what = "a folder" if (kit.folder / name).is_dir() else "not there"
            error = ManifestError(key, f"{key}: the file {name!r} of the kit is {what}", "")
            raise UsageProblem(
                _place(path, text, error),
                f"put {name} into {kit.folder}, or name the right file",
                "kit.missing-file",
            )


def _read(folder: Path) -> dict[str, KitFile]:
    """All files below the folder, symlinks within it followed; none may lead out of it."""
    root = folder.resolve()
    files: dict[str, KitFile] = {}
    total = 0
    for path in sorted(_walk(folder)):
        name = path.relative_to(folder).as_posix()
        target = Path(os.path.realpath(path))  # a loop of links is told by stat below
        if not target.is_relative_to(root):
            raise UsageProblem(
                f"{path} is a link to {target}, outside of the kit's folder",
                "a kit is whole by itself: copy the file into its folder",
                "kit.outside",
            )
        try:
            facts = path.stat()
        except OSError as error:
            raise UsageProblem(
                f"{path} cannot be read: {error.strerror}",
                "mend or remove it: all files of the folder belong to the kit",
                "kit.unreadable",
            ) from None
        if not stat.S_ISREG(facts.st_mode):
            raise UsageProblem(
                f"{path} is no regular file",
                "remove it: a kit holds files, folders and links between them",
                "kit.special-file",
            )
        total += facts.st_size
        if total > _MOST_BYTES or len(files) >= _MOST_FILES:
            raise UsageProblem(
                f"{folder} holds more than {_MOST_BYTES // 1024**2} MiB or {_MOST_FILES} files",
                "keep only what the guests need in the kit's folder",
                "kit.too-large",
            )
        content = _bytes(path)
        # A shebang counts too: not every way in which a kit travels keeps the execute bits.
        executable = bool(facts.st_mode & 0o111) or content.startswith(b"#!")
        files[name] = KitFile(name, content, executable)
    return files


def _walk(folder: Path) -> list[Path]:
    """Every path below that is no folder; hidden ones and byte code are no part of a kit."""
    found: list[Path] = []
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise UsageProblem(
            f"{folder} cannot be read: {error.strerror}", "mend its permissions", "kit.unreadable"
        ) from None
    for path in entries:
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_symlink() and path.is_dir():
            raise UsageProblem(
                f"{path} is a link to a folder",
                "copy the folder into the kit, or link its files one by one",
                "kit.outside",
            )
        found += _walk(path) if path.is_dir() else [path]
    return found


def _place(path: Path, text: str, error: ManifestError) -> str:
    """The message with the file, and the line where the key stands, if it can be found."""
    line = _line(text, error.key)
    return f"{path}{f':{line}' if line else ''}: {error.message}"


def _line(text: str, key: str) -> int | None:
    """The line of a key such as "disks[1].size", or of its table; None where neither is found.

    A look for the reader's convenience only, by the way in which people write TOML.
    """
    index = re.search(r"\[([0-9]+)\]", key)
    plain = re.sub(r"\[[0-9]*\]", "", key)
    table, _, name = plain.rpartition(".")
    wanted = int(index[1]) if index else 0
    current, seen, header = "", -1, None
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[{1,2}\s*([A-Za-z0-9_.-]+)\s*\]", line):
            current = match[1]
            if current == plain:
                return number
            seen += current == table
            if current == table and seen == wanted:
                header = number
        elif (
            current == table
            and seen in (wanted, -1)
            and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line)
        ):
            return number
    return header


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{path} is no UTF-8: byte {error.start}", "save it as UTF-8", "kit.toml"
        ) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{path} cannot be read: {error.strerror}", "mend its permissions", "kit.unreadable"
        ) from None
