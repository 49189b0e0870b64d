"""The page: self-contained, hostile text stays text, the worst comes first."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from harness.history import Fault, Harm, Outcome
from harness.results import html
from harness.results.page import build_page
from harness.results.proof import proof
from harness.results.reader import parse
from harness.results.record import (
    ControlLine,
    ExecutorInfo,
    Header,
    KitInfo,
    Line,
    Record,
    RoundLine,
    RunLine,
    ScenarioLine,
    encode,
)
from harness.results.texts import error_words
from harness.results.wording import HARMS
from tests.results import sample, sample_kit

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Thing = TypeVar("Thing", bound="DataclassInstance")

HOSTILE = (
    "\"'><script>alert(1)</script></style></pre>\x1b[31m\x07\udcff{{7*7}}<img src=x onerror=y>"
)
VOID = {"meta", "input", "br", "wbr", "line", "rect", "path"}


class Tree(HTMLParser):
    """Tags, attributes and text of a page, and whether its elements nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.data = ""
        self._open: list[str] = []
        self.misnested: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID and (not self._open or self._open[-1] != tag):
            return
        if not self._open or self._open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            if self.tags[-1][1].get("id") == "data":
                self.data += data
            else:
                self.scripts.append(data)
        elif self._open and self._open[-1] != "style":
            self.text.append(data)


def inside(page: str) -> str:
    """What the rows of the page hold, as HTML, in the order of the rows."""
    return "".join(row["more"] for row in json.loads(Tree(page).data)["rows"])


def record_of(header: Header, lines: list[Line]) -> Record:
    return parse(b"".join(encode(line) for line in (header, *lines)))


@pytest.fixture(scope="module")
def conform() -> str:
    record = record_of(sample.conform_header(), list(sample.conform_lines()))
    return html.render([record], sample.CLAUSES)


@pytest.fixture(scope="module")
def certify() -> str:
    record = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines(bad=True)))
    return html.render([record], sample.CLAUSES)


def test_elements_nest_and_ids_are_unique(conform: str, certify: str) -> None:
    for page in (conform, certify):
        tree, rows = Tree(page), Tree(inside(page))
        assert tree.misnested == rows.misnested == []
        tags = [*tree.tags, *rows.tags]
        ids = [a["id"] for _, a in tags if "id" in a]
        assert len(ids) == len(set(ids))
        targets = {a["href"] for tag, a in tags if tag == "a"}
        assert targets <= {f"#{name}" for name in ids}


def test_nothing_is_fetched(conform: str, certify: str) -> None:
    for page in (conform, certify):
        for tag, attributes in Tree(page).tags + Tree(inside(page)).tags:
            assert tag not in {
                "link",
                "img",
                "iframe",
                "object",
                "embed",
                "base",
                "form" + "action",
            }
            assert not {"src", "srcset", "action", "background", "data"} & set(attributes), tag
            assert not any(name.startswith("on") for name in attributes), tag
        assert "url(" not in page
        assert "@import" not in page
        assert not re.search(r"https?://", page)


