"""GitHub's workflow commands: what a job prints so that failures stand beside the source.

One command a line; whatever a guest wrote is escaped, so that it can't begin one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.results.failures import Failure, failures
from harness.results.places import place
from harness.results.plain import one_line, plain
from harness.results.reader import verdict_of
from harness.results.record import CheckLine, Header, Record
from harness.results.texts import errors_named
from harness.results.wording import headline, short_id

_LEVELS = {0: "notice", 1: "error"}


def render(record: Record) -> str:
    """The commands: failures, advisory findings, and the verdict, which comes last."""
    return "".join(f"{line}\n" for line in _commands(record))


def _commands(record: Record) -> Iterator[str]:
    header = record.header
    for failure in failures(record):
        yield from _failure(failure, header)
    for check in record.checks:
        if check.status == "warned":
            yield _of_check("warning", check, header)
    verdict = verdict_of(record)
    title = f"snapcert: {headline(verdict.word, header.kit)}"
    level = _LEVELS.get(verdict.exit_code, "warning" if verdict.exit_code == 2 else "error")
    yield _command(level, {"title": title}, "\n".join(verdict.why))


def _failure(failure: Failure, header: Header) -> Iterator[str]:
    scenario = failure.scenario
    for check in failure.checks:
        yield _of_check("error", check, header)
    if not failure.checks:
        said = [scenario.message or scenario.status]
        if scenario.remedy:
            said.append(f"remedy: {scenario.remedy}")
        title = f"{scenario.status}: {short_id(scenario.id)}"
        yield _command("error", {"title": title}, "\n".join(said))


def _of_check(level: str, check: CheckLine, header: Header) -> str:
    fields = {}
    where = place(check, header)
    if where is not None:
        fields["file"] = where.path
        if where.line:
            fields["line"] = str(where.line)
    fields["title"] = f"{check.clause} in {short_id(check.scenario)}"
    said = [f"expected {check.expected}", f"observed {check.observed}"]
    if check.consequence:
        said.append(f"means {check.consequence}")
    said += [f"{e.name}: {e.message} {e.action}" for e in errors_named([check])]
    return _command(level, fields, "\n".join(said))


def _command(level: str, fields: dict[str, str], message: str) -> str:
    shown = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{level} {shown}::{_data(plain(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
