"""An agent without a container: a local process that speaks the wire over a socket pair.

The seam for tests of the control plane. `FakeAgent` starts this file as a program; its behaviour
for each request is chosen by name, so that a test reads as "an agent that never answers".
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class FakeAgent:
    """Starts the program below; `socket` is the control plane's end."""

    def __init__(self, *behaviour: str) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, *behaviour],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """End it and let go of its socket."""
        self.kill()
        self.socket.close()


class _Program:
    """Answers requests until its input ends.

    echo: answers with its arguments; fail: an error; silent: never answers; late: together with
    the next one; burst: N events, then the answer; garbage, cut, foreign: breaks the protocol;
    die: exits; report: what it heard so far.
    """

    def __init__(self, behaviour: list[str]) -> None:
        from harness.machines.agent import wire

        self._wire = wire
        self._behaviour = behaviour
        self._reader = wire.Reader()
        self._beats = 0
        self._heard = 0
        self._owed: list[int] = []

    def main(self) -> None:
        protocol = 99 if "old-protocol" in self._behaviour else self._wire.PROTOCOL
        if "mute" not in self._behaviour:
            self._send({"hello": {"protocol": protocol, "monotonic": time.monotonic()}})
        while data := os.read(0, 1 << 16):
            self._heard += len(data)
            for message in self._reader.feed(data):
                if "beat" in message:
                    self._beats += 1
                else:
                    self._answer(message["id"], message["do"], message["with"])

    def _answer(self, number: int, name: str, wanted: dict[str, Any]) -> None:
        while self._owed:
            self._send({"id": self._owed.pop(), "ok": {}})
        if name == "echo":
            self._send({"id": number, "ok": wanted})
        elif name == "fail":
            error = {"code": "store-full", "message": "the store is full", "remedy": "enlarge it"}
            self._send({"id": number, "error": error})
        elif name == "late":
            self._owed.append(number)
        elif name == "burst":
            for index in range(wanted["count"]):
                event = {"event": "tick", "t": time.monotonic(), "with": {"index": index}}
                self._send(event)
            self._send({"id": number, "ok": {}})
        elif name == "report":
            self._send({"id": number, "ok": {"beats": self._beats, "heard": self._heard}})
        elif name == "garbage":
            os.write(1, (5).to_bytes(4, "big") + b"{not ")
        elif name == "foreign":
            os.write(1, b"HTTP/1.1 500 Internal Server Error\r\n\r\n")
        elif name == "cut":
            os.write(1, (500).to_bytes(4, "big") + b'{"id":')
            os._exit(0)
        elif name == "die":
            os._exit(3)

    def _send(self, message: dict[str, Any]) -> None:
        data = self._wire.encode(message)
        while data:
            data = data[os.write(1, data) :]


if __name__ == "__main__":
    _Program(sys.argv[1:]).main()
