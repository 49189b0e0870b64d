"""The zipapp that drives a foreign executor in a guest: `inside`, and which module of it runs."""

from __future__ import annotations

from pathlib import Path

from harness.executor.package import pack

FOLDER = Path(__file__).parent / "inside"


def packed(module: str) -> bytes:
    """A zipapp that calls `main(arguments)` of a module in `inside`."""
    inside = "harness.targets.inside"
    files = {
        "__main__.py": (
            f"import sys\nfrom {inside}.{module} import main\nsys.exit(main(sys.argv[1:]))\n"
        ).encode(),
        "harness/__init__.py": b"",
        "harness/targets/__init__.py": b"",
    }
    for file in sorted(FOLDER.rglob("*.py")):
        files[f"harness/targets/inside/{file.relative_to(FOLDER).as_posix()}"] = file.read_bytes()
    return pack(files)
