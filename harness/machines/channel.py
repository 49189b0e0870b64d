"""Requests to the agent in a machine, its answers, its events, and its end.

One thread, the switchboard, serves the streams of all machines of this process and sends their
heartbeats: an agent that hears nothing for `wire.LEASE_SECONDS` ends its machine.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.machines.agent import wire
from harness.machines.errors import MachineGone, RequestFailed, RequestTimedOut
from harness.machines.events import Event, EventLog
from harness.machines.stream import STDERR, Demultiplexer, PlainStream, Stream, StreamError
from harness.machines.switchboard import Switchboard
from harness.problem import EngineProblem

_log = logging.getLogger(__name__)

_STDERR_KEPT = 8192


class Pending:
    """A request under way."""

    def __init__(self, channel: Channel, number: int, name: str) -> None:
        self._channel = channel
        self._number = number
        self._name = name
        self._done = threading.Event()
        self._answer: Mapping[str, Any] | None = None

    def resolve(self, answer: Mapping[str, Any] | None) -> None:
        """Called once, with the answer's frame, or None where the machine is gone."""
        self._answer = answer
        self._done.set()

    def result(self, deadline: float) -> dict[str, Any]:
        """The answer, waiting at most `deadline` seconds.

        Raises RequestFailed with the agent's own words, RequestTimedOut, or MachineGone.
        """
        if not self._done.wait(deadline):
            self._channel.forget(self._number)
            raise RequestTimedOut(
                f"{self._channel.name} did not answer {self._name!r} within {deadline:g} s",
                "the machine may be overloaded, or a process in it blocked by a frozen "
                "filesystem: run again with fewer workers; `snapcert cleanup` mends what stays",
                "no-answer",
            )
        answer = self._answer
        if answer is None:
            raise self._channel.gone_problem(f"while it was asked for {self._name!r}")
        error = answer.get("error")
        if error is not None:
            raise RequestFailed(
                f"{self._channel.name}: {error.get('message') or 'failed without a message'}",
                error.get("remedy") or "run `snapcert doctor`; it names the step that fails",
                error.get("code", wire.Code.FAILED),
            )
        result = answer.get("ok")
        return result if isinstance(result, dict) else {}


