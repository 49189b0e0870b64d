"""What got worse between records, and what did not; each judgement with its control."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import main
from harness.problem import UsageProblem
from harness.results.compare import Comparison, accepting, compare
from harness.results.record import (
    CheckLine,
    Footer,
    Header,
    KitInfo,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
    Status,
)
from harness.results.slower import Series, slower
from harness.results.writer import Writer
from tests.results.sample import check, conform_header, disk, history

END = Footer({}, "conforms", 0, "2026-11-23T12:41:00Z", "")
HEADER = replace(conform_header(), seed=1)
KIT = replace(HEADER, kit=KitInfo("ledger", "1.0.0"))


def record(
    header: Header = HEADER,
    checks: Sequence[CheckLine] = (),
    planned: Sequence[str] = (),
    runs: Sequence[RunLine] = (),
    **statuses: Status,
) -> Record:
    """A record with these scenarios; what is planned besides them never ran."""
    lines = tuple(ScenarioLine(name, status, 1.0) for name, status in statuses.items())
    plan = (*statuses, *planned)
    return Record(header, plan, lines, tuple(checks), tuple(runs), footer=END)


def kinds(base: Sequence[Record] | Record, new: Sequence[Record] | Record) -> dict[str, str]:
    """kind by subject, with "!" where NEW is worse for it."""
    found = compared(base, new)
    return {c.subject: c.kind + ("!" if c.worse else "") for c in found.changes}


def compared(base: Sequence[Record] | Record, new: Sequence[Record] | Record) -> Comparison:
    sides = [[side] if isinstance(side, Record) else side for side in (base, new)]
    return compare(*sides)


@pytest.mark.parametrize(
    ("base", "new", "kind"),
    [
        ("passed", "passed", None),
        ("passed", "failed", "newly-failing!"),
        ("warned", "crashed", "newly-failing!"),
        ("skipped", "failed", "newly-failing!"),
        ("failed", "hung", None),
        ("failed", "passed", "fixed"),
        ("hung", "warned", "fixed"),
        ("passed", "skipped", "newly-skipped!"),
        ("passed", "not-applicable", "newly-skipped!"),
        ("passed", "harness-error", "newly-skipped!"),
        ("failed", "skipped", "newly-skipped!"),
        ("skipped", "skipped", None),
        ("skipped", "passed", None),
        ("passed", "warned", "newly-warned"),
        ("warned", "warned", None),
    ],
)
def test_one_scenario(base: Status, new: Status, kind: str | None) -> None:
    expected = {} if kind is None else {"a": kind}
    assert kinds(record(a=base), record(a=new)) == expected
    assert compared(record(a=base), record(a=new)).exit_code == int("!" in (kind or ""))


def test_what_never_ran_was_not_judged() -> None:
    assert kinds(record(a="passed"), record(planned=["a"])) == {"a": "newly-skipped!"}
    assert kinds(record(planned=["a"]), record(a="passed")) == {}


def test_added_and_removed() -> None:
    assert kinds(record(a="passed"), record(a="passed", b="passed")) == {"b": "added"}
    assert kinds(record(a="passed"), record(a="passed", b="failed")) == {"b": "newly-failing!"}
    assert kinds(record(a="passed", b="passed"), record(a="passed")) == {"b": "removed!"}


def test_a_part_removes_nothing_and_says_so() -> None:
    part = replace(HEADER, selection="a")
    found = compared(record(a="passed", b="passed"), record(part, a="passed"))
    assert found.exit_code == 0
    assert "1 scenarios of BASE were not asked for" in " ".join(found.notes)


def test_flaky_over_repeats() -> None:
    good, bad = record(a="passed"), record(a="failed")
    assert kinds(good, [good, bad, good]) == {"a": "flaky!"}
    assert kinds([good, bad], [bad, good]) == {"a": "flaky"}
    assert kinds([good, bad], [good, good]) == {"a": "fixed"}
    assert kinds([good, bad], [bad, bad]) == {"a": "newly-failing!"}
    assert kinds([bad, bad], [bad, good]) == {"a": "flaky"}


def test_skipped_at_times() -> None:
    good, skipped = record(a="passed"), record(a="skipped")
    assert kinds([good, good], [good, skipped]) == {"a": "newly-skipped!"}
    assert kinds([good, skipped], [good, skipped]) == {}


def test_a_scenario_that_fails_at_more_clauses() -> None:
    one = check("a", "FBK-01.status", "failed")
    two = check("a", "FRZ-03.thawed", "failed")
    base, new = record(a="failed", checks=[one]), record(a="failed", checks=[one, two])
    [change] = compared(base, new).changes
    assert change.worse
    assert "FRZ-03.thawed" in change.detail
    assert "FBK-01.status" not in change.detail
    assert compared(base, base).changes == ()


def test_a_clause_that_nobody_judges_any_more() -> None:
    base = record(a="passed", checks=[check("a", "FBK-01.status"), check("a", "PLG-01.exit")])
    new = record(a="passed", checks=[check("a", "FBK-01.status")])
    assert kinds(base, new) == {"clause PLG-01.exit": "removed!"}


def test_a_known_deviation_fails_all_the_same() -> None:
    base = record(a="failed")
    new = replace(base, scenarios=(ScenarioLine("a", "warned", 1.0, deviation="known"),))
    assert compared(base, new).changes == ()
    assert kinds(new, record(a="passed")) == {"a": "fixed"}


def test_a_gate_accepts_what_a_known_deviation_of_new_accepts() -> None:
    base = record(a="passed", b="passed")
    excused = (ScenarioLine("a", "warned", 1.0, deviation="known until"),)
    new = replace(record(a="failed", b="passed"), scenarios=excused)
    found = compare([base], [new])
    assert [(c.kind, c.subject, c.worse) for c in found.changes if c.subject == "a"] == [
        ("newly-failing", "a", True)
    ]
    [change] = [c for c in accepting(found, [new]).changes if c.subject == "a"]
    assert (change.kind, change.worse) == ("newly-failing", False)
    assert change.detail.endswith("; known until")
    # What failed beyond it, and what nobody accepts, is worse.
    assert accepting(found, [new, record(a="failed", b="passed")]).worse
    other = record(a="passed", b="failed")
    assert accepting(compare([base], [other]), [other]).worse


def test_only_like_is_compared() -> None:
    with pytest.raises(UsageProblem, match="not about the same thing"):
        compared(record(a="passed"), record(KIT, a="passed"))


def test_notes_say_what_differs() -> None:
    other = replace(HEADER, suite="0.2.0", rules="strict", seed=2)
    notes = " ".join(compared(record(a="passed"), record(other, a="passed")).notes)
    for words in ("version differs: 0.1.0 in BASE, 0.2.0 in NEW", "rule set", "seeds differ"):
        assert words in notes


# -- slower


def rounds(pauses: Sequence[float], header: Header = KIT) -> Record:
    lines = tuple(
        RoundLine(n, "a", f"r{n}", "passed", "application", "application",
                  pause=pause, freeze=0.05, filesystem="ext4")
        for n, pause in enumerate(pauses, 1)
    )  # fmt: skip
    return replace(record(header, a="passed"), rounds=lines)


CALM = (0.30, 0.31, 0.29, 0.30, 0.32)


def test_slower_rounds() -> None:
    found = compared(rounds(CALM), rounds([value * 1.5 for value in CALM]))
    [change] = found.changes
    assert (change.kind, change.subject, change.worse) == (
        "slower",
        "pause of rounds on ext4",
        True,
    )
    assert "300 ms" in change.detail
    assert "450 ms" in change.detail
    assert compared(rounds(CALM), rounds(CALM)).changes == ()


def test_a_backup_that_met_a_fault_tells_no_usual_time() -> None:
    slow = rounds([value * 3 for value in CALM])
    faulty = replace(slow, rounds=tuple(replace(r, fault="killed") for r in slow.rounds))
    assert compared(rounds(CALM), faulty).changes == ()
    after = replace(
        slow, rounds=tuple(replace(r, fault="killed", after_fault=True) for r in slow.rounds)
    )
    calm = replace(
        after, rounds=tuple(replace(r, pause=p) for r, p in zip(after.rounds, CALM, strict=True))
    )
    assert kinds(calm, after) == {"pause of rounds on ext4 after a fault": "slower!"}


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ([0.35] * 5, "17 % is no fifth"),
        ((0.30, 0.5, 0.31, 0.29, 0.9), "the median stays"),
        ((0.2, 0.6, 0.39, 0.3, 0.8), "within what its own repeats move by"),
        ([0.5] * 4, "four values"),
    ],
)
def test_not_slower(new: Sequence[float], why: str) -> None:
    assert compared(rounds(CALM), rounds(new)).changes == (), why


def test_another_machine_tells_nothing() -> None:
    other = replace(KIT, kernel="6.1.0")
    found = compared(rounds(CALM), rounds([value * 3 for value in CALM], other))
    assert found.exit_code == 0
    assert "times were not compared" in " ".join(found.notes)


def test_runs_by_repeats() -> None:
    def repeat(stretch: float) -> Record:
        made = history(
            "r1", "a", disks=(disk("data", "ext4", "/data", 3),),
            pre=((0.02, 0.4),), freeze=(0.45, 0.45 + 0.1 * stretch), post=((0.9, 1.0),),
        )  # fmt: skip
        return record(a="passed", runs=[RunLine("r1", "a", made)])

    calm = [repeat(1 + n / 50) for n in range(5)]
    slow = [repeat(2 + n / 50) for n in range(5)]
    assert kinds(calm, slow) == {"freeze of run 1 of a": "slower!"}
    assert kinds(calm, calm) == {}
    few = compared(calm[:4], slow[:4])
    assert few.changes == ()
    assert "each side needs 5 values" in " ".join(few.notes)


def test_noise_alone_is_hardly_ever_slower() -> None:
    """The rule's own error rates, with noise of 6 %: no alarm in 2,000, and half as slow again
    always seen."""
    chance = random.Random(1)

    def series(middle: float) -> Series:
        return Series(tuple(chance.gauss(middle, middle * 0.06) for _ in range(5)))

    assert sum(slower(series(0.3), series(0.3)) for _ in range(2000)) == 0
    assert sum(slower(series(0.3), series(0.45)) for _ in range(200)) >= 190


# -- the command


def write(path: Path, found: Record) -> Path:
    """A complete results.jsonl in a folder."""
    with Writer(path / "results.jsonl", found.header) as writer:
        writer.plan(found.plan)
        for line in (*found.checks, *found.scenarios):
            writer.write(line)
    return path


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good", record(a="passed", b="passed"))
    bad = write(tmp_path / "bad", record(a="failed", b="passed"))
    assert run(good, good / "results.jsonl") == 0
    assert "nothing is worse: 2 scenarios compared" in capsys.readouterr().out
    assert run(good, bad) == 1
    assert "newly failing (1)" in capsys.readouterr().out
    assert run(good, f"{good},{bad}", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [change["kind"] for change in found["changes"]] == ["flaky"]
    assert found["exit_code"] == 1


def test_the_command_reads_all_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n, status in enumerate(("passed", "failed")):
        write(tmp_path / "all" / str(n), record(a=status))  # type: ignore[arg-type]
    base = write(tmp_path / "base", record(a="passed"))
    assert run(base, tmp_path / "all") == 1
    assert "passed in 1 of 2, failed in 1 of 2 in NEW" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["missing", "empty folder", "no record"])
def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    base = write(tmp_path / "base", record(a="passed"))
    new = tmp_path / "new"
    if what == "empty folder":
        new.mkdir()
    elif what == "no record":
        new.write_text("{}\n")
    assert run(base, new) == 4
    assert "remedy" in capsys.readouterr().err


def test_hostile_text_stays_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ScenarioLine("a", "skipped", 0.0, skipped_reason="\x1b]0;owned\x07 said \x1b[31mred")
    new = replace(record(), plan=("a",), scenarios=(line,))
    run(write(tmp_path / "base", record(a="passed")), write(tmp_path / "new", new))
    assert "\x1b" not in capsys.readouterr().out
