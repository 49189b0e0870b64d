"""GitHub's workflow commands: what a job prints so that failures stand beside the source.

One command a line; whatever a guest wrote is escaped, so that it can't begin one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.results.failures import failures
from harness.results.places import place
from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Header, Record, ScenarioLine
from harness.results.texts import errors_named
from harness.results.wording import short_id, title

_LEVELS = {0: "notice", 2: "warning"}


def render(record: Record) -> str:
    """The commands: failures, advisory findings, and the verdict, which comes last."""
    return "".join(f"{line}\n" for line in _commands(record))


def _commands(record: Record) -> Iterator[str]:
    header = record.header
    found = failures(record)
    yield from _checks("error", [c for failure in found for c in failure.checks], header)
    for failure in found:
        if not failure.checks:
            yield _scenario(failure.scenario)
    yield from _checks("warning", [c for c in record.checks if c.status == "warned"], header)
    verdict = verdict_of(record)
    fields = {"title": f"snapcert: {title(record)}"}
    yield _command(_LEVELS.get(verdict.exit_code, "error"), fields, *verdict.why)


def _checks(level: str, checks: Sequence[CheckLine], header: Header) -> Iterator[str]:
    """One command for what says the same of the same place: a page shows ten of a kind."""
    groups: dict[tuple[str, str, int], list[CheckLine]] = {}
    for check in checks:
        groups.setdefault((check.clause, check.file, check.at), []).append(check)
    for first, *others in groups.values():
        fields = {}
        where = place(first, header)
        if where is not None:
            fields["file"] = where.path
            if where.line:
                fields["line"] = str(where.line)
        fields["title"] = f"{first.clause} in {short_id(first.scenario)}"
        said = [f"expected {first.expected}", f"observed {first.observed}"]
        if first.consequence:
            said.append(f"means {first.consequence}")
        said += [f"{e.name}: {e.message} {e.action}" for e in errors_named([first])]
        if others:
            said.append(f"and {len(others)} more of this clause")
        yield _command(level, fields, *said)


def _scenario(scenario: ScenarioLine) -> str:
    said = [scenario.message or scenario.status]
    if scenario.remedy:
        said.append(f"remedy: {scenario.remedy}")
    return _command("error", {"title": f"{scenario.status}: {short_id(scenario.id)}"}, *said)


def _command(level: str, fields: dict[str, str], *sentences: str) -> str:
    shown = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{level} {shown}::{_data(plain(chr(10).join(sentences)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
