"""The commands that a guest's scripts and its executor call: mark, ask and snapshot.

Each is a few lines of sh that talk over FIFOs on a tmpfs, so that they work while every disk is
frozen and need no network, no Python and no right but to write into a FIFO. The caller waits
until it is answered; whatever it says about itself but its pid is read from /proc, where it can't
be garbled by quoting.
"""

from __future__ import annotations

import os
import threading
import time

from . import linux, procfs
from .mounting import HOME
from .reaper import wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = ("mark", "ask", "snapshot")

# A reply FIFO of the caller's own, by its pid; the request is one short line, and writes of that
# size never mix. The agent removes the reply FIFO; one that is there belonged to a caller that was
# killed.
_SCRIPT = """\
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
reply={home}/reply/$$
[ -p "$reply" ] && rm -f "$reply"
mkfifo "$reply" || exit 125
echo "{kind} $$ $PPID" >{home}/ask || exit 125
read -r status <"$reply" || exit 125
exit "$status"
"""

_DRAIN_SECONDS = 5.0


class Call:
    """One call of a helper; `arguments` are those after the command's name."""

    def __init__(self, kind: str, pid: int, parent: int, reply: int, path: str) -> None:
        self.kind = kind
        self.pid = pid
        self.parent = parent
        self.at = time.monotonic()
        self.arguments = procfs.argv(pid)[2:]
        self._reply = reply
        self._path = path
        self._answered = False

    @property
    def open(self) -> bool:
        """Whether it still waits for its answer."""
        return not self._answered

    def answer(self, status: int) -> None:
        """Let the caller end with this status; once."""
        if self._answered:
            return
        self._answered = True
        try:
            os.write(self._reply, b"%d\n" % status)
            # Closed while the line is in it, the FIFO would lose it.
            wait_until(self._taken, _DRAIN_SECONDS, 0.001)
        finally:
            os.close(self._reply)
            if os.path.exists(self._path):
                os.unlink(self._path)

    def _taken(self) -> bool:
        return linux.waiting_bytes(self._reply) == 0 or procfs.read(self.pid) is None


class Helpers:
    """Installs the commands under `root` and hands each call to `called`, in a thread."""

    def __init__(self, root: str, called: Callable[[Call], None]) -> None:
        self._home = HOME if root == "/" else root + HOME
        self._called = called

    def start(self) -> None:
        """Make folders, commands and FIFOs, and listen."""
        for name, mode in (("", 0o755), ("bin", 0o755), ("status", 0o755), ("reply", 0o1777)):
            path = f"{self._home}/{name}".rstrip("/")
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
        for kind in _KINDS:
            path = f"{self._home}/bin/{kind}"
            with open(path, "w", encoding="utf-8") as out:
                out.write(_SCRIPT.format(home=HOME, kind=kind))
            os.chmod(path, 0o755)  # noqa: S103 any user of the guest may call it
        ask = f"{self._home}/ask"
        os.mkfifo(ask)
        os.chmod(ask, 0o622)  # noqa: S103 any user of the guest may call
        # Open for writing as well: it never comes to an end between two callers.
        listening = os.open(ask, os.O_RDWR | os.O_CLOEXEC)
        threading.Thread(
            target=self._listen, args=(listening,), name="helpers", daemon=True
        ).start()

    def _listen(self, listening: int) -> None:
        held = b""
        while True:
            held += os.read(listening, 65536)
            *lines, held = held.split(b"\n")
            for line in lines:
                call = self._accept(line)
                if call is not None:
                    threading.Thread(
                        target=self._called, args=(call,), name=call.kind, daemon=True
                    ).start()

    def _accept(self, line: bytes) -> Call | None:
        """The call behind a line; None for nonsense and for callers that are gone."""
        fields = line.decode("ascii", "replace").split()
        if len(fields) != 3 or fields[0] not in _KINDS:
            return None
        if not (fields[1].isdigit() and fields[2].isdigit()):
            return None
        path = f"{self._home}/reply/{fields[1]}"
        try:
            reply = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        return Call(fields[0], int(fields[1]), int(fields[2]), reply, path)
