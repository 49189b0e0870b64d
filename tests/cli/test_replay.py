"""A record judged again, without an engine: what can't be judged again is never a pass."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.replay import replay as command
from harness.history import Outcome
from harness.results.reader import read
from harness.results.record import (
    CheckLine,
    Deviation,
    ExecutorInfo,
    Header,
    Line,
    PlanLine,
    Record,
    RunLine,
    ScenarioLine,
    Status,
    encode,
)
from harness.results.writer import Writer
from tests.cli.conftest import Snapcert
from tests.oracles import builders

HEADER = Header(
    suite="0.1.0",
    command="snapcert conform --executor command:./agent --rules 2017-04",
    rules="2017-04",
    executor=ExecutorInfo("agent", kind="command"),
    engine="20.10",
    kernel="6.1",
    image="base",
    seed=1,
    started="2026-11-26T08:00:00Z",
)
STORED = "scenarios/test_success.py::test_nothing_is_configured[data-ext4]"
DRAWN = "scenarios/test_random.py::test_situation[0]"
GONE = "scenarios/test_success.py::test_of_an_earlier_suite[data-ext4]"
ACCEPTED = Deviation("known", "https://example.org/7", "alice", "2999-01-01", "FRZ-02.none")


def run(scenario: str = STORED, name: str = "h1") -> RunLine:
    """A run in which nothing is configured, and all is well."""
    claim = Outcome("succeeded", "file-system")
    history = builders.history(marks=(), script_runs=(), end=builders.end(claim))
    return RunLine(name, scenario, replace(history, id=name, scenario=scenario))


def ended(scenario: str = STORED, status: Status = "passed") -> ScenarioLine:
    return ScenarioLine(scenario, status, 1.0, replay=f"snapcert conform -k {scenario}")


def check(scenario: str, status: Status, clause: str = "FRZ-02.none") -> CheckLine:
    rule = clause.partition(".")[0]
    return CheckLine(scenario, "h2", clause, rule, "seed", status, "not frozen", "it was frozen")


def record(
    folder: Path, *lines: Line, header: Header = HEADER, planned: Sequence[str] = (STORED,)
) -> Path:
    """A whole record with these lines."""
    with Writer(folder / "whole" / "results.jsonl", header) as writer:
        writer.plan(planned)
        for line in lines:
            writer.write(line)
    return writer.path


def torn(folder: Path, *lines: Line) -> Path:
    """What a run that was killed leaves of such a record."""
    path = folder / "torn.jsonl"
    path.write_bytes(b"".join(map(encode, (HEADER, PlanLine((STORED,)), *lines))))
    return path


def judged(folder: Path) -> Record:
    return read(folder / "reports" / "replay" / "results.jsonl")


def test_what_was_judged_again_in_whole_conforms(snapcert: Snapcert, tmp_path: Path) -> None:
    done = snapcert("replay", record(tmp_path, run(), ended()))
    assert (done.code, "1 of 1 executed scenarios hold" in done.shown) == (0, True), done.shown


def test_a_record_that_was_torn_is_incomplete(snapcert: Snapcert, tmp_path: Path) -> None:
    done = snapcert("replay", torn(tmp_path, run(), ended()))
    assert (done.code, "the record that is judged again has no footer" in done.shown) == (2, True)
    footer = judged(tmp_path).footer
    assert footer is not None
    assert footer.interrupted


@pytest.mark.parametrize(
    ("scenario", "status", "why"),
    [
        (DRAWN, "passed", "what is drawn by chance is not in the record"),
        (GONE, "passed", "this suite has, or draws, no such scenario"),
        (STORED.replace("ext4", "xfs"), None, "a run of it is not in the record"),
    ],
    ids=["drawn", "gone", "never ran"],
)
def test_what_cannot_be_judged_again_is_a_gap(
    snapcert: Snapcert, tmp_path: Path, scenario: str, status: Status | None, why: str
) -> None:
    lines = [run(), ended(), *([ended(scenario, status)] if status else [])]
    done = snapcert("replay", record(tmp_path, *lines, planned=(STORED, scenario)))
    assert done.code == 2, done.shown
    assert "1 of 2 scenarios can't be" in done.shown
    told = {line.id: line for line in judged(tmp_path).scenarios}
    assert told[STORED].status == "passed"
    assert told[scenario].status == "skipped"
    assert why in told[scenario].skipped_reason


@pytest.mark.parametrize(
    ("scenario", "seen"), [(DRAWN, "failed"), (GONE, "hung")], ids=["drawn", "gone"]
)
def test_a_failure_that_cannot_be_judged_again_stays_one(
    snapcert: Snapcert, tmp_path: Path, scenario: str, seen: Status
) -> None:
    lines = [run(), ended(), run(scenario, "h2"), check(scenario, seen), ended(scenario, seen)]
    done = snapcert("replay", record(tmp_path, *lines, planned=(STORED, scenario)))
    assert done.code == 1, done.shown
    assert "FRZ-02.none" in done.shown
    told = judged(tmp_path)
    assert {line.id: line.status for line in told.scenarios} == {STORED: "passed", scenario: seen}
    assert [line.clause for line in told.checks if line.status == seen] == ["FRZ-02.none"]
    assert told.run("h2") is not None


def test_a_failure_that_no_check_tells_stays_one(snapcert: Snapcert, tmp_path: Path) -> None:
    lines = (run(), ended(), ended(DRAWN, "failed"))
    done = snapcert("replay", record(tmp_path, *lines, planned=(STORED, DRAWN)))
    assert done.code == 1, done.shown


def test_an_accepted_failure_that_cannot_be_judged_again_is_a_gap(
    snapcert: Snapcert, tmp_path: Path
) -> None:
    accepted = replace(check(DRAWN, "warned"), deviation="known")
    lines = (run(), ended(), accepted, replace(ended(DRAWN, "warned"), deviation="known"))
    header = replace(HEADER, deviations=(ACCEPTED,))
    done = snapcert("replay", record(tmp_path, *lines, header=header, planned=(STORED, DRAWN)))
    assert (done.code, "does not fail any more" in done.shown) == (2, False), done.shown


def test_a_failure_counts_by_the_rules_of_the_replay(snapcert: Snapcert, tmp_path: Path) -> None:
    """A clause of the project's does not bind under 2017-04: what it says is unknown then."""
    lines = (run(), ended(), check(DRAWN, "failed", "RUN-09.umask"), ended(DRAWN, "failed"))
    header = replace(HEADER, rules="strict")
    path = record(tmp_path, *lines, header=header, planned=(STORED, DRAWN))
    assert snapcert("replay", path, "--rules", "strict").code == 1
    assert snapcert("replay", path, "--rules", "2017-04").code == 2


