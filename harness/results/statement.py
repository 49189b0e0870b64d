"""What a certificate states: an in-toto test-result statement over one record. Pure.

Its subjects are the files of the kit and of the executor by their digests; its configuration says
on what it was run; its tests are the record's scenarios and rounds. A run that was filtered, cut
short or that does not certify states nothing: `refusal` says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from harness.results.reader import verdict_of
from harness.results.record import KitInfo, Record
from harness.results.verdict import EXECUTED

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
#: Names of subjects: a file of the kit, or of the executor.
KIT, EXECUTOR = "kit/", "executor/"


def refusal(record: Record) -> str:
    """Why this record carries no certificate; "" where it does."""
    kit = record.header.kit
    if kit is None:
        return "it is no certification"
    if record.footer is None:
        return "the run did not reach its end"
    verdict = verdict_of(record)
    if verdict.word != "conforms":
        return f"the verdict is {verdict.word}: {'; '.join(verdict.why)}"
    if known := sum(bool(line.deviation) for line in record.scenarios):
        return f"{known} scenarios fail by known deviations: they are accepted, not certified"
    if record.header.selection:
        return f"only a part was run ({record.header.selection})"
    if record.header.replay:
        return "nothing was run: stored runs were judged again"
    done = {line.id for line in record.scenarios if line.status in EXECUTED}
    missing = [name for name in record.plan if name not in done]
    if missing:
        return f"{len(missing)} of {len(record.plan)} scenarios were not run"
    return _too_few(record, kit)


def _too_few(record: Record, kit: KitInfo) -> str:
    for level in range(1, kit.level + 1):
        if not any(f"test_level{level}_" in name for name in record.plan):
            return f"level {level} was not run"
    for filesystem in {line.filesystem for line in record.rounds}:
        own = [r for r in record.rounds if r.filesystem == filesystem]
        numbers = {line.number for line in own if not line.fault}
        if len(numbers) < kit.rounds:
            return f"{len(numbers)} of {kit.rounds} rounds were run on {filesystem}"
    if kit.level > 2 and not record.rounds:
        return "no round was run"
    return ""


def statement(record: Record, valid_days: int) -> dict[str, Any]:
    """The statement; a ValueError where the record carries none."""
    why = refusal(record)
    kit = record.header.kit
    if why or kit is None or record.footer is None:
        raise ValueError(why)
    ended = dt.datetime.fromisoformat(record.footer.ended)
    expires = ended + dt.timedelta(days=valid_days)
    passed = [line for line in record.scenarios if line.status == "passed"]
    warned = [line for line in record.scenarios if line.status == "warned"]
    return {
        "_type": STATEMENT,
        "subject": list(_subjects(record, kit)),
        "predicateType": PREDICATE,
        "predicate": {
            "result": "WARNED" if warned else "PASSED",
            "configuration": list(_configuration(record, kit)),
            "passedTests": [line.id for line in passed],
            "warnedTests": [line.id for line in warned],
            "failedTests": [],
            "certified": _certified(record, kit),
            "issued": _utc(ended),
            "expires": _utc(expires),
        },
    }


def _subjects(record: Record, kit: KitInfo) -> Iterator[dict[str, Any]]:
    for prefix, files in ((KIT, kit.files), (EXECUTOR, record.header.executor.files)):
        for path, digest in sorted(files.items()):
            yield {"name": prefix + path, "digest": {"sha256": digest}}


def _configuration(record: Record, kit: KitInfo) -> Iterator[dict[str, Any]]:
    header = record.header
    facts: Mapping[str, Mapping[str, Any]] = {
        "suite": {"version": header.suite, "rules": header.rules, "command": header.command},
        "executor": {"name": header.executor.name, "version": header.executor.version},
        "guests": {"image": header.image, "kernel": header.kernel, "engine": header.engine},
        "application": dict(kit.packages),
        "run": {"seed": header.seed, "started": header.started, "workers": header.workers},
    }
    for name, values in facts.items():
        yield {"name": name, "annotations": values}
    if record.footer is not None:
        yield {"name": "results.jsonl", "digest": {"sha256": record.footer.digest}}


def _certified(record: Record, kit: KitInfo) -> dict[str, Any]:
    rounds = record.rounds
    faulty = [line for line in rounds if line.fault and not line.after_fault]
    sabotaged = [line for line in record.controls if line.kind == "oracle"]
    return {
        "kit": kit.name,
        "version": kit.version,
        "vendor": kit.vendor,
        # Over the execute bits too, of which the subjects' digests say nothing.
        "digest": kit.digest,
        "level": kit.level,
        "filesystems": sorted({line.filesystem for line in rounds}),
        "rounds": sum(not line.fault for line in rounds),
        "faults": len(faulty),
        "acknowledged": sum(line.acknowledged for line in rounds),
        "lost": sum(line.lost for line in rounds),
        "phantom": sum(line.phantom for line in rounds),
        "torn": sum(line.torn for line in rounds),
        "sabotages": len(sabotaged),
        "caught": sum(line.caught for line in sabotaged),
    }


def _utc(instant: dt.datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
