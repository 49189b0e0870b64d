"""What a scenario gives: where its scripts lie, for whoever watches them."""

from __future__ import annotations

import pytest

from harness.machines.files import GuestFile
from harness.scenario.given import Given, configured, script, scripts
from harness.targets.situation import POST_PATH, PRE_PATH

USUAL = {"pre": PRE_PATH, "post": POST_PATH}
MOVED = {"preScriptLocation": "/opt/moved/pre.sh", "postScriptLocation": "/opt/moved/post.sh"}


@pytest.mark.parametrize(
    ("given", "places"),
    [
        (Given(configured(), scripts()), USUAL),
        (Given(b"{", scripts()), USUAL),
        (Given(None), USUAL),
        (
            Given(configured(**MOVED)),
            {"pre": "/opt/moved/pre.sh", "post": "/opt/moved/post.sh"},
        ),
        (Given(configured(**MOVED), scripts()), USUAL),
        (
            Given(configured(**MOVED), (script("pre", "succeed"),)),
            {"pre": PRE_PATH, "post": "/opt/moved/post.sh"},
        ),
        (
            Given(
                configured(preScriptLocation="/opt/moved/pre.sh"),
                (GuestFile(PRE_PATH, kind="absent"),),
            ),
            {"pre": "/opt/moved/pre.sh", "post": POST_PATH},
        ),
        (Given(configured(preScriptLocation="opt/pre.sh")), USUAL),
    ],
    ids=["usual", "broken", "none", "moved", "linked", "one-linked", "taken-away", "relative"],
)
def test_where_the_scripts_lie(given: Given, places: dict[str, str]) -> None:
    assert given.places() == places
