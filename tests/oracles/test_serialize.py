"""A stored history is the same history."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import History
from harness.oracles import judge
from harness.serialize import from_json, to_data, to_json
from tests.oracles.builders import application, disk, freeze, history, image, mark, state
from tests.oracles.test_bad import BAD
from tests.oracles.test_good import GOOD

ALL = {name: run for name, (run, _, _) in GOOD.items()} | {n: b.run for n, b in BAD.items()}


@pytest.mark.parametrize("name", ALL)
def test_round_trip(name: str) -> None:
    assert from_json(to_json(ALL[name])) == ALL[name]


def test_each_kind_of_image_comes_back_as_itself() -> None:
    disks = (disk("a"), disk("b", "xfs"), disk("c", "btrfs"))
    run = history(*disks, images=tuple(image(d) for d in disks))
    assert [type(i) for i in from_json(to_json(run)).images] == [type(i) for i in run.images]
    assert [i["kind"] for i in to_data(run)["images"]] == ["ext4", "xfs", "btrfs"]


def test_a_stored_run_is_judged_as_the_live_one() -> None:
    run = history(application=application())
    assert judge(from_json(to_json(run))) == judge(run)


@given(st.binary(max_size=40), st.floats(allow_nan=False, allow_infinity=False))
def test_bytes_of_a_guest_and_instants_are_kept(raw: bytes, at: float) -> None:
    word = raw.decode("utf-8", "surrogateescape")
    run = history(
        marks=(mark("pre", "start", at, argv=(word,), environ={word: word}),),
        freezes=(freeze(thawed_before=None, first=at, last=at, thawed_after=None),),
        after=replace(state(at), files={word: "-rw------- 0:0 1"}),
    )
    text = to_json(run)
    assert text.isascii()
    assert "\n" not in text
    assert from_json(text) == run


def _changed(**changes: object) -> str:
    return json.dumps({**to_data(history()), **changes})


@pytest.mark.parametrize(
    "text",
    ["[]", "3", "{}", "not json", _changed(unknown=1), _changed(disks="x"), _changed(images=[{}])],
    ids=["list", "number", "empty", "no json", "unknown key", "wrong type", "image of no kind"],
)
def test_other_data_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


def test_the_data_is_plain() -> None:
    run: History = history()
    assert json.loads(to_json(run)) == to_data(run)
