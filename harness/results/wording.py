"""The sentences in which every rendering says the same thing."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping

from harness.results.plain import one_line, seconds
from harness.results.reader import verdict_of
from harness.results.record import (
    CheckLine,
    KitInfo,
    Record,
    RoundLine,
    ScenarioLine,
    Status,
    VerdictWord,
)
from harness.results.verdict import STATUSES

#: Statuses in a column of eight characters.
STATUS_WORDS: Mapping[Status, str] = {
    "not-applicable": "n/a",
    "skipped": "skipped",
    "passed": "passed",
    "warned": "warned",
    "failed": "FAILED",
    "hung": "HUNG",
    "crashed": "CRASHED",
    "harness-error": "ERROR",
}

#: One character a status, that tells them apart without colour.
GLYPHS: Mapping[Status, str] = {
    "not-applicable": "·",
    "skipped": "○",
    "passed": "✓",
    "warned": "!",
    "failed": "✗",
    "hung": "◷",
    "crashed": "✗",
    "harness-error": "⚠",
}

_HEADLINES: Mapping[VerdictWord, str] = {
    "conforms": "Conforms",
    "does-not-conform": "Does not conform",
    "incomplete": "Incomplete",
    "not-proven": "Not proven",
    "harness-failed": "The harness failed",
    "wrong-usage": "Wrong usage",
}

#: What a harm means for a user, by `CheckLine.harm`.
HARMS: Mapping[str, str] = {
    "contract": "contract broken",
    "security": "security",
    "silent-downgrade": "silent downgrade",
    "left-behind": "something left behind",
    "left-frozen": "left frozen",
    "false-consistency": "false consistency",
}

Paragraph = tuple[str, str, str]

_QUANTITY = re.compile(r"(\d) (?=[a-z])")


def headline(word: VerdictWord, kit: KitInfo | None = None, known: int = 0) -> str:
    """The verdict in words; a kit is certified or not, an executor conforms or not.

    `known` scenarios fail by known deviations: what holds in spite of them is not certified.
    """
    if known and word == "conforms":
        return f"Holds with known deviations{' (not certified)' if kit is not None else ''}"
    if kit is not None and word == "conforms":
        return f"Certified at level {kit.level}"
    if kit is not None and word == "does-not-conform":
        return f"Not certified at level {kit.level}"
    return _HEADLINES[word]


def title(record: Record) -> str:
    """The headline of a stored record."""
    known = sum(bool(line.deviation) for line in record.scenarios)
    return headline(verdict_of(record).word, record.header.kit, known)


def short_id(scenario: str) -> str:
    """A scenario's id without what all of them share.

    "scenarios/test_freeze.py::test_thawed[xfs]" is "freeze::thawed[xfs]".
    """
    path, separator, name = scenario.partition("::")
    if not separator:
        return scenario
    area = path.removeprefix("scenarios/").removesuffix(".py")
    folder, slash, module = area.rpartition("/")
    return f"{folder}{slash}{module.removeprefix('test_')}::{name.removeprefix('test_')}"


def counts_sentence(counts: Mapping[str, Mapping[Status, int]]) -> str:
    """Scenarios and checks by status, the worst first."""
    return "; ".join(_counted(noun, numbers) for noun, numbers in counts.items())


def round_sentence(line: RoundLine) -> str:
    """One round of a certification in a line."""
    reached = line.reached or "not proven"
    level = (
        f"{reached} as claimed"
        if line.claimed == line.reached
        else f"claimed {line.claimed}, reached {reached}"
    )
    which = f"round {line.number}" + (", next backup" if line.after_fault else "")
    parts = [f"{which}: {level}", f"{line.acknowledged:,} acknowledged"]
    parts += [
        f"{number} {word}"
        for word, number in (("lost", line.lost), ("phantom", line.phantom), ("torn", line.torn))
        if number or word == "lost"
    ]
    parts += [
        f"{word} {seconds(value)}"
        for word, value in (
            ("quiesced", line.quiesced),
            ("pause", line.pause),
            ("freeze", line.freeze),
        )
        if value is not None
    ]
    if line.fault and not line.after_fault:
        parts.append(one_line(line.fault))
    return ", ".join(parts)


def check_paragraphs(check: CheckLine, clauses: Mapping[str, str]) -> Iterator[Paragraph]:
    """A failed check as (style, label, text): the clause first, then what was seen."""
    where = ", ".join(part for part in (check.filesystem, check.shape) if part)
    text = clauses.get(check.clause, "")
    yield "bold red", check.clause, f"({where})" if where else ""
    if text:
        yield "", "rule    ", text
    yield "", "expected", check.expected
    yield "", "observed", check.observed
    if check.consequence:
        yield "", "means   ", check.consequence


def scenario_paragraphs(line: ScenarioLine) -> Iterator[Paragraph]:
    """What a scenario says beyond its checks."""
    if line.message:
        yield "", "because ", f"{line.message} [{line.ref}]" if line.ref else line.message
    if line.remedy:
        yield "", "remedy  ", line.remedy
    for story in line.stories:
        yield "", "happened", story
    if line.replay:
        yield "", "replay  ", line.replay


def wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    """The text in lines of at most `width`; ids and paths are only broken where they must."""
    lines = textwrap.wrap(
        _QUANTITY.sub("\\1\u00a0", text),  # a number stays with its word
        max(width, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
    return [line.replace("\u00a0", " ") for line in lines] or [first]


def _counted(noun: str, numbers: Mapping[Status, int]) -> str:
    total = sum(numbers.values())
    shown = noun.removesuffix("s") if total == 1 else noun
    parts = [f"{numbers[s]:,} {s}" for s in reversed(STATUSES) if numbers.get(s)]
    return f"{total:,} {shown}" + (f": {', '.join(parts)}" if parts else "")