class Channel:
    """The connection to one agent.

    `name` is how a person knows the machine ("guest 3f2a-4"). Requests run side by side. Events
    go to `events`, and to the listener first, on the switchboard's thread: it must not block.
    `blame` is asked when the machine is gone: a sentence if something larger went with it.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        *,
        multiplexed: bool = True,
        listener: Callable[[Event], None] | None = None,
        blame: Callable[[], str] = lambda: "",
        board: Switchboard | None = None,
    ) -> None:
        self.name = name
        self._blame = blame
        self.events = EventLog()
        self._stream = stream
        self._demultiplexer = Demultiplexer() if multiplexed else PlainStream()
        self._reader = wire.Reader()
        self._listener = listener
        self._lock = threading.Lock()
        self._out = bytearray()
        self._numbers = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._hello: dict[str, Any] | None = None
        self._greeted = threading.Event()
        self._ended = threading.Event()
        self._why = ""
        self._closing = False
        self._clock: float | None = None
        self._stderr = bytearray()
        self._on_gone: list[Callable[[], None]] = []
        self._board = board or Switchboard.shared()
        self._board.add(self)

    # -- what callers use

    def send_raw(self, data: bytes) -> None:
        """Bytes that are no frame: the agent itself, before it can speak."""
        with self._lock:
            self._out += data
        self._board.wake()

    def hello(self, deadline: float) -> dict[str, Any]:
        """The agent's greeting. Raises MachineGone, RequestTimedOut, or EngineProblem where it
        speaks another version of the protocol."""
        if not self._greeted.wait(deadline):
            raise RequestTimedOut(
                f"{self.name} did not greet within {deadline:g} s{self._last_words()}",
                "the image may have no working python3 (3.9 or later), or the machine is "
                "overloaded; `snapcert doctor` tells",
                "no-hello",
            )
        if self._hello is None:
            raise self.gone_problem("before it greeted")
        if self._hello.get("protocol") != wire.PROTOCOL:
            raise EngineProblem(
                f"{self.name} speaks protocol {self._hello.get('protocol')!r}, "
                f"this harness {wire.PROTOCOL}",
                "end the other version's machines with `snapcert cleanup` and start again",
                "protocol",
            )
        return self._hello

    def start(self, name: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """Send a request without waiting for its answer."""
        number = next(self._numbers)
        pending = Pending(self, number, name)
        frame = wire.encode(wire.request(number, name, arguments or {}))
        with self._lock:
            gone = self._ended.is_set()
            if not gone:
                self._pending[number] = pending
                self._out += frame
        if gone:
            pending.resolve(None)
        else:
            self._board.wake()
        return pending

    def request(
        self, name: str, arguments: Mapping[str, Any] | None = None, deadline: float = 30.0
    ) -> dict[str, Any]:
        """Send a request and wait for its answer; see `Pending.result` for what it raises."""
        return self.start(name, arguments).result(deadline)

    def on_gone(self, action: Callable[[], None]) -> None:
        """Have `action` called, on a thread of its own, if the machine ends unasked."""
        with self._lock:
            if not self._ended.is_set():
                self._on_gone.append(action)
                return
            unasked = not self._closing
        if unasked:
            threading.Thread(target=action, name=f"gone {self.name}", daemon=True).start()

    @property
    def gone(self) -> bool:
        """Whether the machine ended or its connection broke."""
        return self._ended.is_set()

    def now(self) -> float:
        """This instant on CLOCK_MONOTONIC of the engine's kernel, late by a message's way."""
        return time.monotonic() + (self._clock or 0.0)

    def expect_end(self) -> None:
        """From now on the end of the machine is what we want: nobody is alarmed."""
        with self._lock:
            self._closing = True
            self._on_gone.clear()

    def wait_gone(self, deadline: float) -> bool:
        """Wait for the machine's end, seen as the end of its stream; False at the deadline."""
        return self._ended.wait(deadline)

    def close(self) -> None:
        """Close our end: the agent sees the end of its input, and ends its machine."""
        self.expect_end()
        self._board.remove(self)
        self._end("closed")

    def forget(self, number: int) -> None:
        """The answer to this request is not wanted any more."""
        with self._lock:
            self._pending.pop(number, None)

    @property
    def last_words(self) -> str:
        """The tail of the agent's stderr."""
        with self._lock:
            return bytes(self._stderr).decode("utf-8", "replace").strip()

    def gone_problem(self, when: str) -> MachineGone:
        """The problem that says that this machine is gone, with its last words."""
        why = f" ({self._why})" if self._why not in ("", "closed") else ""
        larger = self._blame()
        if larger:
            return MachineGone(
                f"{larger}, and {self.name} with it {when}",
                "start it again; the next start, or `snapcert cleanup`, mends what was left",
                "engine-gone",
            )
        return MachineGone(
            f"{self.name} ended {when}{why}{self._last_words()}",
            "see whether the engine still runs, ran out of memory, or killed it (`docker events`);"
            " what stays of the run is mended by `snapcert cleanup` or the next start",
            "machine-gone",
        )

    def _last_words(self) -> str:
        words = self.last_words
        return f"; its last words: {words[-600:]}" if words else ""

    # -- what the switchboard uses, on its own thread

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def wants_to_send(self) -> bool:
        return bool(self._out)

    def beat(self, number: int) -> None:
        """Add a heartbeat, unless bytes wait already: those are as good, or the agent is stuck.

        None before the greeting: the first bytes must be the agent itself.
        """
        with self._lock:
            if self._hello is not None and not self._out:
                self._out += wire.encode(wire.beat(number))

    def flush(self) -> None:
        """Send what the stream takes now. Raises OSError where the stream was closed by others."""
        try:
            with self._lock:
                while self._out:
                    with memoryview(self._out)[: 1 << 18] as view:
                        sent = self._stream.send(view)
                    if not sent:
                        break
                    del self._out[:sent]
        except OSError as error:
            # What the agent said before it ended is still to be read; the end comes from there.
            _log.debug("%s: cannot send: %s", self.name, error)
            with self._lock:
                self._out.clear()
            if self._stream.fileno() < 0:
                raise

    def drain(self) -> bool:
        """Take in what has arrived; False where the stream ended."""
        while True:
            data = self._stream.receive()
            if data is None:
                return True
            if not data:
                if self._reader.in_the_middle:
                    self._why = "its last frame was cut"
                return False
            try:
                self._take(data)
            except (StreamError, wire.FrameError) as error:
                self._why = f"what it sent is not the agent's protocol: {error}"
                return False

    def _take(self, data: bytes) -> None:
        for number, piece in self._demultiplexer.feed(data):
            if number == STDERR:
                with self._lock:
                    self._stderr += piece
                    del self._stderr[:-_STDERR_KEPT]
                continue
            for message in self._reader.feed(piece):
                self._deliver(message)

    def _deliver(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._set_clock(float(message["t"]))
            event = Event(str(message["event"]), float(message["t"]), message.get("with") or {})
            if self._listener is not None:
                self._listener(event)
            self.events.append(event)
        elif "id" in message:
            with self._lock:
                pending = self._pending.pop(message["id"], None)
            if pending is not None:
                pending.resolve(message)
        elif "hello" in message:
            self._hello = message["hello"]
            self._set_clock(float(message["hello"]["monotonic"]))
            self._greeted.set()

    def _set_clock(self, theirs: float) -> None:
        # A stamp is older than its arrival by the way it took: the largest offset is the best.
        offset = theirs - time.monotonic()
        if self._clock is None or offset > self._clock:
            self._clock = offset

    def ended(self) -> None:
        """The stream is over: everybody who waits is told."""
        self._end(self._why)

    def _end(self, why: str) -> None:
        with self._lock:
            if self._ended.is_set():
                return
            self._why = why
            self._ended.set()
            waiting = list(self._pending.values())
            self._pending.clear()
            alarmed = [] if self._closing else list(self._on_gone)
        self._stream.close()
        for pending in waiting:
            pending.resolve(None)
        self._greeted.set()
        self.events.close()
        for action in alarmed:
            threading.Thread(target=action, name=f"gone {self.name}", daemon=True).start()