def test_the_policy_names_the_only_script(conform: str) -> None:
    tree = Tree(conform)
    policy = next(
        a["content"]
        for tag, a in tree.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256("".join(tree.scripts).encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy


def poisoned(thing: Thing, **others: Any) -> Thing:
    """The same with hostile text in every field that holds text."""
    texts = {f.name: HOSTILE for f in dataclasses.fields(thing) if f.type == "str"}
    return dataclasses.replace(thing, **{**texts, **others})


def hostile_lines() -> list[Line]:
    scenario = f"scenarios/{HOSTILE}.py::{HOSTILE}"
    made = sample.history("r", scenario, disks=(sample.disk(HOSTILE, "ext4", "/", 1),), log=HOSTILE)
    outcome = Outcome("failed", "none", (HOSTILE,), (HOSTILE,), {HOSTILE: HOSTILE})
    made = poisoned(
        made,
        end=dataclasses.replace(made.end, problem=HOSTILE, outcome=outcome, log_tail=HOSTILE),
        faults=(Fault(sample.BOOT + 0.5, HOSTILE),),
    )
    return [
        RunLine(HOSTILE, scenario, made),
        poisoned(sample.check(scenario, "X.y", "failed"), scenario=scenario),
        poisoned(RoundLine(1, "", "", "failed", "application", None), scenario=scenario),
        poisoned(ControlLine("", "oracle", False)),
        poisoned(ControlLine("", "script", False)),
        poisoned(ScenarioLine("", "failed", 1.0), id=scenario),
        poisoned(ScenarioLine("", "skipped", 0.0), id="other"),
    ]


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    executor = poisoned(ExecutorInfo(""), not_applicable={HOSTILE: HOSTILE})
    header = poisoned(sample.conform_header(), executor=executor, kit=poisoned(KitInfo("")))
    page = html.render([record_of(header, hostile_lines())], {HOSTILE: HOSTILE})
    page.encode()
    assert "\x1b" not in page
    assert "\x07" not in page
    tree, rows = Tree(page), Tree(inside(page))
    assert tree.misnested == rows.misnested == []
    assert [tag for tag, _ in tree.tags].count("script") == 2  # the page's own, and its data
    assert not any(tag == "script" for tag, _ in rows.tags)
    for part in (tree, rows):
        assert not any(tag == "img" for tag, _ in part.tags)
        assert not any(name.startswith("on") for _, a in part.tags for name in a)
        assert any("<script>alert(1)</script>" in text for text in part.text)
    assert "{{7*7}}" in page


def test_the_worst_harm_comes_first(conform: str) -> None:
    page = build_page([record_of(sample.conform_header(), list(sample.conform_lines()))])
    assert [view.telling[0].harm if view.telling else "" for view in page.failures] == [
        "false-consistency",
        "left-frozen",
        "contract",
        "",
    ]
    assert conform.index("false consistency") < conform.index("left frozen")


def test_every_harm_has_words() -> None:
    assert list(HARMS) == [harm.name.lower().replace("_", "-") for harm in Harm]


def test_each_run_is_drawn_once(certify: str, conform: str) -> None:
    picture = 'class="timeline"'
    assert certify.count(picture) == 5  # five rounds, and no other picture
    assert inside(certify).count(picture) == 0
    assert conform.count(picture) == 4  # the failures
    assert inside(conform).count(picture) == 26


def test_each_check_is_in_its_row(conform: str) -> None:
    data = json.loads(Tree(conform).data)
    numbers = [row["checks"] for row in data["rows"]]
    assert sum(map(len, numbers)) == 4 * 55
    said = [
        (data["clauses"][n[at]][0], data["statuses"][n[at + 1]][0], data["texts"][n[at + 3]])
        for n in numbers
        for at in range(0, len(n), 4)
    ]
    assert ("RUN-09.umask", "warned", "umask 077") in said
    assert said.count(("FBK-01.status", "passed", "status succeeded")) == 25


def test_no_text_ends_the_data(conform: str) -> None:
    ends = "</script><!-- <script> </SCRIPT\u2028>"
    lines: list[Line] = [
        sample.check("s", "X.y", observed=ends),
        ScenarioLine("s", "passed", 1.0, title=ends),
    ]
    tree = Tree(html.render([record_of(sample.conform_header(), lines)]))
    assert json.loads(tree.data)["texts"][1] == ends.replace("\u2028", "\\u2028")
    assert tree.misnested == []
    assert "".join(tree.scripts) == "".join(Tree(conform).scripts)


def test_rule_by_filesystem_by_executor() -> None:
    ours = record_of(sample.conform_header(), list(sample.conform_lines()))
    header = dataclasses.replace(ours.header, executor=ExecutorInfo("other", "1.0"))
    page = build_page([ours, dataclasses.replace(ours, header=header)])
    columns = [(column.executor, column.filesystem) for column in page.matrix.columns]
    assert columns == [
        ("vendor-agent 2.4.1", "ext4"),
        ("vendor-agent 2.4.1", "xfs"),
        ("other 1.0", "ext4"),
        ("other 1.0", "xfs"),
    ]
    row = next(row for row in page.matrix.rows if row.rule == "FBK-03")
    assert [cell.counts if cell else None for cell in row.cells] == [{"failed": 1}, None] * 2
    assert [clause.rule for clause in row.clauses] == ["FBK-03.post-runs"]
    assert len(page.failures) == 8
    anchors = [view.anchor for view in page.failures]
    assert len(set(anchors)) == 8


def test_claims_and_pauses_are_drawn(certify: str) -> None:
    record = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines(bad=True)))
    drawn = proof(record)
    assert drawn is not None
    assert [(step.number, step.name, step.status) for step in drawn.ladder] == [
        (1, "static", "passed"),
        (2, "contract", "passed"),
        (3, "consistent", "failed"),
    ]
    assert [claim.false for claim in drawn.claims] == [False, False, False, True, False]
    assert [spread.name for spread in drawn.spreads] == [
        "pause of writes",
        "other gaps",
        "freeze",
    ]
    assert all(0 < share <= 100 for spread in drawn.spreads for share in spread.shares)
    assert certify.count('class="reached"') == 5


