"""A record of a certification, with every kind of line that a rendering must show."""

from __future__ import annotations

import random
from collections.abc import Iterator

from harness.history import (
    Application,
    Harm,
    Operation,
    Restore,
)
from harness.results.record import (
    ControlLine,
    ExecutorInfo,
    Header,
    KitInfo,
    Line,
    PlanLine,
    RoundLine,
    RunLine,
    ScenarioLine,
)
from tests.results.sample import BOOT, check, disk, history


def certify_header() -> Header:
    return Header(
        suite="0.1.0",
        command="snapcert certify fixtures/kits/ledger --level 3 --rounds 5",
        rules="strict",
        executor=ExecutorInfo("reference", "0.1.0", "reference", "sha256:77ab01c4e9d2"),
        engine="docker 20.10.24",
        kernel="6.18.5",
        image="snapcert-guest:bookworm@sha256:41ab07c2",
        seed=7,
        started="2026-11-23T12:44:10Z",
        workers=2,
        kit=KitInfo("ledger", "1.0.0", "snapcert", 3, "sha256:0c11de55a1b2"),
    )


def workload(
    seed: int, length: float, quiet: tuple[float, float], clients: int = 4
) -> tuple[Operation, ...]:
    """Committing clients that never stop, but for the interval in which they are held."""
    chance = random.Random(seed)
    found = []
    for client in range(clients):
        at = 0.0
        number = 0
        while at < length:
            took = chance.uniform(0.002, 0.011)
            done = at + took
            if at < quiet[1] and done > quiet[0]:
                done = quiet[1] + chance.uniform(0.001, 0.02)
            if done < length:
                number += 1
                found.append(Operation(f"c{client}-{number}", f"c{client}", BOOT + at, BOOT + done))
            at = done + chance.uniform(0.001, 0.006)
    return tuple(found)


def certify_lines(*, bad: bool = False) -> Iterator[Line]:
    """Five rounds of the ledger with both controls; `bad`: one round lost acknowledged writes."""
    levels = "scenarios/certification/test_level"
    ids = [f"{levels}3_consistent.py::test_consistent[ext4-round{n:02}]" for n in range(1, 6)]
    static = f"{levels}1_static.py::test_static"
    contract = f"{levels}2_contract.py::test_contract[ext4]"
    yield PlanLine((static, contract, *ids))
    yield check(static, "FBK-01.status")
    yield ScenarioLine(static, "passed", 0.8)
    yield check(contract, "RUN-03.attempts")
    yield ScenarioLine(contract, "passed", 14.2, title="The scripts end, repeat and undo.")
    disks = (disk("data", "ext4", "/var/lib/ledger", 3), disk("archive", "xfs", "/srv/archive", 4))
    chance = random.Random(11)
    for number, scenario in enumerate(ids, 1):
        run = f"round{number}"
        pre = chance.uniform(0.12, 0.22)
        begin = 0.9
        frozen = begin + pre + 0.015
        thawed = frozen + chance.uniform(0.1, 0.19)
        post = thawed + chance.uniform(0.04, 0.08)
        quiet = (begin + pre * 0.4, post - 0.01)
        operations = workload(number, 2.6, quiet)
        made = history(
            run,
            scenario,
            disks=disks,
            pre=((begin, begin + pre),),
            freeze=(frozen, thawed),
            snapshot=(frozen + 0.05, thawed - 0.012),
            post=((thawed + 0.006, post),),
            length=2.6,
            executor="reference",
            application=Application(
                operations, True, "locks 0", "locks 0", True, (Restore(run, True, True, 0),)
            ),
        )
        lost = 3 if bad and number == 4 else 0
        yield RunLine(run, scenario, made)
        yield check(
            scenario,
            "FBK-07.claim",
            "failed" if lost else "passed",
            run=run,
            expected="every operation acknowledged before the pre-script started is there",
            observed=f"{lost} acknowledged operations are missing: c0-12, c0-13, c2-9"
            if lost
            else "all of them are there",
            harm=Harm.FALSE_CONSISTENCY if lost else None,
            consequence="A restore of this backup loses what was committed." if lost else "",
        )
        yield RoundLine(
            number=number,
            scenario=scenario,
            run=run,
            status="failed" if lost else "passed",
            claimed="application",
            reached="crash" if lost else "application",
            acknowledged=len(operations),
            lost=lost,
            pause=quiet[1] - quiet[0] + 0.006,
            gap=0.021,
            freeze=thawed - frozen,
            filesystem="ext4",
        )
        yield ScenarioLine(
            scenario,
            "failed" if lost else "passed",
            chance.uniform(6, 9),
            replay=f"snapcert certify fixtures/kits/ledger --rounds 1 --seed {number}",
        )
    for name, detail in (
        ("an acknowledged line dropped", "caught as lost: c1-204"),
        ("a transaction doubled", "caught as phantom: c3-9999"),
        ("a transaction halved", "caught as torn: c2-88"),
        ("disks copied at two instants", "caught: archive is 41 ms ahead of data"),
    ):
        yield ControlLine(name, "oracle", True, detail)
    yield ControlLine(
        "scripts that only exit 0",
        "script",
        False,
        "the same rounds reached application: SQLite in WAL mode on one disk survives a crash",
    )
    yield ControlLine(
        "no scripts, no freeze",
        "script",
        True,
        "2 of 3 rounds reached crash only: the archive was ahead of the ledger",
    )