def test_a_failure_that_holds_now_is_none(snapcert: Snapcert, tmp_path: Path) -> None:
    """It was judged again: by this version's oracles, or by another rule set."""
    failed = replace(check(STORED, "failed"), run="h1")
    done = snapcert("replay", record(tmp_path, run(), failed, ended(STORED, "failed")))
    assert done.code == 0, done.shown


def test_what_was_a_part_is_a_part(snapcert: Snapcert, tmp_path: Path) -> None:
    header = replace(HEADER, selection="-k nothing")
    done = snapcert("replay", record(tmp_path, run(), ended(), header=header))
    assert (done.code, "only a part of the suite was run, by -k nothing" in done.shown) == (0, True)


def test_a_scenario_on_another_filesystem_is_found(snapcert: Snapcert, tmp_path: Path) -> None:
    """Where one filesystem is enough, a record has the one that was asked for first."""
    other = STORED.replace("ext4", "xfs")
    done = snapcert("replay", record(tmp_path, run(other), ended(other), planned=(other,)))
    assert (done.code, "1 of 1 executed" in done.shown) == (0, True), done.shown


def test_one_run_of_several_is_judged(snapcert: Snapcert, tmp_path: Path) -> None:
    path = record(tmp_path, run(), ended(), ended(DRAWN), planned=(STORED, DRAWN))
    done = snapcert("replay", path, "h1")
    assert (done.code, "by h1" in done.shown) == (0, True), done.shown
    again = judged(tmp_path)
    assert (again.plan, again.left_out) == ((STORED,), (DRAWN,))
    assert "h1" in shlex.split(again.header.command)


def test_the_commands_of_a_replay_are_commands(snapcert: Snapcert, tmp_path: Path) -> None:
    path = record(tmp_path, run(), ended(), ended(DRAWN), planned=(STORED, DRAWN))
    snapcert("replay", path, "--rules", "2025-04")
    again = judged(tmp_path)
    told = {line.id: shlex.split(line.replay) for line in again.scenarios}
    for words in (shlex.split(again.header.command), told[STORED]):
        assert words[:2] == ["snapcert", "replay"]
        given = command.make_context("replay", words[2:]).params
        assert (tmp_path / given["results"]).resolve() == path
        assert given["rules"] == "2025-04"
        assert given["run"] == ("h1" if words is told[STORED] else "")
    # What can't be judged again is run again.
    assert told[DRAWN] == shlex.split(ended(DRAWN).replay)


def test_a_folder_with_one_record(snapcert: Snapcert, tmp_path: Path) -> None:
    path = record(tmp_path, run(), ended())
    done = snapcert("replay", path.parent)
    assert (done.code, "1 of 1 executed scenarios hold" in done.shown) == (0, True), done.shown
    (tmp_path / "whole" / "other").mkdir()
    (tmp_path / "whole" / "other" / path.name).write_bytes(path.read_bytes())
    several = snapcert("replay", path.parent)
    assert (several.code, "holds 2 records" in several.shown, str(path) in several.shown) == (
        4,
        True,
        True,
    )
    (tmp_path / "empty").mkdir()
    assert snapcert("replay", "empty").code == snapcert("replay", "absent").code == 4


HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f"snapcert conform --executor reference {HOSTILE}", "unexpected extra argument"),
        (f"snapcert conform --{HOSTILE}", "No such option"),
        (f"snapcert conform --seed {HOSTILE}", "is not a valid integer"),
        ("snapcert conform --help", "No such option '--help'"),
        ("snapcert conform '", "not by `snapcert conform`"),
        (f"{HOSTILE} certify", "not by `snapcert conform`"),
    ],
)
def test_a_record_drives_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, says: str
) -> None:
    header = replace(HEADER, command=command)
    path = record(tmp_path, ended(status="failed"), header=header)
    with pytest.raises(SystemExit) as done:
        main(["conform", "--rerun-failed", str(path)])
    shown = "".join(capsys.readouterr())
    assert (done.value.code, says in shown, str(path) in shown) == (4, True, True), shown
    assert "remedy: " in shown
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}


def test_nor_does_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["conform", f"--{HOSTILE}"])
    shown = "".join(capsys.readouterr())
    assert (done.value.code, "No such option" in shown) == (4, True)
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
