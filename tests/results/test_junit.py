"""JUnit XML: well-formed whatever a log says, and read by an independent reader."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from harness.results import junit
from harness.results.reader import parse
from harness.results.record import Header, Line, Record, ScenarioLine, encode
from tests.results import sample, sample_kit


def record_of(header: Header, lines: list[Line]) -> Record:
    return parse(b"".join(encode(line) for line in (header, *lines)))


@pytest.fixture(scope="module")
def xml() -> bytes:
    record = record_of(sample.conform_header(), list(sample.conform_lines()))
    return junit.render(record, sample.CLAUSES)


def test_the_numbers_agree_with_the_cases(xml: bytes) -> None:
    root = ET.fromstring(xml)
    cases = list(root.iter("testcase"))
    counted = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    declared = {name: sum(int(suite.get(name, "")) for suite in root) for name in counted}
    assert declared == counted == {"tests": 32, "failures": 4, "errors": 0, "skipped": 2}


def test_properties_carry_the_rules(xml: bytes) -> None:
    root = ET.fromstring(xml)
    pairs = [(p.get("name"), p.get("value")) for p in root.iter("property")]
    assert (
        "test_killed_between_freeze_and_thaw[ext4]",
        "FBK-03 failed, FRZ-03 failed",
    ) in pairs
    about = {p.get("name"): p.get("value") for p in root[0].find("properties") or ()}
    assert about["verdict"] == "does-not-conform"
    assert about["rules"] == "2025-04"


def test_rounds_are_told() -> None:
    lines = list(sample_kit.certify_lines(bad=True))
    root = ET.fromstring(junit.render(record_of(sample_kit.certify_header(), lines)))
    values = [p.get("value") for p in root.iter("property")]
    assert "round 4 failed: claimed application, reached crash" in values


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
    assert root[0].get("errors") == "1"


def test_nothing_executed_is_still_a_report() -> None:
    root = ET.fromstring(junit.render(record_of(sample.conform_header(), [])))
    assert root[0].get("tests") == "0"
    verdict = root.find(".//property[@name='verdict']")
    assert verdict is not None
    assert verdict.get("value") == "incomplete"


#: What the two common schemas have both, Ant's (by Windy Road) and Jenkins' (junit-10): for each
#: element its required attributes, those that it may have, and its children in their order. A
#: reduction of our own: no package of PyPI brings either. What is held against it here was held
#: against both of them too, by hand, with lxml.
COMMON: dict[str, tuple[set[str], set[str], str]] = {
    "testsuites": (set(), set(), r"(testsuite )*"),
    "testsuite": (
        {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "time"},
        {"skipped"},
        r"properties (testcase )*system-out system-err ",
    ),
    "properties": (set(), set(), r"(property )*"),
    "property": ({"name", "value"}, set(), ""),
    "testcase": ({"name", "classname", "time"}, set(), r"(skipped |error |failure )?"),
    "skipped": (set(), {"type", "message"}, ""),
    "error": ({"type"}, {"message"}, ""),
    "failure": ({"type"}, {"message"}, ""),
    "system-out": (set(), set(), ""),
    "system-err": (set(), set(), ""),
}
VALUES = {
    "id": r"\d+",
    "tests": r"\d+",
    "failures": r"\d+",
    "errors": r"\d+",
    "skipped": r"\d+",
    "time": r"\d+\.\d{3}",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "name": r"\S+( \S+)*",
    "hostname": r"\S+",
}


def against_common(xml: bytes) -> None:
    """Raises AssertionError where either of the common schemas would refuse it."""
    root = ET.fromstring(xml)
    assert root.tag == "testsuites"
    for element in root.iter():
        required, allowed, children = COMMON[element.tag]
        assert required <= set(element.attrib) <= required | allowed, element.tag
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), element.tag
        for name, value in element.attrib.items():
            if name in VALUES and (element.tag, name) != ("skipped", "message"):
                assert re.fullmatch(VALUES[name], value), (element.tag, name, value)
    assert [suite.get("id") for suite in root] == [str(n) for n in range(len(root))]


@pytest.mark.parametrize(
    "lines",
    [
        list(sample.conform_lines()),
        list(sample_kit.certify_lines(bad=True)),
        [],
        [ScenarioLine("x::y", "harness-error", 1, "no loop device left")],
    ],
    ids=["conform", "certify", "nothing", "error"],
)
def test_it_keeps_to_the_common_schemas(lines: list[Line]) -> None:
    against_common(junit.render(record_of(sample.conform_header(), lines)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<system-err />", b""),
        (b'hostname="localhost" ', b""),
        (b"<testsuites>", b'<testsuites tests="1">'),
        (b"<skipped", b"<system-out/><skipped"),
        (b'tests="', b'tests="x'),
    ],
)
def test_the_schemas_refuse_what_is_none(xml: bytes, old: bytes, new: bytes) -> None:
    assert old in xml
    with pytest.raises(AssertionError):
        against_common(xml.replace(old, new, 1))
