"""Frames survive any chunking, and what is no frame is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machines import bundle
from harness.machines.agent import wire

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_MESSAGES = st.lists(st.dictionaries(st.text(max_size=8), _VALUES, max_size=4), max_size=5)


@given(messages=_MESSAGES, cuts=st.lists(st.integers(min_value=1, max_value=40), min_size=1))
def test_frames_survive_any_chunking(messages: list[dict[str, object]], cuts: list[int]) -> None:
    stream = b"".join(wire.encode(message) for message in messages)
    reader = wire.Reader()
    found = []
    at = turn = 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += reader.feed(stream[at : at + size])
        at += size
        turn += 1
    assert found == messages
    assert not reader.in_the_middle


def test_a_cut_frame_is_known_as_such() -> None:
    reader = wire.Reader()
    assert reader.feed(wire.encode({"beat": 1})[:-1]) == []
    assert reader.in_the_middle


def test_bytes_of_a_guest_that_are_no_text_come_back_as_they_were() -> None:
    raw = b"/tmp/\xff\xfe\x80 caf\xc3\xa9"
    text = raw.decode("utf-8", "surrogateescape")
    (message,) = wire.Reader().feed(wire.encode({"path": text}))
    assert message["path"].encode("utf-8", "surrogateescape") == raw


@given(st.binary(max_size=200))
def test_binary_content_comes_back_as_it_was(data: bytes) -> None:
    assert wire.unpack(wire.pack(data)) == data


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param((wire.MAX_FRAME + 1).to_bytes(4, "big"), id="too-long"),
        pytest.param((2).to_bytes(4, "big") + b"[]", id="no-object"),
        pytest.param((3).to_bytes(4, "big") + b"{]}", id="no-json"),
        pytest.param((1).to_bytes(4, "big") + b"\xff", id="no-utf8"),
        pytest.param(b"HTTP/1.1 400 Bad Request", id="another-protocol"),
    ],
)
def test_what_is_no_frame_is_refused(stream: bytes) -> None:
    with pytest.raises(wire.FrameError):
        wire.Reader().feed(stream)


def test_a_message_longer_than_a_frame_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 10)
    with pytest.raises(wire.FrameError, match="longer than 10"):
        wire.encode({"text": "x" * 20})


def test_the_same_sources_give_the_same_bytes_and_hold_the_whole_package() -> None:
    first = bundle.build_agent()
    bundle.build_agent.cache_clear()
    assert bundle.build_agent() == first
    with zipfile.ZipFile(BytesIO(first)) as archive:
        names = set(archive.namelist())
        assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in archive.infolist())
    assert {"snapcert_agent/__main__.py", "snapcert_agent/guest.py"} <= names
    assert {name + "c" for name in names if name.endswith(".py")} <= names


def test_the_agent_refuses_to_be_anything_but_a_main_process() -> None:
    """What it does to its surroundings, it may only do in a container of its own."""
    role = wire.encode(wire.request(1, wire.Do.ROLE, {"role": "guest", "run": "r", "name": "g"}))
    ended = subprocess.run(
        [sys.executable, "-I", "-c", wire.BOOTSTRAP],
        input=bundle.bootstrap_input() + role,
        capture_output=True,
        timeout=60,
        check=False,
    )
    hello, refusal = wire.Reader().feed(ended.stdout)
    assert hello["hello"]["protocol"] == wire.PROTOCOL
    assert hello["hello"]["kernel"] == os.uname().release
    assert refusal["error"]["code"] == wire.Code.NOT_PERMITTED
    assert ended.returncode == 1


def test_an_agent_without_a_role_ends_with_its_input() -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-c", wire.BOOTSTRAP],
        input=bundle.bootstrap_input(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(wire.Reader().feed(ended.stdout)) == 1


def test_an_agent_that_does_not_arrive_whole_says_so() -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-c", wire.BOOTSTRAP],
        input=bundle.bootstrap_input()[:-1],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert b"did not arrive whole" in ended.stderr


def test_frames_are_plain_ascii_json() -> None:
    frame = wire.encode({"a": "\u00e9\udc80"})
    assert json.loads(frame[4:].decode("ascii")) == {"a": "\u00e9\udc80"}
