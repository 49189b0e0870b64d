"""Packs contract and executor into the one file that travels into guests."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_SHEBANG = b"#!/usr/bin/env python3\n"
_PACKAGES = ("contract", "executor")
_MAIN = 'import runpy\nrunpy.run_module("harness.executor", run_name="__main__", alter_sys=False)\n'
# The oldest time that a zip can hold: the same sources give the same bytes anywhere.
_TIME = (1980, 1, 1, 0, 0, 0)


def build_zipapp() -> bytes:
    """The executor as a zipapp: `python3 -I executor.pyz backup`, or executable by itself.

    Deterministic: the same sources give the same bytes, so that a digest names an executor.
    """
    house = Path(__file__).resolve().parent.parent
    sources = {"__main__.py": _MAIN.encode(), "harness/__init__.py": b""}
    for package in _PACKAGES:
        for path in sorted((house / package).rglob("*.py")):
            sources[f"harness/{path.relative_to(house).as_posix()}"] = path.read_bytes()
    packed = io.BytesIO()
    # Stored: how well something is compressed depends on the version of zlib.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(sources):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, sources[name])
    return _SHEBANG + packed.getvalue()
