"""The executor is killed around the freeze: nothing stays frozen (FRZ-03, ROB-02).

It is killed while a freeze or thaw of its own waits to be done, so that the instant is exact; and
at instants drawn by the seed.
"""

from __future__ import annotations

import random
from typing import Literal

import pytest

from harness.oracles.instants import post_start
from harness.scenario.case import Case
from harness.scenario.courses import ALL_WELL
from harness.scenario.given import Given, configured, scripts
from harness.scenario.options import Options
from harness.targets.situation import KILL, at_call

#: How often, and how long after its first freeze at the latest, in seconds, by chance.
DRAWS, LATEST = 3, 0.1


@pytest.mark.guest("two-disks", every_filesystem=True)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("what", ["freeze", "thaw"])
def test_killed_at_a_call(case: Case, what: Literal["freeze", "thaw"], number: int) -> None:
    """SIGKILL before the first freeze, between the two, before the first thaw, between the two."""
    given = Given(configured(), scripts())
    killed = case.backup(given, triggers=[at_call(what, KILL, number=number)])
    killed.expect_killed()
    again = case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})
    again.check_recovered(killed)


@pytest.mark.guest("root-and-data")
def test_killed_at_random(case: Case, snapcert_options: Options) -> None:
    """SIGKILL at instants that the seed draws, in the freeze, the snapshot or the thaw."""
    draw = random.Random(snapcert_options.seed)
    given = Given(configured(), scripts())
    for _ in range(DRAWS):
        late = {**KILL, "after": draw.uniform(0.0, LATEST)}
        killed = case.backup(given, triggers=[at_call("freeze", late, number=1)])
        killed.expect_killed(post=(0, 2))
        again = case.backup(given).expect(*ALL_WELL, attempts={"post": (1, 2)})
        # One that had begun may have been ended, and is run once more.
        post, at = post_start(killed.history), killed.history.end.killed
        if post is None or at is None or post.early > at:
            again.check_recovered(killed)
