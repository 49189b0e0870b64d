"""A process beside the one that stands for a foreign executor, for what must outlive its kill.

The suite kills the main process that it started. Where that is ours, and the executor's own is
another one, a kill must reach that one: the attendant sees that its starter has died and kills
the executor's own processes of this run; what they in turn had started is left to itself.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import Callable, Tuple

from harness.targets.inside.processes import kill, marked, processes

#: Between the two: all is done. Without it the end of the line means that the starter died.
_DONE = b"d"
#: What a killed run may still be about to start is looked for so long, in seconds.
_STRAGGLERS = 0.5


class Attendant:
    """Starts when it is made; `serve` and `over` are called in the attendant's process.

    `names` are the ends of words in the command lines of the executor's own processes.
    """

    def __init__(
        self, names: Tuple[str, ...], serve: Callable[[], None], over: Callable[[], None]
    ) -> None:
        self._line, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._line.close()
            _attend(theirs, names, serve, over)
        theirs.close()

    def dismiss(self) -> None:
        """The run is over: it ends, and nothing is killed."""
        self._line.send(_DONE)
        os.waitpid(self.pid, 0)


def _attend(
    line: socket.socket,
    names: Tuple[str, ...],
    serve: Callable[[], None],
    over: Callable[[], None],
) -> None:
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    serve()
    word = line.recv(1)
    over()
    if word != _DONE:
        _kill(names)
    os._exit(0)


def _kill(names: Tuple[str, ...]) -> None:
    until = time.monotonic() + _STRAGGLERS
    while time.monotonic() < until:
        for process in processes():
            own = any(word.endswith(names) for word in process.words)
            if own and marked(process.pid, "SNAPCERT_RUN", os.environ["SNAPCERT_RUN"]):
                kill(process.pid)
        time.sleep(0.005)
