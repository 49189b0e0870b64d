"""The stories of the field: each is told by scenarios that are there, or says why not."""

from __future__ import annotations

import ast

import pytest

from harness.scenario.stories import Story, stories, stories_of
from harness.scenario.suite import suite_root


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


def test_no_story_stands_twice() -> None:
    sources = [story.source for story in stories()]
    assert len(set(sources)) == len(sources)


def test_a_scenario_names_its_stories() -> None:
    story = next(story for story in stories() if story.scenarios)
    assert str(story) in stories_of(f"scenarios/{story.scenarios[0]}[data-ext4]")
    assert stories_of("scenarios/test_thaw.py::test_nothing") == ()
