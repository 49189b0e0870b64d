"""The wire between the control plane and an agent: bootstrap, frames, names.

Both ways: a 4-byte big-endian length, then one JSON object in UTF-8. Bytes of a guest that are
text (paths, arguments) travel as `surrogateescape`d strings, other bytes as base64 in keys that
end in `_b64`. The shapes of requests, answers and events stand in `shapes`.

- to the agent: `{"id": n, "do": NAME, "with": {...}}` and `{"beat": n}`;
- from the agent: `{"hello": {...}}` first, `{"id": n, "ok": {...}}`,
  `{"id": n, "error": {"code", "message", "remedy"}}`, `{"event": NAME, "t": seconds, "with": {}}`.

All instants are seconds of CLOCK_MONOTONIC. Requests run side by side, so answers come in any
order; events come in the order in which they arose.
"""

from __future__ import annotations

import base64
import json

TYPE_CHECKING = False  # `typing` costs a guest several milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Message = dict[str, Any]

PROTOCOL = 1

#: The longest frame either side accepts, in bytes.
MAX_FRAME = 64 * 1024 * 1024

#: The controller sends a beat this often; an agent that hears nothing for LEASE_SECONDS ends.
BEAT_SECONDS = 3.0
LEASE_SECONDS = 20.0

#: The agent's package name inside a container.
PACKAGE = "snapcert_agent"

#: Argument of `python3 -I -c`: takes the zip from stdin into a memfd and runs it. Nothing is
#: written to a filesystem, and the file descriptor keeps the modules readable after a freeze.
BOOTSTRAP = """\
import os, sys
def take(n):
    data = b""
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more:
            sys.exit("the agent did not arrive whole: end of file on standard input")
        data += more
    return data
fd = os.memfd_create("snapcert_agent")
os.write(fd, take(int.from_bytes(take(4), "big")))
sys.path.append("/proc/self/fd/%d" % fd)
sys.dont_write_bytecode = True
from snapcert_agent.__main__ import main
main()
"""


class Do:
    """Names of requests."""

    ROLE = "role"
    LEASE = "lease"
    END = "end"
    THAW = "thaw"
    # guest
    PREPARE = "prepare"
    CHECK = "check"
    PUT = "put"
    READ = "read"
    STAT = "stat"
    LIST = "list"
    RUN = "run"
    SPAWN = "spawn"
    KILL = "kill"
    PROCESSES = "processes"
    MOUNTS = "mounts"
    LOCKS = "locks"
    OBSERVE = "observe"
    WATCH_SCRIPTS = "watch_scripts"
    UNWATCH_SCRIPTS = "unwatch_scripts"
    PLAN = "plan"
    SAY = "say"
    ANSWER = "answer"
    MOUNT = "mount"
    UNMOUNT = "unmount"
    # host
    OPEN_STORE = "open_store"
    MAKE_DISKS = "make_disks"
    GUARD = "guard"
    WATCH = "watch"
    UNWATCH = "unwatch"
    SNAPSHOT = "snapshot"
    DISCARD = "discard"
    COPY = "copy"
    EXAMINE = "examine"
    WRITE_MARKER = "write_marker"
    READ_MARKER = "read_marker"
    RELEASE = "release"
    FORGET = "forget"
    USAGE = "usage"
    RESCUE = "rescue"


class Event:
    """Names of events."""

    # guest
    MARK = "mark"
    SNAPSHOT = "snapshot"
    FAULT = "fault"
    EXITED = "exited"
    LINES = "lines"
    SCRIPT_STARTED = "script-started"
    SCRIPT_ENDED = "script-ended"
    FREEZE_CALL = "freeze-call"
    BLOCKED = "blocked"
    PROGRAM = "program"
    # host
    FROZEN = "frozen"
    THAWED = "thawed"
    GUEST_DIED = "guest-died"
    # both: something went wrong outside of any request
    TROUBLE = "trouble"


class Code:
    """Error codes of answers."""

    BAD_REQUEST = "bad-request"
    UNSAFE_MOUNT = "unsafe-mount"
    MOUNT = "mount"
    ABSENT = "absent"
    NOT_PERMITTED = "not-permitted"
    NO_SUCH_PROCESS = "no-such-process"
    FILTER = "filter"
    STORE_FULL = "store-full"
    NO_LOOP_DEVICE = "no-loop-device"
    NO_BTRFS = "no-btrfs"
    MKFS = "mkfs"
    TOOL_MISSING = "tool-missing"
    BUSY = "busy"
    UNKNOWN = "unknown"
    FAILED = "failed"


class FrameError(Exception):
    """What came over the wire is no frame of this protocol; the connection is lost."""


def encode(message: Message) -> bytes:
    """One message as a frame. Raises FrameError where it is longer than MAX_FRAME."""
    body = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_FRAME:
        raise FrameError(f"a message of {len(body)} bytes is longer than {MAX_FRAME}")
    return len(body).to_bytes(4, "big") + body


class Reader:
    """Frames out of a stream that arrives in pieces of any size."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def in_the_middle(self) -> bool:
        """Whether a part of a frame is held: an end of the stream now would be a cut."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Message]:
        """The messages completed by `data`, in order. Raises FrameError."""
        held = self._held
        held += data
        messages: list[Message] = []
        start = 0
        while len(held) - start >= 4:
            size = int.from_bytes(held[start : start + 4], "big")
            if size > MAX_FRAME:
                raise FrameError(f"a frame announces {size} bytes, more than {MAX_FRAME}")
            if len(held) - start - 4 < size:
                break
            body = bytes(held[start + 4 : start + 4 + size])
            start += 4 + size
            messages.append(_decode(body))
        del held[:start]
        return messages


def _decode(body: bytes) -> Message:
    try:
        message = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise FrameError(f"a frame is no JSON: {error}") from error
    if not isinstance(message, dict):
        raise FrameError(f"a frame is no JSON object but {type(message).__name__}")
    return message


def request(number: int, name: str, arguments: Mapping[str, Any]) -> Message:
    """A request; its answer carries the same number."""
    return {"id": number, "do": name, "with": dict(arguments)}


def beat(number: int) -> Message:
    """The controller's heartbeat."""
    return {"beat": number}


def pack(data: bytes) -> str:
    """Bytes for a key that ends in `_b64`."""
    return base64.b64encode(data).decode("ascii")


def unpack(text: str) -> bytes:
    """Bytes from a key that ends in `_b64`."""
    return base64.b64decode(text.encode("ascii"), validate=True)
