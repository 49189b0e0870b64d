"""SARIF 2.1.0 of a record: what does not hold, located in the kit's files, for code scanning.

A failed check is an error, an advisory one a warning; what kept the harness from judging is a
notification of the tool, and no result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from harness.results.failures import grouped
from harness.results.places import place
from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Header, Record, ScenarioLine
from harness.results.texts import errors_named
from harness.results.verdict import is_bad
from harness.results.wording import HARMS, title

VERSION = "2.1.0"
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(record: Record, clauses: Mapping[str, str] | None = None) -> str:
    """The log, ASCII JSON; `clauses` maps clause ids to their texts."""
    told = [c for c in record.checks if is_bad(c.status) or c.status == "warned"]
    rules = list(dict.fromkeys(check.clause for check in told))
    header = record.header
    run = {
        "tool": {
            "driver": {
                "name": "snapcert",
                "version": header.suite,
                "rules": [_rule(name, told, clauses or {}) for name in rules],
            }
        },
        "automationDetails": {"id": f"snapcert/{_subject(header)}/{header.rules}/"},
        "invocations": [_invocation(record)],
        "results": [_result(check, rules.index(check.clause), header) for check in told],
        "columnKind": "utf16CodeUnits",
        "properties": {"verdict": verdict_of(record).word, "why": list(verdict_of(record).why)},
    }
    log = {"$schema": _SCHEMA, "version": VERSION, "runs": [run]}
    return json.dumps(log, indent=1) + "\n"


def _subject(header: Header) -> str:
    name = header.kit.name if header.kit else header.executor.name
    return one_line(name).replace("/", "-") or "unnamed"


def _rule(name: str, told: list[CheckLine], clauses: Mapping[str, str]) -> dict[str, Any]:
    example = next(check for check in told if check.clause == name)
    text = one_line(clauses.get(name) or example.expected) or name
    return {
        "id": one_line(name),
        "shortDescription": {"text": text},
        "properties": {"rule": one_line(example.rule), "basis": one_line(example.basis)},
    }


def _result(check: CheckLine, rule: int, header: Header) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one_line(check.clause),
        "ruleIndex": rule,
        "level": "error" if is_bad(check.status) else "warning",
        "message": {"text": _message(check)},
        "partialFingerprints": {"snapcertCheck/v1": _fingerprint(check)},
        "properties": {
            key: value
            for key, value in (
                ("status", check.status),
                ("harm", check.harm),
                ("filesystem", one_line(check.filesystem)),
                ("run", one_line(check.run)),
            )
            if value
        },
    }
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": one_line(check.scenario), "kind": "function"}]
    }
    where = place(check, header)
    if where is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _address(where.path)}}
        if where.line:
            physical["region"] = {"startLine": where.line}
        location["physicalLocation"] = physical
    result["locations"] = [location]
    if check.deviation:
        result["suppressions"] = [{"kind": "external", "justification": one_line(check.deviation)}]
    return result


def _address(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _message(check: CheckLine) -> str:
    parts = [f"expected {check.expected}", f"observed {check.observed}"]
    if check.consequence:
        harm = f"{HARMS[check.harm]}: " if check.harm in HARMS else ""
        parts.append(harm + check.consequence)
    parts += [f"{e.name}: {e.message} {e.action}" for e in errors_named([check])]
    return plain("\n".join(parts))


def _fingerprint(check: CheckLine) -> str:
    """The same for the same thing in the next run, whatever numbers were observed."""
    parts = (check.clause, check.scenario, check.file, check.filesystem)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _invocation(record: Record) -> dict[str, Any]:
    header = record.header
    verdict = verdict_of(record)
    found: dict[str, Any] = {
        "executionSuccessful": verdict.word != "harness-failed" and record.footer is not None,
        "exitCode": verdict.exit_code,
        "exitCodeDescription": title(record),
        "commandLine": one_line(header.command),
        "startTimeUtc": header.started,
        "toolExecutionNotifications": list(_notifications(record)),
    }
    if record.footer is not None:
        found["endTimeUtc"] = record.footer.ended
    return found


def _notifications(record: Record) -> Iterator[dict[str, Any]]:
    for note in record.notes:
        yield {"level": "warning", "message": {"text": one_line(note)}}
    checks = grouped(record.checks)
    for line in record.scenarios:
        located = any(is_bad(check.status) for check in checks.get(line.id, ()))
        if is_bad(line.status) and (line.status == "harness-error" or not located):
            yield _notification(line, "error")
        elif line.status == "skipped":
            yield _notification(line, "warning")


def _notification(line: ScenarioLine, level: str) -> dict[str, Any]:
    said = [line.message or line.skipped_reason or line.status]
    if line.remedy:
        said.append(f"remedy: {line.remedy}")
    text = plain(f"{line.id}: {line.status}: " + "\n".join(said))
    return {"level": level, "message": {"text": text}}
