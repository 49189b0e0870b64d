"""What a round computes of its history, and what it leaves out of it. No Docker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.certify.measures import gap_of, pause_of, quiesced_of, round_line
from harness.certify.rounds import without_own_changes
from harness.history import (
    Application,
    Disk,
    DiskAtSnapshot,
    ExecutorEnd,
    Freeze,
    GuestState,
    History,
    Operation,
    Outcome,
    Restore,
    ScriptRun,
    Snapshot,
)
from harness.oracles.terms import Terms
from harness.results.durations import freeze_of

STILL = DiskAtSnapshot(True, True, 5, 5, 0, 0)
DISK = Disk("data", "ext4", "/srv/app", "7:1", 1 << 26)


def operations(*acknowledged: float | None) -> tuple[Operation, ...]:
    return tuple(
        Operation(f"o{i}", "c", (at - 0.01) if at else 99.0, at)
        for i, at in enumerate(acknowledged)
    )


def history(
    ops: tuple[Operation, ...] = (), has: tuple[str, ...] | None = None, **changes: object
) -> History:
    """A run that quiesced from 10.0 to 10.5 and was copied at 10.2, frozen from 10.1 to 10.3."""
    held = (
        tuple(o.id for o in ops if o.acknowledged and o.acknowledged < 10) if has is None else has
    )
    base = History(
        id="r1",
        scenario="s",
        executor="e",
        shape="data",
        single_disk=False,
        disks=(DISK,),
        began=9.0,
        ended=11.0,
        end=ExecutorEnd(9.5, 10.9, 0, None, outcome=Outcome("succeeded", "application")),
        script_runs=(ScriptRun("pre", 5, 9.9, 10.0), ScriptRun("post", 6, 10.4, 10.5)),
        freezes=(Freeze("data", 10.09, 10.1, 10.3, 10.31),),
        snapshots=(Snapshot(1, 10.15, 10.25, 0, "r1-1", 10.18, 10.2, {"data": STILL}),),
        application=Application(
            ops, True, "a", "a", True, (Restore("r1-1", True, True, 0, has=held),)
        ),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_the_pause_is_the_silence_around_the_set() -> None:
    ops = operations(9.0, 9.2, 9.8, 10.7, 10.8, None)
    assert pause_of(history(ops)) == pytest.approx(0.9)
    assert gap_of(history(ops)) == pytest.approx(0.6)


def test_other_gaps_are_looked_for_where_one_asks() -> None:
    ops = operations(5.0, 9.0, 9.2, 9.8, 10.7, 10.8)
    assert gap_of(history(ops)) == pytest.approx(4.0)
    assert gap_of(history(ops), begin=9.0) == pytest.approx(0.6)
    assert gap_of(history(ops), begin=9.0, end=9.5) == pytest.approx(0.2)


def test_no_pause_without_both_sides_or_without_a_set() -> None:
    assert pause_of(history(operations(9.0, 9.2))) is None
    assert pause_of(history(operations(9.0), snapshots=())) is None
    assert pause_of(history(application=None)) is None
    assert gap_of(history(operations(9.0))) is None


def test_without_a_set_the_pause_is_the_longest_silence_over_the_run() -> None:
    ops = operations(5.0, 9.0, 9.4, 9.8, 10.7, 10.95, 13.0)
    assert pause_of(history(ops, snapshots=())) == pytest.approx(0.9)


def test_an_application_is_quiesced_from_pre_to_post() -> None:
    assert quiesced_of(history()) == pytest.approx(0.6)
    recovery = ScriptRun("post", 4, 9.6, 9.7)
    runs = (recovery, ScriptRun("pre", 5, 9.9, 10.0), ScriptRun("post", 6, 10.4, 10.8))
    assert quiesced_of(history(script_runs=runs)) == pytest.approx(0.9)
    assert quiesced_of(history(script_runs=runs[:2])) is None
    assert quiesced_of(history(script_runs=())) is None


def test_the_freeze_spans_all_disks() -> None:
    two = (Freeze("a", 1.0, 1.5, 2.0, 2.1), Freeze("b", 1.1, 1.6, 2.5, 2.6))
    assert freeze_of(history(freezes=two)) == pytest.approx(1.0)
    assert freeze_of(history(freezes=())) is None


def test_an_application_under_load_may_change_its_own_disk() -> None:
    before = GuestState(9.0, files={"/srv/app/db": "600 0:0 1", "/etc/a": "644 0:0 1"})
    after = GuestState(
        11.0,
        files={"/srv/app/db": "600 0:0 9", "/etc/a": "644 0:0 2"},
        locks=("POSIX WRITE 5 /srv/app/db", "FLOCK WRITE 6 /run/lock"),
    )
    kept = without_own_changes(history(before=before, after=after), ["/srv/app"])
    assert kept.before is not None
    assert kept.after is not None
    assert kept.before.files == {"/etc/a": "644 0:0 1"}
    assert kept.after.files == {"/etc/a": "644 0:0 2"}
    assert kept.after.locks == ("FLOCK WRITE 6 /run/lock",)


def test_a_folder_beside_the_disk_is_not_the_disk() -> None:
    after = GuestState(11.0, files={"/srv/application": "600 0:0 9"})
    kept = without_own_changes(history(after=after), ["/srv/app"])
    assert kept.after is not None
    assert "/srv/application" in kept.after.files


def enough() -> tuple[Operation, ...]:
    """Thirty before, one over the set, ten after it."""
    before = operations(*(9.0 + i / 100 for i in range(30)))
    over = Operation("over", "d", 10.05, 10.7)
    after = tuple(Operation(f"p{i}", "e", 10.6 + i / 100, 10.61 + i / 100) for i in range(10))
    return (*before, over, *after)


def test_a_round_that_holds_reaches_application() -> None:
    line = round_line(history(enough()), Terms(), number=3, scenario="s", status="passed")
    assert (line.number, line.claimed, line.reached) == (3, "application", "application")
    assert (line.lost, line.phantom, line.torn) == (0, 0, 0)
    assert line.acknowledged == 41


def test_a_round_that_lost_something_reaches_less() -> None:
    ops = enough()
    has = tuple(o.id for o in ops if o.acknowledged and o.acknowledged < 10)[:-1]
    line = round_line(history(ops, has), Terms(), number=1, scenario="s", status="failed")
    assert line.lost == 1
    assert line.reached != "application"


def test_a_round_with_too_little_load_reaches_nothing_that_is_known() -> None:
    line = round_line(
        history(operations(9.0, 10.7)), Terms(), number=1, scenario="s", status="skipped"
    )
    assert line.reached is None
    assert "needed" in line.detail