def test_a_passing_certification_begins_with_a_picture() -> None:
    record = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines()))
    page = html.render([record], sample.CLAUSES)
    assert "Certified at level 3" not in page  # no footer: nothing is certified
    assert page.index("One backup, to scale") < page.index("All scenarios")


def test_a_failure_says_all_of_it(conform: str) -> None:
    text = " ".join(" ".join(Tree(conform).text).split())
    for part in (
        sample.CLAUSES["FRZ-03.thawed"],
        "every disk thawed within 10 s of the kill",
        "disk data was frozen until the host's rescue thawed it after 75.0 s",
        "Every write to /data blocks until somebody thaws it by hand.",
        "rescue thaw of data",
    ):
        assert part in text


def test_the_errors_of_an_executor_come_with_their_action() -> None:
    made = sample.history("r", "s", disks=())
    outcome = Outcome("failed", "none", ("Pre-ScriptTimeout",))
    made = dataclasses.replace(made, end=dataclasses.replace(made.end, outcome=outcome))
    record = record_of(sample.conform_header(), [RunLine("r", "s", made)])
    page = html.render([record])
    words = error_words("Pre-ScriptTimeout")
    for part in (words.message, words.action):
        assert part in page


def test_what_never_ran_is_named() -> None:
    lines = list(sample.conform_lines())
    record = record_of(sample.conform_header(), lines[:8])
    page = build_page([record])
    assert page.subjects[0].title == "Incomplete"
    assert len(page.scenarios) == 32
    assert sum("never ran" in v.line.skipped_reason for v in page.scenarios) > 20


def test_nothing_at_all_is_still_a_page() -> None:
    page = html.render([record_of(sample.conform_header(), [])])
    assert Tree(page).misnested == []
    assert "Incomplete" in page
    assert "nothing was executed" in page


def test_controls_are_counted_over_rounds() -> None:
    lines: list[Line] = [ControlLine("dropped", "oracle", n != 2, f"round {n}") for n in range(5)]
    control = build_page([record_of(sample_kit.certify_header(), lines)]).subjects[0].controls[0]
    assert (control.caught, control.made) == (4, 5)
    assert control.details[0] == "round 2"


def test_two_thousand_checks_render_in_a_moment() -> None:
    disks = (sample.disk("data", "ext4", "/data", 3),)
    lines: list[Line] = []
    for number in range(500):
        scenario = f"scenarios/test_many.py::test_one[{number}]"
        lines.append(RunLine(f"r{number}", scenario, sample.history("r", scenario, disks=disks)))
        lines += [sample.check(scenario, "FBK-01.status", run=f"r{number}") for _ in range(4)]
        lines.append(ScenarioLine(scenario, "passed", 1.0))
    record = record_of(sample.conform_header(), lines)
    began = time.process_time()
    page = html.render([record], sample.CLAUSES)
    assert time.process_time() - began < 10
    assert len(page) < 8_000_000
