"""`python -m bench [NAME…]`: the measurements, all of them or those named."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def main(names: list[str]) -> int:
    """Run each; the worst exit status."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"error: no measurement is called {', '.join(unknown)}")
        print(f"  remedy: choose from {', '.join(NAMES)}")
        return 4
    worst = 0
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        worst = max(worst, importlib.import_module(f"bench.{name}").main())
    return worst


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
