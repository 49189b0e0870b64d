"""Known deviations: strict both ways, and shown as what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certify.levels import HIGHEST
from harness.problem import UsageProblem
from harness.results import html, junit
from harness.results.deviations import (
    FULL_LEVEL,
    excuse,
    excuse_scenario,
    of_kit,
    parse,
    stale,
    told,
)
from harness.results.reader import read
from harness.results.record import (
    CheckLine,
    Deviation,
    KitInfo,
    Line,
    PlanLine,
    RoundLine,
    ScenarioLine,
    Status,
)
from harness.results.statement import refusal
from harness.results.writer import Writer
from tests.results.sample import check, conform_header

TODAY = dt.date(2026, 11, 26)
KNOWN = ("FRZ-03", "FRZ-03.thawed", "FBK-01.status")
ENTRY = Deviation("known since 2.4", "https://example.org/7", "alice", "2027-01-31", "FRZ-03")
HEADER = replace(conform_header(), deviations=(ENTRY,))

FILE = """\
[[deviation]]
rule = "FRZ-03"
reason = "known since 2.4"
link = "https://example.org/7"
owner = "alice"
expires = 2027-01-31
"""


def read_file(text: str) -> tuple[Deviation, ...]:
    return parse(text, "known.toml", TODAY, KNOWN)


def test_a_file() -> None:
    assert read_file(FILE) == (ENTRY,)
    assert read_file("") == ()
    assert read_file(FILE.replace("2027-01-31", '"2027-01-31"')) == (ENTRY,)
    assert read_file(FILE.replace("rule", "clause")) == (ENTRY,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[deviation]]", "[deviation]", "no list of tables"),
        ("[[deviation]]", "[[deviations]]", "unknown key 'deviations'"),
        ("reason =", "reason", "no TOML"),
        ("owner", "onwer", "did you mean owner"),
        ('owner = "alice"', "", "has no owner"),
        ('"alice"', '""', "owner is no text"),
        ("2027-01-31", '"soon"', "no day"),
        ("2027-01-31", "2027-01-31T10:00:00", "no text"),
        ("2027-01-31", "2026-11-26", "FRZ-03 has expired on 2026-11-26"),
        ('rule = "FRZ-03"', "", "names neither"),
        ("FRZ-03", "FRZ-3", "which there is not"),
        ("FRZ-03", "FRZ-3", "did you mean FRZ-03"),
        ("reason", 'scenario = "a"\ninstances = "data-ext4"\nreason', "no list of texts"),
        ("reason", 'scenario = "a"\ninstances = []\nreason', "no list of texts"),
        ("reason", 'scenario = "a[b]"\ninstances = ["c"]\nreason', "no scenario that they are of"),
        ("reason", 'instances = ["c"]\nreason', "no scenario that they are of"),
    ],
)
def test_what_is_wrong_with_a_file(old: str, new: str, said: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_file(FILE.replace(old, new, 1))
    assert said in str(caught.value)
    assert caught.value.exit_code == 4


def test_instances_are_an_entry_each() -> None:
    text = (
        FILE + 'scenario = "scenarios/test_a.py::test_x"\ninstances = ["data-ext4", "data-xfs"]\n'
    )
    one, two = read_file(text)
    assert one == replace(ENTRY, scenario="scenarios/test_a.py::test_x[data-ext4]")
    assert two == replace(ENTRY, scenario="scenarios/test_a.py::test_x[data-xfs]")
    lines = [
        check(one.scenario, "FRZ-03.thawed", "failed", consequence="x"),
        check(two.scenario, "FRZ-03.thawed"),
    ]
    (gone,) = stale(replace(HEADER, deviations=(one, two)), lines)
    assert "test_x[data-xfs] is a known deviation and does not fail any more" in gone


def test_an_entry_stands_once() -> None:
    with pytest.raises(UsageProblem, match="a second time"):
        read_file(FILE + FILE)


def test_entries_of_other_kits_are_left_out() -> None:
    ours = replace(ENTRY, kit="ledger")
    assert of_kit((ours, ENTRY), "ledger") == (ours, ENTRY)
    assert of_kit((ours, ENTRY), "redis") == (ENTRY,)
    assert of_kit((ours,), "") == ()


# -- what an entry accepts


def failing(*clauses: str, scenario: str = "a[x]") -> list[Line]:
    return [check(scenario, clause, "failed", consequence="it hangs") for clause in clauses]


def statuses(lines: Sequence[Line]) -> list[Status]:
    return [line.status for line in lines if isinstance(line, CheckLine | RoundLine)]


@pytest.mark.parametrize(
    ("entry", "accepted"),
    [
        (ENTRY, True),
        (replace(ENTRY, clause="FRZ-03.thawed"), True),
        (replace(ENTRY, clause="FBK-01.status"), False),
        (replace(ENTRY, scenario="a[x]"), True),
        (replace(ENTRY, scenario="a"), True),
        (replace(ENTRY, scenario="b"), False),
        (replace(ENTRY, clause="", scenario="a"), True),
        (replace(ENTRY, clause="", scenario="a[y]"), False),
    ],
)
def test_a_failure_and_an_entry(entry: Deviation, accepted: bool) -> None:
    [line] = excuse(failing("FRZ-03.thawed"), (entry,))
    assert isinstance(line, CheckLine)
    assert line.status == ("warned" if accepted else "failed")
    assert bool(line.deviation) == accepted
    if accepted:
        assert line.observed == "status succeeded"
        assert "known deviation until 2027-01-31: known since 2.4" in line.consequence
        assert line.consequence.endswith("It means: it hangs")


def test_only_failures_are_excused() -> None:
    for status in ("passed", "warned", "harness-error"):
        line = check("a", "FRZ-03.thawed", status)  # type: ignore[arg-type]
        assert excuse([line], (ENTRY,)) == [line]


def test_a_round_is_as_bad_as_what_is_left() -> None:
    round_ = RoundLine(1, "a[x]", "", "failed", "application", "crash")
    assert statuses(excuse([*failing("FRZ-03.thawed"), round_], (ENTRY,))) == ["warned"] * 2
    rest = excuse([*failing("FRZ-03.thawed", "FBK-01.status"), round_], (ENTRY,))
    assert statuses(rest) == ["warned", "failed", "failed"]
    assert statuses(excuse([round_], (ENTRY,))) == ["failed"]


def scenario(lines: list[Line], entry: Deviation = ENTRY, *, by_checks: bool = True) -> Status:
    line = ScenarioLine("a[x]", "failed", 1.0)
    return excuse_scenario(line, excuse(lines, (entry,)), (entry,), by_checks=by_checks).status


def test_a_scenario_fails_by_what_is_left() -> None:
    assert scenario(failing("FRZ-03.thawed")) == "warned"
    assert scenario(failing("FRZ-03.thawed", "FBK-01.status")) == "failed"
    assert scenario(failing("FRZ-03.thawed"), by_checks=False) == "failed"
    assert scenario([]) == "failed"


def test_an_entry_of_a_scenario_accepts_all_of_it() -> None:
    whole = replace(ENTRY, clause="", scenario="a")
    assert scenario(failing("FRZ-03.thawed", "FBK-01.status"), whole) == "warned"
    assert scenario([], whole, by_checks=False) == "warned"


def test_a_failure_of_the_harness_is_never_excused() -> None:
    line = ScenarioLine("a", "harness-error", 1.0)
    whole = replace(ENTRY, clause="", scenario="a")
    assert excuse_scenario(line, [], (whole,), by_checks=True) == line


# -- what is stale


def after(*lines: Line, header: object = HEADER) -> tuple[str, ...]:
    found = excuse(list(lines), (ENTRY,))
    return stale(header, [PlanLine(("a[x]",)), *found])  # type: ignore[arg-type]


def test_an_entry_that_fails_no_more_is_stale() -> None:
    assert after(*failing("FRZ-03.thawed")) == ()
    assert after(*failing("FRZ-03.thawed"), check("a", "FRZ-03.thawed")) == ()
    [said] = after(check("a", "FRZ-03.thawed"))
    assert "FRZ-03 is a known deviation and does not fail any more" in said


def test_an_entry_that_names_nothing_is_stale_in_a_whole_run() -> None:
    other = check("a", "FBK-01.status")
    [said] = after(other)
    assert "names nothing that was run" in said
    assert after(other, header=replace(HEADER, selection="freeze")) == ()
    assert after(other, header=replace(HEADER, kit=KitInfo("ledger"))) == ()
    skipped = replace(HEADER, deviations=(replace(ENTRY, clause="", scenario="a"),))
    assert after(ScenarioLine("a[x]", "skipped", 0.0), header=skipped) == ()


def test_an_entry_that_names_nothing_is_stale_at_the_full_level() -> None:
    """A kit at a lower level was not asked for all that may fail."""
    full = replace(HEADER, kit=KitInfo("k", level=FULL_LEVEL))
    passed = ScenarioLine("a[x]", "passed", 1.0)
    [said] = stale(full, [PlanLine(("a[x]",)), passed])
    assert "names nothing that was run" in said
    lower = replace(HEADER, kit=KitInfo("k", level=FULL_LEVEL - 1))
    assert stale(lower, [PlanLine(("a[x]",)), passed]) == ()
    assert stale(replace(full, selection="-k a"), [PlanLine(("a[x]",)), passed]) == ()
    assert FULL_LEVEL == HIGHEST


def test_a_run_that_broke_tells_nothing() -> None:
    assert after(ScenarioLine("a", "harness-error", 1.0), check("a", "FRZ-03.thawed")) == ()
    lines = [check("a", "FRZ-03.thawed")]
    assert stale(HEADER, lines, "by the user") == ()
    assert stale(HEADER, lines)


# -- the record


def write(path: Path, lines: Sequence[Line]) -> Path:
    with Writer(path / "results.jsonl", HEADER) as writer:
        for line in lines:
            writer.write(line)
    return path / "results.jsonl"


def test_a_record_of_an_accepted_failure(tmp_path: Path) -> None:
    lines = excuse(failing("FRZ-03.thawed"), (ENTRY,))
    failed = ScenarioLine("a[x]", "failed", 1.0)
    lines.append(excuse_scenario(failed, lines, (ENTRY,), by_checks=True))
    found = read(write(tmp_path, lines))
    assert found.header.deviations == (ENTRY,)
    assert found.footer is not None
    assert (found.footer.verdict, found.footer.exit_code) == ("conforms", 0)
    assert "0 of 1 executed scenarios hold" in found.footer.why
    assert "1 that fail by a known deviation" in found.footer.why
    for page in (html.render([found]), junit.render(found).decode()):
        assert "known deviation until 2027-01-31: known since 2.4" in page


def test_a_record_with_a_stale_entry(tmp_path: Path) -> None:
    passed = [check("a", "FRZ-03.thawed"), ScenarioLine("a", "passed", 1.0)]
    footer = read(write(tmp_path, passed)).footer
    assert footer is not None
    assert (footer.verdict, footer.exit_code) == ("wrong-usage", 4)
    worse = [*passed, check("b", "FBK-01.status", "failed"), ScenarioLine("b", "failed", 1.0)]
    footer = read(write(tmp_path, worse)).footer
    assert footer is not None
    assert footer.exit_code == 1
    assert any("does not fail any more" in why for why in footer.why)


def test_no_certificate_on_a_known_deviation(tmp_path: Path) -> None:
    lines = excuse(failing("FRZ-03.thawed"), (ENTRY,))
    lines.append(ScenarioLine("a[x]", "warned", 1.0, deviation=told(ENTRY)))
    found = read(write(tmp_path, lines))
    certified = replace(found, header=replace(found.header, kit=KitInfo("ledger", level=1)))
    assert "known deviations" in refusal(certified)
    clean = replace(certified, scenarios=(ScenarioLine("a[x]", "warned", 1.0),))
    assert "known deviations" not in refusal(clean)
