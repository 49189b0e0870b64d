"""`python -m bench [NAME…]`: the measurements, all of them or those named.

Options after a single name are that measurement's own.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))
#: Takes hours: only by its name.
ON_REQUEST = ("stability",)


def main(words: list[str]) -> int:
    """Run each; the worst exit status."""
    names = [word for word in words if not word.startswith("-")]
    options: list[str] = []
    if len(names) != len(words):
        names, options = words[:1], words[1:]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"error: no measurement is called {', '.join(unknown)}")
        print(f"  remedy: choose from {', '.join(NAMES)}")
        return 4
    worst = 0
    for name in names or [name for name in NAMES if name not in ON_REQUEST]:
        print(f"== {name}", flush=True)
        measure = importlib.import_module(f"bench.{name}").main
        worst = max(worst, measure(options) if options else measure())
    return worst


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
