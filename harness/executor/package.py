"""Packs contract and executor into the one file that travels into guests."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import marshal
import struct
import zipfile
from pathlib import Path
from typing import Dict, Mapping

_SHEBANG = b"#!/usr/bin/env python3\n"
_PACKAGES = ("contract", "executor")
_MAIN = b"import sys\nfrom harness.executor.cli import main\nsys.exit(main())\n"
# The oldest time that a zip can hold: the same sources give the same bytes anywhere.
_TIME = (1980, 1, 1, 0, 0, 0)
# Before references and their flags, which depend on what else the process has loaded.
_MARSHAL_VERSION = 2
_UNCHECKED_HASH = 1
#: What judges executors, and no executor needs.
_OF_JUDGES = ("catalogue/*", "clauses.py", "explain.py", "readings.py", "rulesets.py")


def build_zipapp(bytecode: bool = True) -> bytes:
    """The executor as a zipapp: `python3 -I executor.pyz backup`, or executable by itself."""
    return pack(sources(), bytecode)


def pack(files: Mapping[str, bytes], bytecode: bool = True) -> bytes:
    """A zipapp of these files by their paths in it, as `sources` gives them.

    Deterministic: the same files, packed by the same version of Python, give the same bytes.
    With `bytecode` a guest of that Python version starts in half the time; others compile. The
    sources, which hardly any guest reads then, are deflated: all of it goes into every guest.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in sorted(files):
            # Alone they are stored: how much is saved depends on the version of zlib.
            _add(
                archive, name, files[name], zipfile.ZIP_DEFLATED if bytecode else zipfile.ZIP_STORED
            )
            if bytecode and name.startswith("harness/"):
                _add(archive, name + "c", _compiled(name, files[name]), zipfile.ZIP_STORED)
    return _SHEBANG + packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, packing: int) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, content, packing)


def digest() -> str:
    """SHA-256 over the packed sources: names this executor, whichever Python packs it."""
    return hashlib.sha256(build_zipapp(bytecode=False)).hexdigest()


def sources() -> Dict[str, bytes]:
    """Every file of the zipapp by its path in it: "harness/executor/run.py" and so on."""
    house = Path(__file__).resolve().parent.parent
    files = {"__main__.py": _MAIN, "harness/__init__.py": b""}
    for package in _PACKAGES:
        for path in sorted((house / package).rglob("*.py")):
            if package == "contract" and any(map(path.match, _OF_JUDGES)):
                continue
            files[f"harness/{path.relative_to(house).as_posix()}"] = path.read_bytes()
    return files


def _compiled(name: str, source: bytes) -> bytes:
    # The header of a hash-based file that is not checked against its source (PEP 552); without
    # docstrings, which nobody reads there.
    header = importlib.util.MAGIC_NUMBER + struct.pack("<I", _UNCHECKED_HASH)
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    return header + importlib.util.source_hash(source) + marshal.dumps(code, _MARSHAL_VERSION)
