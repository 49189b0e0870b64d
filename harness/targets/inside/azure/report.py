"""From the extension's status file to an outcome: pure, by its published codes alone.

The file is what the virtual machine's agent hands to the service. For machines of the second kind
its outer status is "success" for every run that ended; what became of the backup stands in a
sub-status, whose name is a report in JSON: status, code, consistency, health.

The level follows from the code, 0 for application and 1 for file-system consistent, and is lowered
where the report says crash consistent. Its field for the consistency says "none" for every other
backup too, the good ones included; it is told among the warnings.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence

#: The last word of a run that is still under way, or that died.
TRANSITIONING = 4
_WELL = (0, 1)

#: Its codes, by the names of the article's table and of the contract.
NAMES: Mapping[int, str] = {
    300: "Pre-ScriptExecutionFailed",
    301: "Post-ScriptExecutionFailed",
    302: "Pre-ScriptNotFound",
    303: "Post-ScriptNotFound",
    304: "IncorrectPluginhostFile",
    305: "IncorrectJSONConfigFile",
    306: "InsufficientPermissionforPre-Script",
    307: "InsufficientPermissionforPost-Script",
    308: "Pre-ScriptTimeout",
    309: "Post-ScriptTimeout",
    310: "Pre-ScriptTimeout",
    311: "Post-ScriptTimeout",
    313: "IncorrectPluginhostFile",
    314: "IncorrectPluginhostFile",
    315: "IncorrectPluginhostFile",
    317: "IncorrectJSONConfigFile",
    318: "IncorrectJSONConfigFile",
    121: "FsFreezeFailed",
    122: "FsFreezeFailed",
    123: "FsFreezeFailed",
    15: "SnapshotFailed",
    76: "SnapshotFailed",
    85: "SnapshotFailed",
    173: "SnapshotFailed",
    556: "SnapshotFailed",
    761: "SnapshotFailed",
}
#: "The plugin's config is not there": the framework is not configured, which is no error.
_NOT_CONFIGURED = 316

#: The phase of a run that a code speaks of: two are told of in the order of their phases.
_PHASES: Sequence[Sequence[int]] = (
    (304, 305, 313, 314, 315, 317, 318, 302, 303, 306, 307),
    (300, 308, 310),
    (121, 122, 123),
    (15, 76, 85, 173, 556, 761),
    (301, 309, 311),
)

_LEVELS = {0: "application", 1: "file-system"}
_CRASH_CONSISTENT = 3
_HEALTH = {0: "green", 128: "yellow", 256: "red"}


class Unreadable(Exception):
    """A status file from which no outcome follows; the text says why."""


def outcome_of(text: str) -> Dict[str, Any]:
    """The outcome as SNAPCERT_STATUS wants it, with codes and health among the reasons.

    Raises Unreadable for a run that did not come to its end, and for what is no such file.
    """
    outer = _status(text, "the status file")
    report = _status(_report_text(outer), "the report in its sub-status")
    code = _number(report, "code")
    if code == TRANSITIONING:
        raise Unreadable(f"the extension's last word is {_words(report)!r} (code {code})")
    failed = report.get("status") != "success"
    health = report.get("vmHealthInfo")
    health = health if isinstance(health, dict) else {}
    codes = _codes(code, health, failed)
    errors = list(dict.fromkeys(name_of(c) for c in sorted(codes, key=_phase)))
    return {
        "status": "failed" if failed else "succeeded",
        "consistency": "none" if failed else _level(code, report),
        "errors": errors,
        "warnings": _remarks(outer, report, health),
        "reasons": {name: _words(report) for name in errors},
    }


def name_of(code: int) -> str:
    """The contract's name of a code; one that has none keeps the vendor's number."""
    return NAMES.get(code, f"Extension-{code}")


def _phase(code: int) -> int:
    """Of a code that may speak of any phase: after all of them."""
    return next((i for i, codes in enumerate(_PHASES) if code in codes), len(_PHASES))


def _codes(code: int, health: Mapping[str, Any], failed: bool) -> List[int]:
    """What went wrong: the result of a failed run; else what the health tells of."""
    told = health.get("vmHealthStatusCode")
    codes = [code] if failed else []
    if isinstance(told, int):
        codes.append(told)
    return [c for c in codes if c not in _WELL and c != _NOT_CONFIGURED] or (
        [code] if failed else []
    )


def _level(code: int, report: Mapping[str, Any]) -> str:
    if code not in _LEVELS:
        raise Unreadable(f"the report says success with code {code}")
    return "crash" if _consistency(report) == _CRASH_CONSISTENT else _LEVELS[code]


def _status(text: str, what: str) -> Dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"{what} is not JSON: {error}") from None
    entry = data[0] if isinstance(data, list) and data else None
    status = entry.get("status") if isinstance(entry, dict) else None
    if not isinstance(status, dict):
        raise Unreadable(f"{what} has no status")
    return status


def _report_text(outer: Mapping[str, Any]) -> str:
    parts = outer.get("substatus")
    part = parts[0] if isinstance(parts, Sequence) and parts else None
    name = part.get("name") if isinstance(part, dict) else None
    if not isinstance(name, str):
        raise Unreadable("the status file has no sub-status")
    # The vendor escapes the slashes of its dates so that it is no JSON.
    return name.replace("\\/", "/")


def _number(report: Mapping[str, Any], key: str) -> int:
    try:
        return int(report[key])
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"the report has no {key}") from None


def _message(report: Mapping[str, Any]) -> Dict[str, Any]:
    formatted = report.get("formattedMessage")
    text = formatted.get("message") if isinstance(formatted, dict) else None
    try:
        message = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        message = None
    return message if isinstance(message, dict) else {}


def _consistency(report: Mapping[str, Any]) -> Optional[int]:
    value = _message(report).get("snapshotConsistency")
    return value if isinstance(value, int) else None


def _words(report: Mapping[str, Any]) -> str:
    return str(_message(report).get("messageStr", "")).strip()


def _remarks(
    outer: Mapping[str, Any], report: Mapping[str, Any], health: Mapping[str, Any]
) -> List[str]:
    state = health.get("vmHealthState")
    color = _HEALTH.get(state, state) if isinstance(state, int) else state
    return [
        f"status file: {outer.get('status')}, code {outer.get('code')}",
        f"report: {report.get('status')}, code {report.get('code')}",
        f"report: snapshotConsistency {_consistency(report)}",
        f"health: {color}, code {health.get('vmHealthStatusCode')}",
    ]
