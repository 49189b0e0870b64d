"""The agent's side of the wire: frames in, answers and events out, and the lease.

The lease is the whole safety of a container: at the end of its input, or when nothing was heard
for as long as its lease, the role's `end` runs, whatever else hangs. So nothing here waits for the
controller to read: answers and events are queued for a thread of their own.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import queue
import select
import signal
import sys
import threading
import time

from . import wire
from .problem import AgentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    Handler = Callable[[dict[str, Any]], Mapping[str, Any]]

_CHUNK = 1 << 18
_FLUSH_SECONDS = 1.0
#: Threads that wait for requests: what fills the container's limit of processes keeps the agent
#: from starting a thread, and must not keep it from answering.
_SPARE = 8


class Role:
    """What an agent does: its requests by name, and how it ends."""

    handlers: dict[str, Handler]

    def end(self) -> list[str]:
        """End everything in the safe order; what could not be ended."""
        raise NotImplementedError


class Session:
    """One controller's connection."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._reader = wire.Reader()
        self._early: collections.deque[dict[str, Any]] = collections.deque()
        self._out: collections.deque[bytes] = collections.deque()
        self._out_ready = threading.Condition()
        self._writing = False
        self._lease = wire.LEASE_SECONDS
        self._heard = time.monotonic()
        self._keep_until = 0.0
        self._end_request: int | None = None
        self._over = False
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = 0
        self._counting = threading.Lock()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    # -- before any thread

    def hello(self) -> None:
        """Write the first frame at once; there is no thread yet."""
        system = os.uname()
        message = {
            "hello": {
                "protocol": wire.PROTOCOL,
                "python": "{}.{}.{}".format(*sys.version_info),
                "kernel": system.release,
                "machine": system.machine,
                "monotonic": time.monotonic(),
            }
        }
        self._write_at_once(message)

    def refuse_role(self, number: int) -> None:
        """Answer the first request: this process is no container's main process."""
        problem = {
            "code": wire.Code.NOT_PERMITTED,
            "message": "the agent is not the main process of a container",
            "remedy": "start it as a container's command, not by exec and not with --init",
        }
        self._write_at_once({"id": number, "error": problem})

    def _write_at_once(self, message: dict[str, Any]) -> None:
        data = wire.encode(message)
        while data:
            data = data[os.write(self._sink, data) :]

    def role(self) -> tuple[int, dict[str, Any]] | None:
        """The first request, which must be `role`: its number and arguments; None at the end."""
        while True:
            ready, _, _ = select.select([self._source], [], [], wire.LEASE_SECONDS)
            data = os.read(self._source, _CHUNK) if ready else b""
            if not data:
                return None
            self._early.extend(self._reader.feed(data))
            while self._early:
                message = self._early.popleft()
                if message.get("do") == wire.Do.ROLE:
                    self._lease = float(message["with"].get("lease", self._lease))
                    return message["id"], message["with"]

    # -- out

    def answer(self, number: int, result: Mapping[str, Any]) -> None:
        """Answer a request."""
        self._send({"id": number, "ok": dict(result)})

    def refuse(self, number: int, code: str, message: str, remedy: str) -> None:
        """Answer a request with an error."""
        self._send({"id": number, "error": {"code": code, "message": message, "remedy": remedy}})

    def emit(self, event: str, facts: Mapping[str, Any], at: float | None = None) -> None:
        """Send an event; `at` is the instant it happened, now where it is left out."""
        self._send(
            {"event": event, "t": time.monotonic() if at is None else at, "with": dict(facts)}
        )

    def trouble(self, code: str, message: str) -> None:
        """Tell that something broke outside of a request."""
        self.emit(wire.Event.TROUBLE, {"code": code, "message": message})

    def _send(self, message: dict[str, Any]) -> None:
        frame = wire.encode(message)
        with self._out_ready:
            self._out.append(frame)
            self._out_ready.notify()

    def _write(self) -> None:
        while True:
            with self._out_ready:
                self._writing = False
                while not self._out:
                    self._out_ready.notify_all()
                    self._out_ready.wait()
                data = b"".join(self._out)
                self._out.clear()
                self._writing = True
            view = memoryview(data)
            while view:
                try:
                    view = view[os.write(self._sink, view) :]
                except OSError:  # nobody reads any more: the end of input will tell
                    break

    def _flush(self) -> None:
        """Wait, for a while only, until everything was written."""
        with self._out_ready:
            self._out_ready.wait_for(
                lambda: not self._out and not self._writing, timeout=_FLUSH_SECONDS
            )

    # -- the loop

    def serve(self, role: Role) -> NoReturn:
        """Serve requests until the lease is over, then end the container."""
        threading.Thread(target=self._write, name="writer", daemon=True).start()
        self._hire()
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        handlers = dict(role.handlers)
        handlers[wire.Do.LEASE] = self._lengthen
        self._heard = time.monotonic()
        self._take(list(self._early), handlers)
        self._early.clear()
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        reading = True
        while not self._over:
            now = time.monotonic()
            until = max(self._keep_until, self._heard + self._lease if reading else 0.0)
            if now >= until:
                break
            for descriptor, _ in poll.poll((until - now) * 1000):
                if descriptor == self._wake_read:
                    os.read(self._wake_read, _CHUNK)
                    continue
                try:
                    data = os.read(self._source, _CHUNK)
                    messages = self._reader.feed(data)
                except (OSError, wire.FrameError):
                    data = b""
                if data:
                    self._heard = time.monotonic()
                    self._take(messages, handlers)
                else:
                    reading = False
                    poll.unregister(self._source)
        left = role.end()
        if self._end_request is not None:
            self.answer(self._end_request, {"left": left})
        self._flush()
        if left:
            os.write(2, ("the agent could not end: " + "; ".join(left) + "\n").encode())
        os._exit(1 if left else 0)

    def _stop(self) -> None:
        self._over = True

    def give_up(self, why: str) -> None:
        """End the container for this reason, which its last words tell."""
        os.write(2, (why + "\n").encode())
        self._stop()
        os.write(self._wake_write, b".")

    def _lengthen(self, wanted: dict[str, Any]) -> dict[str, Any]:
        self._keep_until = time.monotonic() + float(wanted["seconds"])
        os.write(self._wake_write, b".")
        return {}

    def _take(self, messages: list[dict[str, Any]], handlers: Mapping[str, Handler]) -> None:
        for message in messages:
            self._hire()  # also with each heartbeat: there may be room again
            if "do" not in message:
                continue
            number, name = message["id"], message["do"]
            if name == wire.Do.END:
                self._end_request = number
                self._over = True
            elif name not in handlers:
                self.refuse(
                    number,
                    wire.Code.BAD_REQUEST,
                    f"this agent has no request {name}",
                    "use the agent of the same version as the control plane",
                )
            else:
                wanted = message.get("with", {})
                self._waiting.put(
                    functools.partial(self._perform, number, name, handlers[name], wanted)
                )

    def _hire(self) -> None:
        """Have threads waiting; where none can be started, those that are there go on."""
        with self._counting, contextlib.suppress(RuntimeError):
            while self._idle < _SPARE:
                threading.Thread(target=self._work, name="worker", daemon=True).start()
                self._idle += 1

    def _work(self) -> None:
        """One request and no other: a thread that changed its root is of no further use."""
        request = self._waiting.get()
        with self._counting:
            self._idle -= 1
        self._hire()
        request()

    def _perform(self, number: int, name: str, handler: Handler, wanted: dict[str, Any]) -> None:
        try:
            result = handler(wanted)
        except AgentProblem as problem:
            self.refuse(number, problem.code, problem.message, problem.remedy)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            self.refuse(number, wire.Code.FAILED, f"{name}: {error.strerror}{where}", "")
        except Exception as error:  # noqa: BLE001 a request that breaks must be answered too
            line = error.__traceback__
            while line is not None and line.tb_next is not None:
                line = line.tb_next
            place = f"{line.tb_frame.f_code.co_name}, line {line.tb_lineno}" if line else "?"
            self.refuse(
                number,
                wire.Code.BAD_REQUEST,
                f"{name}: {type(error).__name__}: {error} (in {place})",
                "the request does not have the shape that this version expects",
            )
        else:
            self.answer(number, result)
