"""What an executor left at SNAPCERT_STATUS: an outcome, or what is wrong with it (PLG-01)."""

from __future__ import annotations

import json
from typing import Any, cast, get_args

from harness.history import Consistency, Outcome, Status


def read_outcome(raw: bytes | None) -> tuple[Outcome | None, str | None]:
    """The outcome, or None and a sentence that says what the executor's author must mend."""
    if raw is None:
        return None, "no status was written at SNAPCERT_STATUS"
    try:
        data = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        return None, f"the status is not whole JSON in UTF-8: {error}"
    if not isinstance(data, dict):
        return None, f"the status is a JSON {type(data).__name__}, not an object"
    problem = _problem_of(data)
    if problem:
        return None, problem
    return (
        Outcome(
            status=cast(Status, data["status"]),
            consistency=cast(Consistency, data["consistency"]),
            errors=tuple(data["errors"]),
            **_details_of(data.get("warnings", []), data.get("reasons", {})),
        ),
        None,
    )


def is_whole(raw: bytes | None) -> bool:
    """Whether this is a whole JSON text, or nothing at all."""
    if raw is None:
        return True
    try:
        json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return False
    return True


def _details_of(warnings: Any, reasons: Any) -> dict[str, Any]:
    """The optional parts of an outcome as far as they are texts, and what of them is not."""
    wrong = []
    if not isinstance(warnings, list):
        wrong, warnings = [f"warnings is {json.dumps(warnings)}, not a list"], []
    if not isinstance(reasons, dict):
        wrong, reasons = [*wrong, f"reasons is {json.dumps(reasons)}, not an object"], {}
    wrong += [f"a warning is {json.dumps(w)}, no text" for w in warnings if not isinstance(w, str)]
    wrong += [
        f"the reason of {name} is {json.dumps(reason)}, no text"
        for name, reason in reasons.items()
        if not isinstance(reason, str)
    ]
    return {
        "warnings": tuple(w for w in warnings if isinstance(w, str)),
        "reasons": {name: text for name, text in reasons.items() if isinstance(text, str)},
        "misshapen": "; ".join(wrong),
    }


def _problem_of(data: dict[str, Any]) -> str | None:
    for key in ("status", "consistency", "errors"):
        if key not in data:
            return f"the status has no key {key!r}"
    if data["status"] not in get_args(Status):
        return f"status is {data['status']!r}, not one of {', '.join(get_args(Status))}"
    if data["consistency"] not in get_args(Consistency):
        return (
            f"consistency is {data['consistency']!r}, not one of {', '.join(get_args(Consistency))}"
        )
    errors = data["errors"]
    if not isinstance(errors, list) or not all(isinstance(e, str) for e in errors):
        return "errors is not a list of names"
    return None
