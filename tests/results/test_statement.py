"""What a certificate states, and of which runs there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.results.record import (
    ControlLine,
    ExecutorInfo,
    Footer,
    Header,
    KitInfo,
    Record,
    RoundLine,
    ScenarioLine,
    VerdictWord,
)
from harness.results.statement import refusal, statement

KIT = KitInfo(
    "ledger", "1.0", "v", 3, "d" * 64, 2, {"pre.sh": "a" * 64, "post.sh": "b" * 64}, {"x": "1-2"}
)
EXECUTOR = ExecutorInfo("reference", "0.1", "reference", "c" * 64, {"executor.pyz": "c" * 64})
HEADER = Header("0.1", "snapcert certify ledger", "strict", EXECUTOR, "e", "k", "i", 7, "now",
                kit=KIT)  # fmt: skip
FOLDER = "scenarios/certification"
NAMES = (
    f"{FOLDER}/test_level1_static.py::test_static",
    f"{FOLDER}/test_level2_contract.py::test_contract[ext4]",
    f"{FOLDER}/test_level3_consistent.py::test_consistent[1-ext4]",
    f"{FOLDER}/test_level3_consistent.py::test_consistent[2-ext4]",
)
RECORD = Record(
    HEADER,
    NAMES,
    tuple(ScenarioLine(name, "passed", 1.0) for name in NAMES),
    rounds=tuple(
        RoundLine(n, NAMES[1 + n], f"r{n}", "passed", "application", "application", 100,
                  filesystem="ext4")
        for n in (1, 2)
    ),
    controls=(ControlLine("dropped", "oracle", True),),
    footer=Footer({}, "conforms", 0, "2026-11-26T06:00:00Z", "f" * 64),
)  # fmt: skip


def test_subjects_are_the_files_of_kit_and_executor() -> None:
    subjects = {s["name"]: s["digest"]["sha256"] for s in statement(RECORD, 30)["subject"]}
    assert subjects == {
        "kit/pre.sh": "a" * 64,
        "kit/post.sh": "b" * 64,
        "executor/executor.pyz": "c" * 64,
    }


def test_the_predicate_says_what_was_run_and_until_when_it_holds() -> None:
    predicate = statement(RECORD, 30)["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["passedTests"] == list(NAMES)
    assert predicate["expires"] == "2026-12-26T06:00:00Z"
    assert predicate["certified"]["acknowledged"] == 200
    facts = {entry["name"]: entry.get("annotations") for entry in predicate["configuration"]}
    assert facts["application"] == {"x": "1-2"}
    assert facts["run"]["seed"] == 7


def test_a_warning_is_stated() -> None:
    warned = replace(RECORD.scenarios[0], status="warned")
    predicate = statement(replace(RECORD, scenarios=(warned, *RECORD.scenarios[1:])), 1)[
        "predicate"
    ]
    assert predicate["result"] == "WARNED"
    assert predicate["warnedTests"] == [NAMES[0]]


def test_backups_with_faults_are_told_apart_from_rounds() -> None:
    line = replace(RECORD.rounds[0], number=3, fault="the executor was killed")
    faulty = (line, replace(line, after_fault=True))
    certified = statement(replace(RECORD, rounds=(*RECORD.rounds, *faulty)), 30)["predicate"][
        "certified"
    ]
    assert (certified["rounds"], certified["faults"]) == (2, 1)
    assert certified["acknowledged"] == 400
    too_few = replace(RECORD, rounds=(RECORD.rounds[0], *faulty))
    assert "1 of 2 rounds" in refusal(too_few)


def judged(verdict: VerdictWord) -> Record:
    return replace(RECORD, footer=Footer({}, verdict, 1, "2026-11-26T06:00:00Z", "f" * 64))


NO_CERTIFICATE = {
    "no certification": replace(RECORD, header=replace(HEADER, kit=None)),
    "did not reach its end": replace(RECORD, footer=None),
    "does-not-conform": judged("does-not-conform"),
    "not-proven": judged("not-proven"),
    "only a part": replace(RECORD, header=replace(HEADER, selection="round1")),
    "1 of 4 scenarios": replace(RECORD, scenarios=RECORD.scenarios[:3]),
    "1 of 2 rounds": replace(RECORD, rounds=RECORD.rounds[:1]),
    "level 1 was not run": replace(RECORD, plan=NAMES[1:], scenarios=RECORD.scenarios[1:]),
    "level 4 was not run": replace(RECORD, header=replace(HEADER, kit=replace(KIT, level=4))),
}


@pytest.mark.parametrize(("words", "record"), NO_CERTIFICATE.items(), ids=NO_CERTIFICATE)
def test_what_carries_no_certificate(words: str, record: Record) -> None:
    assert words in refusal(record)
    with pytest.raises(ValueError, match=words):
        statement(record, 30)


def test_what_carries_one() -> None:
    assert refusal(RECORD) == ""
