"""Situations and sequences of runs that are drawn by chance, from --seed (--situations: how many).

Each is told in plain words in its title and in every check. What must happen follows from it by
the contract; one that fails is made simpler, in fresh guests, as long as it fails the same way.
"""

from __future__ import annotations

import math
from random import Random

import pytest

from harness.scenario.chance import draw, sequence
from harness.scenario.chance.circumstances import Circumstances
from harness.scenario.chance.following import follow
from harness.scenario.chance.staging import meet
from harness.scenario.chance.trial import Kind, Trials
from harness.scenario.options import USUAL_SITUATIONS, Options

#: One sequence for so many situations; runs in it usually, and where more were asked for.
SITUATIONS_A_SEQUENCE = 4
USUAL_LENGTH, FULL_LENGTH = 4, 8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """By number: every worker must collect the same."""
    situations = metafunc.config.getoption("--situations")
    counts = {"situation": situations, "run_of": math.ceil(situations / SITUATIONS_A_SEQUENCE)}
    for name, count in counts.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, range(count))


def test_situation(situation: int, trials: Trials, snapcert_options: Options) -> None:
    """A situation drawn by chance: the verdict, and all that was observed, follow from it."""
    random = Random(f"{snapcert_options.seed}/met/{situation}")
    met = draw.draw(random, trials.binds, snapcert_options.filesystems)
    kind = Kind[Circumstances](str, draw.simpler, lambda m: (m.place.layout, m.filesystem), meet)
    trials.judge(met, kind)


def test_sequence(run_of: int, trials: Trials, snapcert_options: Options) -> None:
    """Runs, kills and recoveries in one guest: each step leaves what the next must find."""
    random = Random(f"{snapcert_options.seed}/runs/{run_of}")
    more = snapcert_options.situations > USUAL_SITUATIONS
    length = FULL_LENGTH if more else USUAL_LENGTH
    runs = sequence.draw_sequence(random, trials.binds, length, snapcert_options.filesystems)
    kind = Kind[sequence.Runs](
        str, sequence.simpler, lambda r: (r.machine.place.layout, r.machine.filesystem), follow
    )
    trials.judge(runs, kind)
