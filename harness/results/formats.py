"""What a record can be rendered as, by the name that `snapcert report --format` takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from harness.problem import UsageProblem
from harness.results import brief, github, html, junit, markdown, sarif, traceability
from harness.results.merge import to_bytes
from harness.results.record import Record
from harness.results.statement import refusal, statement
from harness.results.texts import CLAUSE_TEXTS

#: How long an attestation holds that is rendered without saying so, in days.
USUAL_DAYS = 365


def _attestation(record: Record) -> bytes:
    why = refusal(record)
    if why:
        raise UsageProblem(
            f"this record carries no attestation: {why}",
            "certify a kit to the end, without -k, and give the results.jsonl of that run",
            "certificate",
        )
    return (json.dumps(statement(record, USUAL_DAYS), indent=1) + "\n").encode("ascii")


#: Each is a pure function of the record.
FORMATS: Mapping[str, Callable[[Record], bytes]] = {
    "html": lambda record: html.render([record], CLAUSE_TEXTS).encode("utf-8"),
    "junit": lambda record: junit.render(record, CLAUSE_TEXTS),
    "markdown": lambda record: markdown.render(record, CLAUSE_TEXTS).encode("utf-8"),
    "sarif": lambda record: sarif.render(record, CLAUSE_TEXTS).encode("ascii"),
    "annotations": lambda record: github.render(record).encode("utf-8"),
    "attestation": _attestation,
    "json": lambda record: brief.render(record).encode("ascii"),
    "jsonl": to_bytes,
    "traceability": lambda record: traceability.render(record).encode("utf-8"),
}
