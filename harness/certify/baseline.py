"""What a kit is held against: an earlier certification of it, as a record or as a certificate.

A baseline spares a kit the levels that need machines for as long as nothing changed that they
depend on: its files, the executor, the suite, the rule set. `reasons` says what did.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.certify import certificate
from harness.certify.certificate import Certificate
from harness.certify.kit import Kit
from harness.problem import UsageProblem
from harness.results.gather import paths
from harness.results.reader import read, verdict_of
from harness.results.record import Record
from harness.results.statement import EXECUTOR, KIT

_NAMES_SHOWN = 4


@dataclass(frozen=True)
class Ground:
    """What a certification stands on besides the kit: suite, rule set, the executor's files."""

    suite: str
    rules: str
    executor: Mapping[str, str]


@dataclass(frozen=True)
class Baseline:
    """One kit's earlier certification.

    `doubt` says why it proves nothing, "" where it does. `files` are sha256 by path, `digest` is
    over execute bits too. `records` are what a new run is compared with; a certificate has none.
    """

    kit: str
    files: Mapping[str, str]
    digest: str
    level: int
    rounds: int
    filesystems: tuple[str, ...]
    ground: Ground
    doubt: str = ""
    records: tuple[Record, ...] = ()


def load(given: Sequence[str], key: Path | None, now: dt.datetime) -> Mapping[str, Baseline]:
    """The baselines of these paths, by their kits' names.

    Each is a record, a certificate, or a folder of records; of several records of one kit the
    latest is the baseline, and all are compared with. With the issuer's public `key` certificates
    are checked. Raises UsageProblem for what is neither, and for a record of no kit.
    """
    records: dict[str, list[Record]] = {}
    found: dict[str, Baseline] = {}
    for path in (path for word in given for path in paths(word)):
        if _is_envelope(path):
            baseline = of_certificate(certificate.load(path), key, now)
            found[baseline.kit] = baseline
            continue
        record = read(path)
        if record.header.kit is None:
            raise UsageProblem(
                f"{path} is the record of a conformance run, and no baseline of a kit",
                "give the results.jsonl or the certificate of `snapcert certify`",
                "baseline",
            )
        records.setdefault(record.header.kit.name, []).append(record)
    found.update((name, of_records(several)) for name, several in records.items())
    return found


def of_records(records: Sequence[Record]) -> Baseline:
    """The baseline that records of one kit are: at least one, the latest counts."""
    latest = max(records, key=lambda record: record.header.started)
    header = latest.header
    if header.kit is None:
        raise ValueError("a record of no kit")
    verdict = verdict_of(latest)
    filesystems = [line.filesystem for line in latest.rounds]
    filesystems += [line.filesystem for line in latest.checks]
    return Baseline(
        kit=header.kit.name,
        files=header.kit.files,
        digest=header.kit.digest,
        level=header.kit.level,
        rounds=header.kit.rounds,
        filesystems=tuple(dict.fromkeys(name for name in filesystems if name)),
        ground=Ground(header.suite, header.rules, header.executor.files),
        doubt="" if verdict.exit_code == 0 else f"its baseline's verdict is {verdict.word}",
        records=tuple(records),
    )


def of_certificate(found: Certificate, key: Path | None, now: dt.datetime) -> Baseline:
    """The baseline that a certificate is; one that does not hold is in doubt."""
    about = found.certified
    doubt = ""
    try:
        if key is not None:
            certificate.check_signature(found, certificate.public_key(key))
        certificate.check_expiry(found, now)
    except certificate.Doubtful as problem:
        doubt = f"of its certificate {problem.message}"
    suite = found.configuration.get("suite", {})
    filesystems = tuple(about["filesystems"])
    return Baseline(
        kit=about["kit"],
        files=found.files(KIT),
        digest=about["digest"],
        level=about["level"],
        rounds=max(about["rounds"] // max(len(filesystems), 1), 1),
        filesystems=filesystems,
        ground=Ground(suite.get("version", ""), suite.get("rules", ""), found.files(EXECUTOR)),
        doubt=doubt,
    )


def reasons(
    kit: Kit,
    baseline: Baseline | None,
    ground: Ground,
    level: int,
    changed: Sequence[str] = (),
) -> tuple[str, ...]:
    """Why the kit must be run again; none where the baseline still speaks for it.

    `changed` are the paths in the kit that version control says have changed, where it was asked.
    The digests of the baseline are heard too: it speaks for no files but its own, and version
    control knows neither what it ignores nor which of its revisions was certified.
    """
    if baseline is None:
        return ("it has no baseline",)
    found = [baseline.doubt] if baseline.doubt else []
    if names := sorted({*changed, *_different(kit, baseline)}):
        more = len(names) - _NAMES_SHOWN
        tail = f" and {more} more" if more > 0 else ""
        found.append(f"changed: {', '.join(names[:_NAMES_SHOWN])}{tail}")
    if dict(ground.executor) != dict(baseline.ground.executor):
        found.append("the executor is another one")
    if ground.suite != baseline.ground.suite:
        found.append(f"the suite is {ground.suite}, its baseline's {baseline.ground.suite}")
    if ground.rules != baseline.ground.rules:
        found.append(f"the rule set is {ground.rules}, its baseline's {baseline.ground.rules}")
    if level > baseline.level:
        found.append(f"level {level} is asked for, its baseline has {baseline.level}")
    return tuple(found)


def _different(kit: Kit, baseline: Baseline) -> Iterator[str]:
    """Paths that are not as they were; the kit itself, where only execute bits are not."""
    digests = kit.digests
    paths_of_both = sorted({*digests, *baseline.files})
    found = [path for path in paths_of_both if digests.get(path) != baseline.files.get(path)]
    if not found and kit.digest != baseline.digest:
        found = ["which files may be executed"]
    yield from found


def _is_envelope(path: Path) -> bool:
    """Whether a file is a certificate's envelope rather than a record; unreadable ones are none."""
    try:
        body = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(body, dict) and "payloadType" in body
