"""The outcome of a run, left as the contract wants it: whole or not at all."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping


def leave(outcome: Mapping[str, Any]) -> int:
    """Write it to SNAPCERT_STATUS, and to the log; the exit status that goes with it."""
    target = os.environ["SNAPCERT_STATUS"]
    with open(f"{target}.new", "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    os.rename(f"{target}.new", target)
    print(json.dumps(outcome, indent=1))
    return 0 if outcome["status"] == "succeeded" else 1
