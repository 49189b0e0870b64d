"""What SARIF 2.1.0 asks of the parts that snapcert writes, as a JSON Schema of our own.

Stricter than the standard's own schema in what it leaves out: a key that is not here is not
written by us, so that a misspelt one is found.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
BAG = {"type": "object"}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def several(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


MESSAGE = closed({"text": TEXT}, "text")
RULE = closed({"id": TEXT, "shortDescription": MESSAGE, "properties": BAG}, "id")
LOCATION = closed(
    {
        "physicalLocation": closed(
            {
                # An address, in which only some characters may stand as they are.
                "artifactLocation": closed(
                    {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9/._~%-]+$"}}, "uri"
                ),
                "region": closed({"startLine": {"type": "integer", "minimum": 1}}, "startLine"),
            },
            "artifactLocation",
        ),
        "logicalLocations": several(
            closed({"fullyQualifiedName": {"type": "string"}, "kind": {"const": "function"}})
        ),
    }
)
RESULT = closed(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": several(LOCATION, 1),
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "suppressions": several(
            closed({"kind": {"enum": ["inSource", "external"]}, "justification": TEXT}, "kind")
        ),
        "properties": BAG,
    },
    "message",
    "ruleId",
    "locations",
)
NOTIFICATION = closed({"level": LEVEL, "message": MESSAGE}, "message")
INVOCATION = closed(
    {
        "executionSuccessful": {"type": "boolean"},
        "exitCode": {"type": "integer"},
        "exitCodeDescription": TEXT,
        "commandLine": {"type": "string"},
        "startTimeUtc": TIME,
        "endTimeUtc": TIME,
        "toolExecutionNotifications": several(NOTIFICATION),
    },
    "executionSuccessful",
)
DRIVER = closed({"name": TEXT, "version": TEXT, "rules": several(RULE)}, "name")
RUN = closed(
    {
        "tool": closed({"driver": DRIVER}, "driver"),
        "automationDetails": closed({"id": TEXT}),
        "invocations": several(INVOCATION),
        "results": several(RESULT),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "properties": BAG,
    },
    "tool",
)
SCHEMA = closed(
    {
        "$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"},
        "version": {"const": "2.1.0"},
        "runs": several(RUN, 1),
    },
    "version",
    "runs",
)
