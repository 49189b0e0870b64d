"""The stories of the field: each is told by scenarios that are there, or says why not."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from harness.scenario.stories import Story, stories, stories_of
from harness.scenario.suite import suite_root

_ROOT = Path(__file__).resolve().parents[2]
#: "owner/name#1", "name PR#1", and after it "/#2" or ", #3" of the same project.
_NUMBER = re.compile(r"(?:([\w.-]+(?:/[\w.-]+)*)(?: PR)?)?#(\d+)")
#: Numbers of other trackers: "bz 207053", "community, 492971", "PXC-3739".
_ELSEWHERE = re.compile(r"(?:bz|tracker|community),? (\d+)|\b([A-Z]{3}-\d+)")


def field() -> str:
    """The list of stories that this file was written from: section 4 of FIELD.md."""
    path = Path(os.environ.get("SNAPCERT_FIELD") or _ROOT.parent / "shared" / "FIELD.md")
    if not path.is_file():
        pytest.skip(f"the list of stories is not here: no {path}; set SNAPCERT_FIELD to it")
    return path.read_text(encoding="utf-8").partition("\n## 4. ")[2].partition("\n## ")[0]


def told(sources: Iterable[str]) -> set[str]:
    """What the sources name: "core#7681" and "opnsense#7681" of "opnsense/core#7681"."""
    found = set()
    for source in sources:
        project = ""
        for owner_and_name, number in _NUMBER.findall(source):
            project = owner_and_name or project
            found |= {f"{part}#{number}".lower() for part in project.split("/")}
        found |= {"".join(groups) for groups in _ELSEWHERE.findall(source)}
        found.add(source.split()[0].rstrip(",").removesuffix("'s").lower())
    return found


def untold(text: str, sources: Iterable[str]) -> Iterator[str]:
    """The references of the numbered items of `text` that no source names.

    A number without a project is one of a project that its heading has named so far; an item
    without any number is known by its first word.
    """
    known = told(sources)
    for part in re.split(r"^\*\*.*\*\*$", text, flags=re.MULTILINE):
        projects: list[str] = []
        for item in re.split(r"(?:^|(?<=\. ))\d+\. ", part, flags=re.MULTILINE)[1:]:
            numbers = [f"#{number}" for _, number in _NUMBER.findall(item)]
            for project, number in _NUMBER.findall(item):
                if project not in ("", "PR"):
                    projects.append(project.rpartition("/")[2].lower())
                mine = projects[-1:] if project else projects
                if not known & {f"{name}#{number}" for name in mine}:
                    yield f"{project}#{number}"
            others = ["".join(groups) for groups in _ELSEWHERE.findall(item)]
            yield from (other for other in others if other not in known)
            if not numbers and not others and item.split()[0].lower() not in known:
                yield item.strip()


def scenarios() -> set[str]:
    """Every scenario function by its module, as the stories name them."""
    root = suite_root() / "scenarios"
    return {
        f"{path.relative_to(root).as_posix()}::{node.name}"
        for path in root.rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.source)
def test_a_story_is_told_or_says_why_not(story: Story) -> None:
    assert bool(story.scenarios) != bool(story.not_here), "told by scenarios, or a reason"
    assert set(story.scenarios) - scenarios() == set()


def test_every_story_of_the_field_is_here() -> None:
    text = field()
    assert len(_NUMBER.findall(text)) > len(stories())
    assert list(untold(text, [story.source for story in stories()])) == []


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        ("a-tool#1: it hung.", []),
        ("a-tool#2: it hung.", ["a-tool#2"]),
        ("other#1/#4: it hung.", ["other#1", "#4"]),
        ("a-tool PR#7: it hung; #3: twice.", ["a-tool#7"]),
        ("owner PR#1: it hung.", []),
        ("kernel bz 12345 and a-tool#1.", ["12345"]),
        ("community 54321: no.", []),
        ("Percona ABC-12: no.", ["ABC-12"]),
        ("a-list 2025: an answer was lost.", []),
        ("a-paper: an answer was lost.", ["a-paper: an answer was lost."]),
    ],
)
def test_a_story_of_the_field_that_is_missing_is_named(item: str, missing: list[str]) -> None:
    sources = ["owner/a-tool#1, #3", "a community, 54321", "a-list, September 2025"]
    text = f"**one**\n1. x#9. 2. {item}\n**two**\n1. a-tool#1: it hung.\n"
    assert list(untold(text, [*sources, "x#9"])) == missing


def test_no_story_stands_twice() -> None:
    sources = [story.source for story in stories()]
    assert len(set(sources)) == len(sources)


def test_a_scenario_names_its_stories() -> None:
    story = next(story for story in stories() if story.scenarios)
    assert str(story) in stories_of(f"scenarios/{story.scenarios[0]}[data-ext4]")
    assert stories_of("scenarios/test_thaw.py::test_nothing") == ()
