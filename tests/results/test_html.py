"""The page: self-contained, hostile text stays text, the worst comes first."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from harness.history import Fault, Harm, Outcome
from harness.results import html
from harness.results.page import build_page
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
            self.scripts.append(data)
        elif self._open and self._open[-1] != "style":
            self.text.append(data)


def record_of(header: Header, lines: list[Line]) -> Record:
    return parse(b"".join(encode(line) for line in (header, *lines)))


@pytest.fixture(scope="module")
def conform() -> str:
    record = record_of(sample.conform_header(), list(sample.conform_lines()))
    return html.render(record, sample.CLAUSES)


@pytest.fixture(scope="module")
def certify() -> str:
    record = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines(bad=True)))
    return html.render(record, sample.CLAUSES)


def test_elements_nest_and_ids_are_unique(conform: str, certify: str) -> None:
    for page in (conform, certify):
        tree = Tree(page)
        assert tree.misnested == []
        ids = [a["id"] for _, a in tree.tags if "id" in a]
        assert len(ids) == len(set(ids))
        targets = {a["href"] for tag, a in tree.tags if tag == "a"}
        assert targets <= {f"#{name}" for name in ids}


def test_nothing_is_fetched(conform: str, certify: str) -> None:
    for page in (conform, certify):
        for tag, attributes in Tree(page).tags:
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
    page = html.render(
        record_of(header, hostile_lines()), {HOSTILE: HOSTILE}, {HOSTILE: (HOSTILE, HOSTILE)}
    )
    page.encode()
    assert "\x1b" not in page
    assert "\x07" not in page
    tree = Tree(page)
    assert tree.misnested == []
    assert [tag for tag, _ in tree.tags].count("script") == 1
    assert not any(tag == "img" for tag, _ in tree.tags)
    assert not any(name.startswith("on") for _, a in tree.tags for name in a)
    assert any("<script>alert(1)</script>" in text for text in tree.text)
    assert "{{7*7}}" in page


def test_the_worst_harm_comes_first(conform: str) -> None:
    page = build_page(record_of(sample.conform_header(), list(sample.conform_lines())), {})
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
    assert certify.count('class="timeline"') == 5  # five rounds, and no other picture
    assert conform.count('class="timeline"') == 30


def test_a_passing_certification_begins_with_a_picture() -> None:
    record = record_of(sample_kit.certify_header(), list(sample_kit.certify_lines()))
    page = html.render(record, sample.CLAUSES)
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
    page = html.render(record, None, {"Pre-ScriptTimeout": ("ran too long", "look at the script")})
    assert "ran too long" in page
    assert "look at the script" in page


def test_what_never_ran_is_named() -> None:
    lines = list(sample.conform_lines())
    record = record_of(sample.conform_header(), lines[:8])
    page = build_page(record, {})
    assert page.title == "Incomplete"
    assert len(page.scenarios) == 32
    assert sum("never ran" in v.line.skipped_reason for v in page.scenarios) > 20


def test_nothing_at_all_is_still_a_page() -> None:
    page = html.render(record_of(sample.conform_header(), []))
    assert Tree(page).misnested == []
    assert "Incomplete" in page
    assert "nothing was executed" in page


def test_controls_are_counted_over_rounds() -> None:
    lines: list[Line] = [ControlLine("dropped", "oracle", n != 2, f"round {n}") for n in range(5)]
    control = build_page(record_of(sample_kit.certify_header(), lines), {}).controls[0]
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
    page = html.render(record, sample.CLAUSES)
    assert time.process_time() - began < 10
    assert len(page) < 8_000_000
