"""One failed run, and all that can be done with it afterwards: its set copied out, its history
judged again, its failures run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.history import Outcome
from harness.machines.engine import Engine
from harness.results.reader import read
from harness.results.record import Deviation, Line, Record, RunLine, ScenarioLine
from harness.results.writer import Writer
from tests.bad_input.conftest import QUICK, Start, executor, start
from tests.cli.conftest import Snapcert

__all__ = ("start",)

#: It takes its snapshot set and forgets to say so.
_FORGETFUL = '#!/bin/sh\n"$SNAPCERT_SNAPSHOT"\necho taken\nexit 7\n'
_OTHER = "scenarios/test_success.py::test_all_goes_well[data-ext4]"


@dataclass(frozen=True)
class Failed:
    """A run whose one scenario failed and whose guest was kept."""

    record: Record
    path: Path
    arguments: tuple[str, ...]

    @property
    def history(self) -> str:
        """The id of its backup run."""
        return self.record.runs[0].id


@pytest.fixture
def failed(engine: Engine, image: str, start: Start, tmp_path: Path) -> Iterator[Failed]:
    broken = executor(tmp_path / "broken", _FORGETFUL)
    arguments = ("--executor", f"command:{broken}", "--rules", "2017-04", "--fs", "ext4")
    command = start(
        "conform", *arguments, "-n", "0", "-k", f"{QUICK} and not single", "--keep-failed",
    )  # fmt: skip
    assert command.end() == 1, command.text
    guest = command.text.partition("snapcert shell ")[2].split("`")[0].strip()
    (run,) = {c.run for c in engine.containers() if c.labels["snapcert.name"] == guest}
    yield Failed(command.record(), command.out / "results.jsonl", arguments)
    assert start("cleanup", "--all-of", run).end() == 0


def rewritten(path: Path, record: Record, *lines: Line) -> Path:
    """The record with its runs, and these lines in the place of the others."""
    with Writer(path / "results.jsonl", record.header) as writer:
        writer.plan([line.id for line in lines if isinstance(line, ScenarioLine)])
        for line in lines:
            writer.write(line)
    return path / "results.jsonl"


def failing(record: Record) -> set[str]:
    return {c.clause for c in record.checks if c.status in ("failed", "crashed")}


def test_what_can_be_done_with_a_failed_run(
    failed: Failed, start: Start, tmp_path: Path, snapcert: Snapcert
) -> None:
    # Its snapshot set is copied out.
    folder = tmp_path / "sets"
    restored = start("restore", failed.history, str(folder))
    assert restored.end() == 0, restored.text
    image = folder / f"{failed.history}-1" / "data.img"
    assert image.read_bytes()[1080:1082] == b"\x53\xef", "no ext4"
    assert image.stat().st_blocks * 512 < image.stat().st_size // 2, "holes were filled"
    again = snapcert("restore", failed.history, folder)
    assert again.code == 4
    assert "is not empty" in again.shown

    # Its history is judged again, without an engine: the same clauses fail.
    replay = snapcert("replay", failed.path, "--out", "replay")
    assert replay.code == 1
    assert "nothing was run: the runs of" in replay.shown
    told = read(tmp_path / "replay" / "results.jsonl")
    assert failing(told) == failing(failed.record) != set()
    assert [c.clause for c in told.checks] == [c.clause for c in failed.record.checks]

    # The control: a history of an executor that does as it should holds.
    (line,) = failed.record.runs
    end = replace(
        line.history.end, outcome=Outcome("succeeded", "file-system"), exit_status=0, problem=None
    )
    mended = RunLine(line.id, line.scenario, replace(line.history, end=end))
    good = rewritten(tmp_path / "good", failed.record, mended)
    snapcert("replay", good, line.id, "--out", "replay")
    left = failing(read(tmp_path / "replay" / "results.jsonl"))
    assert not left & {"PLG-01.exit", "PLG-01.status"}
    assert "no run nosuchrun" in snapcert("replay", good, "nosuchrun", "--out", "replay").shown

    # What was accepted on that day is accepted.
    known = tuple(
        Deviation("known", "https://example.org/7", "alice", "2999-01-01", clause)
        for clause in failing(failed.record)
    )
    accepted = replace(failed.record, header=replace(failed.record.header, deviations=known))
    excused = rewritten(tmp_path / "excused", accepted, line)
    assert snapcert("replay", excused, "--out", "replay").code == 0

    # What failed is run again, with the same executor and rules, and nothing else.
    (scenario,) = failed.record.scenarios
    other = ScenarioLine(_OTHER, "passed", 1.0)
    both = rewritten(tmp_path / "both", failed.record, scenario, other)
    rerun = start("conform", "--rerun-failed", str(both), "-n", "0", out=tmp_path / "rerun")
    assert rerun.end() == 1, rerun.text
    record = rerun.record()
    assert record.plan == (scenario.id,)
    assert record.header.rules == "2017-04"
    assert record.header.seed == failed.record.header.seed
    assert "--rerun-failed" in record.header.selection
    passed = rewritten(tmp_path / "passed", failed.record, other)
    nothing = snapcert("conform", "--rerun-failed", passed, "-n", "0")
    assert nothing.code == 2
    assert "nothing failed in" in nothing.shown


@pytest.mark.parametrize("words", [("shell", "nosuchrun"), ("restore", "nosuchrun", "sets")])
def test_what_is_kept_is_sought_by_its_name(snapcert: Snapcert, words: tuple[str, ...]) -> None:
    done = snapcert(*words)
    assert (done.code, "'nosuchrun' can't be looked for" in done.shown) == (3, True), done.shown
    assert "kept by the engine that ran it" in done.shown
