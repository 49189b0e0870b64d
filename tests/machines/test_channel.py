"""The channel against an agent that answers, hangs, breaks the protocol, or dies."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harness.machines.channel import Channel
from harness.machines.errors import MachineGone, RequestFailed, RequestTimedOut
from harness.machines.events import Event
from harness.machines.stream import SocketStream
from harness.machines.switchboard import Switchboard
from harness.problem import EngineProblem
from tests.machines.fake_agent import FakeAgent

Connect = Callable[..., tuple[Channel, FakeAgent]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[tuple[Channel, FakeAgent]] = []

    def open_one(
        *behaviour: str,
        listener: Callable[[Event], None] | None = None,
        board: Switchboard | None = None,
    ) -> tuple[Channel, FakeAgent]:
        agent = FakeAgent(*behaviour)
        stream = SocketStream(agent.socket)
        channel = Channel("guest fake", stream, multiplexed=False, listener=listener, board=board)
        opened.append((channel, agent))
        return channel, agent

    yield open_one
    for channel, agent in opened:
        channel.close()
        agent.close()


def test_an_answer_reaches_the_one_who_asked(connect: Connect) -> None:
    channel, _ = connect()
    channel.hello(10)
    pending = [channel.start("echo", {"n": n, "text": "ü\udc80"}) for n in range(50)]
    answers = [each.result(10) for each in pending]
    assert answers == [{"n": n, "text": "ü\udc80"} for n in range(50)]


def test_a_large_request_passes_whole(connect: Connect) -> None:
    channel, _ = connect()
    content = "x" * (5 << 20)
    assert channel.request("echo", {"content": content}, 20)["content"] == content


def test_an_error_carries_the_agents_words(connect: Connect) -> None:
    channel, _ = connect()
    with pytest.raises(RequestFailed) as caught:
        channel.request("fail", {}, 10)
    assert caught.value.code == "store-full"
    assert "guest fake" in caught.value.message
    assert "the store is full" in caught.value.message
    assert caught.value.remedy == "enlarge it"
    assert caught.value.exit_code == 3


def test_a_request_ends_at_its_deadline_and_a_late_answer_disturbs_nobody(
    connect: Connect,
) -> None:
    channel, _ = connect()
    channel.hello(10)
    with pytest.raises(RequestTimedOut) as caught:
        channel.request("late", {}, 0.05)
    assert "'late'" in caught.value.message
    assert channel.request("echo", {"a": 1}, 10) == {"a": 1}


def test_the_death_of_the_machine_ends_every_wait_at_once(connect: Connect) -> None:
    channel, agent = connect()
    channel.hello(10)
    waiting = channel.start("silent")
    alarmed = threading.Event()
    channel.on_gone(alarmed.set)
    agent.kill()
    with pytest.raises(MachineGone) as caught:
        waiting.result(10)
    assert "guest fake ended while it was asked for 'silent'" in caught.value.message
    assert "snapcert cleanup" in caught.value.remedy
    assert alarmed.wait(10)
    assert channel.events.wait(lambda _: True, 10) is None
    with pytest.raises(MachineGone):
        channel.request("echo")


def test_an_engine_that_went_away_is_blamed() -> None:
    agent = FakeAgent()
    channel = Channel(
        "guest fake",
        SocketStream(agent.socket),
        multiplexed=False,
        blame=lambda: "the engine at unix:///x went away",
    )
    agent.kill()
    with pytest.raises(MachineGone) as caught:
        channel.request("echo")
    channel.close()
    assert caught.value.message.startswith("the engine at unix:///x went away, and guest fake")
    assert caught.value.ref == "engine-gone"


def test_a_socket_closed_under_the_switchboard_harms_no_other_machine(connect: Connect) -> None:
    board = Switchboard()
    whole, _ = connect(board=board)
    for _ in range(3):
        broken, agent = connect(board=board)
        broken.hello(10)
        agent.socket.close()
        broken.start("echo")
        assert broken.wait_gone(10)
    assert whole.request("echo", {"a": 1}, 10) == {"a": 1}


def test_whoever_asks_to_be_told_after_the_death_is_told(connect: Connect) -> None:
    channel, agent = connect()
    agent.kill()
    assert channel.wait_gone(10)
    told = threading.Event()
    channel.on_gone(told.set)
    assert told.wait(10)


def test_an_end_that_we_want_alarms_nobody(connect: Connect) -> None:
    channel, _ = connect()
    channel.hello(10)
    alarms: list[int] = []
    channel.on_gone(lambda: alarms.append(1))
    channel.expect_end()
    channel.start("die")
    assert channel.wait_gone(10)
    channel.close()
    assert not alarms


@pytest.mark.parametrize(
    ("request_name", "words"),
    [
        ("garbage", "a frame is no JSON"),
        ("foreign", "a frame announces"),
        ("cut", "its last frame was cut"),
    ],
)
def test_what_breaks_the_protocol_is_named(connect: Connect, request_name: str, words: str) -> None:
    channel, _ = connect()
    with pytest.raises(MachineGone) as caught:
        channel.request(request_name, {}, 10)
    assert words in caught.value.message


def test_another_version_of_the_agent_is_refused(connect: Connect) -> None:
    channel, _ = connect("old-protocol")
    with pytest.raises(EngineProblem) as caught:
        channel.hello(10)
    assert "speaks protocol 99" in caught.value.message


def test_a_machine_that_never_greets_is_named(connect: Connect) -> None:
    channel, _ = connect("mute")
    with pytest.raises(RequestTimedOut) as caught:
        channel.hello(0.05)
    assert "guest fake did not greet" in caught.value.message


def test_events_come_in_order_to_the_listener_and_the_log(connect: Connect) -> None:
    heard: list[int] = []
    channel, _ = connect(listener=lambda event: heard.append(event.data["index"]))
    channel.request("burst", {"count": 500}, 10)
    assert heard == list(range(500))
    assert [event.data["index"] for event in channel.events] == heard
    event = channel.events.wait(lambda e: bool(e.data["index"] == 499), 10)
    assert event is not None
    assert channel.events.wait(lambda e: bool(e.data["index"] == 500), 0.02) is None
    assert abs(channel.now() - time.monotonic()) < 1


def test_heartbeats_reach_every_machine(connect: Connect) -> None:
    board = Switchboard(beat_seconds=0.02)
    channels = [connect(board=board)[0] for _ in range(3)]
    until = time.monotonic() + 10
    while any(channel.request("report")["beats"] < 3 for channel in channels):
        assert time.monotonic() < until


def test_an_agent_that_reads_nothing_does_not_stop_the_beats_of_others(
    connect: Connect,
) -> None:
    board = Switchboard(beat_seconds=0.02)
    deaf, theirs = socket.socketpair()
    stuck = Channel("guest deaf", SocketStream(deaf), multiplexed=False, board=board)
    channel, _ = connect(board=board)
    try:
        stuck.send_raw(b"x" * (32 << 20))
        before = channel.request("report")["beats"]
        until = time.monotonic() + 10
        while channel.request("report")["beats"] < before + 3:
            assert time.monotonic() < until
    finally:
        stuck.close()
        theirs.close()


def test_a_listener_that_fails_ends_its_own_channel_only(connect: Connect) -> None:
    def fail(_: Event) -> None:
        raise ValueError("a fault of a test")

    board = Switchboard()
    broken, _ = connect(listener=fail, board=board)
    whole, _ = connect(board=board)
    with pytest.raises(MachineGone):
        broken.request("burst", {"count": 1}, 10)
    assert whole.request("echo", {"a": 1}, 10) == {"a": 1}


def test_closing_twice_and_asking_after_it_is_harmless(connect: Connect) -> None:
    channel, agent = connect()
    channel.hello(10)
    channel.close()
    channel.close()
    with pytest.raises(MachineGone):
        channel.request("echo")
    assert agent.process.wait(10) == 0, "the agent saw the end of its input"
