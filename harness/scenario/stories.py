"""Real failures of backup systems, and the scenarios that would have shown them.

`scenarios/stories.toml` has each with its public source: the functions that tell it, or the reason
why it can't happen here.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.scenario.suite import suite_root


@dataclass(frozen=True)
class Story:
    """One failure: its source, what happened, and where it is told.

    `scenarios` are functions by module ("test_thaw.py::test_snapshot_hangs"); where there are
    none, `not_here` says why it can't happen in these guests.
    """

    source: str
    what: str
    scenarios: tuple[str, ...] = ()
    not_here: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.what}"


@functools.cache
def stories() -> tuple[Story, ...]:
    """All stories, in the order of the file."""
    text = (suite_root() / "scenarios" / "stories.toml").read_text(encoding="utf-8")
    return tuple(
        Story(
            entry["source"],
            entry["what"],
            tuple(entry.get("scenarios", ())),
            entry.get("not-here", ""),
        )
        for entry in tomllib.loads(text)["story"]
    )


@functools.cache
def _by_scenario() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for story in stories():
        for scenario in story.scenarios:
            found[scenario] = (*found.get(scenario, ()), str(story))
    return found


def stories_of(nodeid: str) -> tuple[str, ...]:
    """What a scenario tells, by its id ("scenarios/test_thaw.py::test_snapshot_hangs[…]")."""
    function = nodeid.partition("[")[0].removeprefix("scenarios/")
    return _by_scenario().get(function, ())
