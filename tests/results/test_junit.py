"""JUnit XML: well-formed whatever a log says, and read by an independent reader."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from harness.results import junit
from harness.results.reader import parse
from harness.results.record import Header, Line, Record, ScenarioLine, encode
from tests.results import sample


def record_of(header: Header, lines: list[Line]) -> Record:
    return parse(b"".join(encode(line) for line in (header, *lines)))


@pytest.fixture(scope="module")
def xml() -> bytes:
    record = record_of(sample.conform_header(), list(sample.conform_lines()))
    return junit.render(record, sample.CLAUSES)


def test_the_numbers_agree_with_the_cases(xml: bytes) -> None:
    root = ET.fromstring(xml)
    cases = list(root.iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    declared = tuple(int(root.get(name, "")) for name in ("tests", "failures", "errors"))
    assert declared == (len(cases), len(failed), 0) == (32, 4, 0)
    suites = root.iter("testsuite")
    assert sum(int(suite.get("skipped", "0")) for suite in suites) == len(skipped) == 2


def test_properties_carry_the_rules(xml: bytes) -> None:
    root = ET.fromstring(xml)
    case = next(
        c
        for c in root.iter("testcase")
        if c.get("name") == "test_killed_between_freeze_and_thaw[ext4]"
    )
    pairs = [(p.get("name"), p.get("value")) for p in case.iter("property")]
    assert ("rule", "FRZ-03") in pairs
    assert ("check", "FBK-03.post-runs failed") in pairs
    about = {p.get("name"): p.get("value") for p in root[0].find("properties") or ()}
    assert about["verdict"] == "does-not-conform"
    assert about["rules"] == "2025-04"


def test_a_failure_says_what_a_person_needs(xml: bytes) -> None:
    failure = next(
        f for f in ET.fromstring(xml).iter("failure") if "FRZ-03" in f.get("message", "")
    )
    for part in (sample.CLAUSES["FRZ-03.thawed"], "expected:", "observed:", "replay: snapcert"):
        assert part in (failure.text or "")


def test_hostile_text_is_text(xml: bytes) -> None:
    text = xml.decode()
    assert "\x1b" not in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_harness_failure_is_an_error() -> None:
    line = ScenarioLine("x::y", "harness-error", 1, "no loop device left", "detach some", "store")
    root = ET.fromstring(junit.render(record_of(sample.conform_header(), [line])))
    error = root.find(".//error")
    assert error is not None
    assert error.get("message") == "no loop device left"
    assert "remedy: detach some" in (error.text or "")
    assert root.get("errors") == "1"


def test_nothing_executed_is_still_a_report() -> None:
    root = ET.fromstring(junit.render(record_of(sample.conform_header(), [])))
    assert root.get("tests") == "0"
    verdict = root.find(".//property[@name='verdict']")
    assert verdict is not None
    assert verdict.get("value") == "incomplete"


def test_suites_are_areas_and_structure_is_that_of_the_common_schema(xml: bytes) -> None:
    root = ET.fromstring(xml)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
        children = [child.tag for child in suite]
        assert children == sorted(children)  # properties before testcases
        for case in suite.iter("testcase"):
            assert {"name", "classname", "time"} == set(case.attrib)
            assert {c.tag for c in case} <= {
                "properties",
                "skipped",
                "failure",
                "error",
                "system-out",
            }
            assert sum(c.tag in {"skipped", "failure", "error"} for c in case) <= 1
