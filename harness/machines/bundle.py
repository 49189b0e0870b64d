"""The agent as a zip, to be sent over a container's standard input."""

from __future__ import annotations

import functools
import io
import zipfile
from importlib import resources

from harness.machines.agent import wire

# The oldest instant that a zip can hold: the same sources give the same bytes everywhere.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@functools.lru_cache(maxsize=1)
def build_agent() -> bytes:
    """The package `harness.machines.agent` as a zip under `wire.PACKAGE`, byte for byte stable.

    Stored, not deflated: a guest starts faster without the decompressor.
    """
    folder = resources.files("harness.machines.agent")
    modules = sorted(item.name for item in folder.iterdir() if item.name.endswith(".py"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in modules:
            entry = zipfile.ZipInfo(f"{wire.PACKAGE}/{name}", date_time=_EPOCH)
            entry.create_system = 3  # unix, whatever the machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, folder.joinpath(name).read_bytes())
    return out.getvalue()


def bootstrap_input() -> bytes:
    """What a fresh container's standard input begins with: the length, then the agent."""
    agent = build_agent()
    return len(agent).to_bytes(4, "big") + agent
