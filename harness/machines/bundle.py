"""The agent as a zip, to be sent over a container's standard input."""

from __future__ import annotations

import functools
import importlib.util
import io
import marshal
import zipfile
from importlib import resources

from harness.machines.agent import wire

# The oldest instant that a zip can hold: the same sources give the same bytes everywhere.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# For readers and type checkers only; nothing imports them at run time.
_UNUSED = ("shapes.py", "hostshapes.py")


@functools.lru_cache(maxsize=1)
def build_agent() -> bytes:
    """The package `harness.machines.agent` as a zip under `wire.PACKAGE`, byte for byte stable.

    Beside each source its bytecode: a guest with the same Python need not compile; any other takes
    the source. Every container gets all of it over a pipe, so the sources, which hardly any reads,
    are deflated; the bytecode is stored, for a start without the decompressor.
    """
    folder = resources.files("harness.machines.agent")
    modules = sorted(
        item.name
        for item in folder.iterdir()
        if item.name.endswith(".py") and item.name not in _UNUSED
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in modules:
            source = folder.joinpath(name).read_bytes()
            for path, content, packing in (
                (name, source, zipfile.ZIP_DEFLATED),
                (f"{name}c", _bytecode(name, source), zipfile.ZIP_STORED),
            ):
                entry = zipfile.ZipInfo(f"{wire.PACKAGE}/{path}", date_time=_EPOCH)
                entry.create_system = 3  # unix, whatever the machine
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content, packing)
    return out.getvalue()


def _bytecode(name: str, source: bytes) -> bytes:
    """A .pyc that is never held against its source's time (PEP 552, unchecked hash).

    Without docstrings, which nobody reads there.
    """
    code = compile(source, f"{wire.PACKAGE}/{name}", "exec", dont_inherit=True, optimize=2)
    flags = (1).to_bytes(4, "little")
    digest = importlib.util.source_hash(source)
    return importlib.util.MAGIC_NUMBER + flags + digest + marshal.dumps(code)


def bootstrap_input() -> bytes:
    """What a fresh container's standard input begins with: the length, then the agent."""
    agent = build_agent()
    return len(agent).to_bytes(4, "big") + agent
