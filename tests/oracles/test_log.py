"""The log of a run: that there is one, and the form of the reference's own."""

from __future__ import annotations

import pytest

from harness.contract.errors import ERRORS, ErrorName
from harness.contract.happenings import PHASES
from harness.history import History
from harness.oracles.log import Told, findings, form
from tests.oracles.builders import end, history, state

NAME = ErrorName.PRE_EXECUTION_FAILED.value
TOLD = Told([("pre", 1, "exit status 1")], ["no such table"], [NAME])
STAMP = "2026-11-26T05:36:22.471Z"
LINES = [
    *(f"{STAMP} {phase:<8} something" for phase in PHASES),
    f"{STAMP} pre      /opt/pre.sh attempt 1 of 2: exit status 1 after 0.013 s",
    f"{STAMP} pre      | no such table",
    f"{STAMP} verdict  error {NAME}: exit status 1 at attempt 1",
    f"{STAMP} verdict  message: {ERRORS[NAME].message}",
    f"{STAMP} verdict  recommended action: {ERRORS[NAME].action}",
]


def test_a_log_that_tells_all() -> None:
    assert form("\n".join(LINES) + "\n", TOLD).holds


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_log_without_one_of_its_lines(number: int) -> None:
    rest = LINES[:number] + LINES[number + 1 :]
    told = form("\n".join(rest), TOLD)
    of_more = LINES[number].split()[1] in ("pre", "verdict") and number < len(PHASES)
    assert told.holds == of_more, "a phase with other lines is named by these"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exit status 1 after", "exit status 2 after"),
        ("after 0.013 s", ""),
        (f"{STAMP} pre      | no such table", "no such table"),
        ("attempt 1 of 2", "attempt"),
    ],
)
def test_a_line_that_tells_less(old: str, new: str) -> None:
    text = "\n".join(LINES)
    assert text.count(old) == 1
    assert not form(text.replace(old, new), TOLD).holds


def of(files: dict[str, str], said: str = "") -> History:
    files = {**state(1).files, **files}
    return history(end=end(log_tail=said), after=state(105.0, files=files))


@pytest.mark.parametrize(
    ("files", "said", "holds"),
    [
        ({}, "done\n", True),
        ({}, " \n", False),
        ({"/var/log/x/run": "-rw------- 0:0 9"}, "", True),
        ({"/opt/x/backup.log": "-rw------- 0:0 9"}, "", True),
        ({"/var/lib/x": "drwx------ 0:0 4096"}, "", False),
        ({"/run/x/lock": "-rw------- 0:0 0"}, "", False),
        ({"/opt/x/data": "-rw------- 0:0 9"}, "", False),
    ],
)
def test_what_counts_as_a_log(files: dict[str, str], said: str, holds: bool) -> None:
    (finding,) = findings(of(files, said))
    assert finding.holds == holds


@pytest.mark.parametrize("how", [{"killed": 102.0}, {"hung": True}, {"exit_status": None}])
def test_one_that_did_not_end_by_itself_owes_no_log(how: dict[str, object]) -> None:
    assert findings(history(end=end(log_tail="", **how))) == ()
