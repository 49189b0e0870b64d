"""A kit to start from: a copy of a kit that certifies, under the user's own name.

What is offered is data, `starters/apps.toml` among the fixtures: an application is there as soon as
its kit is.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.certify.kit import MANIFEST, Kit, load_kit
from harness.certify.manifest import parse_manifest
from harness.certify.table import ManifestError
from harness.problem import UsageProblem

_REF = "init"
_LIST = "starters/apps.toml"


@dataclass(frozen=True)
class Starter:
    """One application that a kit can be begun for; `folder` is the kit that is copied."""

    app: str
    text: str
    folder: Path


def offered(fixtures: Path) -> Mapping[str, Starter]:
    """The applications whose kits are there, in the order of the list."""
    listed = tomllib.loads((fixtures / _LIST).read_text(encoding="utf-8"))
    found = [Starter(app, e["text"], fixtures / e["folder"]) for app, e in listed.items()]
    return {entry.app: entry for entry in found if (entry.folder / MANIFEST).is_file()}


def begin(starter: Starter, folder: Path, name: str, vendor: str) -> Kit:
    """Write the kit into a folder that is empty or not there yet, and read it back.

    Raises UsageProblem where the folder holds something or can't be written, or the name is none.
    """
    source = load_kit(starter.folder)
    manifest = _named(source.files[MANIFEST].content.decode(), starter, name, vendor)
    try:
        parse_manifest(tomllib.loads(manifest))
    except ManifestError as error:
        raise UsageProblem(error.message, error.remedy, _REF) from None
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageProblem(
                f"{folder} is there already, and not empty",
                "name a folder that is not there yet: nothing is ever overwritten",
                _REF,
            )
        for file in source.files.values():
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(manifest.encode() if file.path == MANIFEST else file.content)
            path.chmod(0o755 if file.executable else 0o644)
    except OSError as error:
        raise UsageProblem(
            f"the kit can't be written to {folder}: {error.strerror}",
            "name a folder that you may write to",
            _REF,
        ) from error
    return load_kit(folder)


def usual_name(folder: Path) -> str:
    """A name for the kit in a folder: the folder's own, in the letters that a name may have."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return plain or "kit"


def _named(text: str, starter: Starter, name: str, vendor: str) -> str:
    """The manifest with the user's name and vendor in [kit], and a version of its own."""
    head, table, rest = text.partition("[kit]\n")
    own, bracket, others = rest.partition("\n[")
    for key, value in (("name", name), ("vendor", vendor), ("version", "0.1.0")):
        line = f"{key} = {json.dumps(value)}".replace("\\", "\\\\")
        own = re.sub(rf"^{key}\s*=.*$", line, own, flags=re.MULTILINE)
    if starter.app != "custom":
        head = (
            f"# Begun from snapcert's kit for {starter.app}, which certifies as it is. Change one "
            "thing after the\n# other, and certify in between; docs/kits.md explains every key.\n\n"
        )
    return f"{head}{table}{own}{bracket}{others}"
