"""The verdict as one JSON document, for a program that asks no more than that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.problem import Problem
from harness.results.failures import Failure, failures
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Record
from harness.results.verdict import EXIT_CODES, count

#: Version of this document.
FORMAT = 1

_TOLD = (
    *("clause", "rule", "status", "expected", "observed", "harm", "consequence"),
    *("filesystem", "shape", "file", "run"),
)


def brief(record: Record, reports: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Verdict, counts, failures; `reports` are paths of what was rendered, by their kind."""
    header = record.header
    verdict = verdict_of(record)
    found: dict[str, Any] = {
        "format": FORMAT,
        "verdict": verdict.word,
        "exit_code": verdict.exit_code,
        "why": list(verdict.why),
        "notes": list(record.notes),
        "executor": {"name": header.executor.name, "version": header.executor.version},
        "rules": header.rules,
        "seed": header.seed,
        "command": header.command,
        "counts": count(record.lines()),
        "failures": [_failure(failure) for failure in failures(record)],
        "reports": dict(reports or {}),
    }
    if header.kit is not None:
        kit = header.kit
        found["kit"] = {"name": kit.name, "version": kit.version, "level": kit.level}
        found["rounds"] = {
            "run": len(record.rounds),
            "acknowledged": sum(line.acknowledged for line in record.rounds),
            "lost": sum(line.lost for line in record.rounds),
        }
    return found


def render(record: Record, reports: Mapping[str, str] | None = None) -> str:
    """The same as ASCII JSON text."""
    return json.dumps(brief(record, reports), indent=1) + "\n"


def problem(found: Problem) -> str:
    """The document where no verdict was come to: what went wrong, and its exit code."""
    words = {code: word for word, code in EXIT_CODES.items() if word != "not-proven"}
    document = {
        "format": FORMAT,
        "verdict": words[found.exit_code],
        "exit_code": found.exit_code,
        "why": [found.message],
        "error": {"message": found.message, "remedy": found.remedy, "ref": found.ref},
    }
    return json.dumps(document, indent=1) + "\n"


def _failure(failure: Failure) -> dict[str, Any]:
    scenario = failure.scenario
    return {
        "scenario": scenario.id,
        "status": scenario.status,
        "message": scenario.message,
        "remedy": scenario.remedy,
        "replay": scenario.replay,
        "checks": [_check(check) for check in failure.checks],
        "errors": [error._asdict() for error in failure.errors],
    }


def _check(check: CheckLine) -> dict[str, Any]:
    return {name: getattr(check, name) for name in _TOLD} | {"line": check.at}
