"""Which versions of Debian packages an image has, as its own package manager recorded them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.machines import runs
from harness.machines.engine import LABEL_MACHINE, LABEL_NAME, LABEL_ROLE, LABEL_RUN, Engine

_STATUS = "/var/lib/dpkg/status"


def versions(engine: Engine, image: str, names: Sequence[str], run: str) -> Mapping[str, str]:
    """The installed version of each of these packages; one that is not installed is left out."""
    labels = {
        LABEL_RUN: run,
        LABEL_ROLE: "reader",
        LABEL_MACHINE: runs.owner_id(),
        LABEL_NAME: "packages",
    }
    text = engine.file_of(image, _STATUS, labels).decode("utf-8", "replace")
    return {name: version for name, version in installed(text).items() if name in names}


def installed(status: str) -> Mapping[str, str]:
    """Version by name of every installed package of a dpkg status file."""
    found = {}
    for stanza in status.split("\n\n"):
        fields = {}
        for line in stanza.splitlines():
            key, colon, value = line.partition(": ")
            if colon and not line.startswith(" "):
                fields[key] = value
        if fields.get("Status", "").endswith(" installed") and "Version" in fields:
            found[fields.get("Package", "")] = fields["Version"]
    return found
