"""Freeze and thaw, so that nothing stays frozen whoever dies (FRZ-03 to FRZ-07).

The ioctls are made by a helper process: where one hangs, the worker still acts; where the worker
dies, the helper sees it at once and thaws; and both hold the same descriptors, so that the worker
thaws where the helper is gone. Nothing here opens or writes a file between freeze and thaw; memory
is not locked, because reading program pages from a frozen filesystem works, and locking them takes
longer than all the rest.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
from types import TracebackType
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple, Type

from .channel import Gone, Lifeline, Message, pack, receive_packet, start_service, unpack
from .mounts import Filesystem
from .system import freeze, now, thaw

#: How long the helper may take to answer a thaw before the worker thaws itself, in seconds.
_THAW_PATIENCE = 4.0


class Held(NamedTuple):
    """A filesystem and the descriptor of its root, opened before anything is frozen."""

    filesystem: Filesystem
    descriptor: int


class Trouble(NamedTuple):
    """What went wrong with one filesystem, for people; `foreign`: somebody else's doing."""

    filesystem: Filesystem
    reason: str
    foreign: bool = False


class Freezer:
    """One freeze of one run. As a context it thaws whatever is left frozen.

    `bound` is in seconds from the first freeze (FRZ-03); `deadline` the instant a little earlier
    at which this executor stops.
    """

    def __init__(self, held: Sequence[Held], bound: float) -> None:
        self._held = tuple(held)
        self._bound = bound
        self._service = start_service(lambda end: _Helper(end, self._held, bound).serve())
        #: The thaw is over; there is only one.
        self.over = False
        # By the worker's knowledge: what is frozen, and what the helper may have just frozen.
        self._frozen: List[int] = []
        self._attempted: Optional[int] = None
        self.began: Optional[float] = None
        self.times: List[Tuple[Filesystem, float]] = []

    def __enter__(self) -> Freezer:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.thaw()

    def close(self) -> None:
        """Let the helper go, after the thaw; what is in a hurry comes first.

        A helper that hangs in a freeze thaws and ends when that returns; it keeps the run's lock.
        """
        self._service.close(now() + _THAW_PATIENCE)

    @property
    def deadline(self) -> float:
        """When this executor thaws at the latest: a tenth, at most a second, before the bound."""
        return (self.began or now()) + self._bound - min(1.0, self._bound / 10)

    def freeze(self, lifeline: Lifeline) -> Optional[Trouble]:
        """Freeze all, in order; the first trouble, with everything undone (FRZ-04).

        Raises Interrupted with some frozen: leave the context then.
        """
        self.began = now()
        try:
            self._service.send({"do": "freeze"})
            for index, held in enumerate(self._held):
                self._attempted = index
                answer = self._service.receive(self.deadline, lifeline)
                if answer is None:
                    self.thaw()
                    return Trouble(held.filesystem, "freezing it did not end within the bound")
                if answer["error"] is not None:
                    self._attempted = None
                    self.thaw()
                    return _trouble(held.filesystem, answer)
                self._frozen.append(index)
                self._attempted = None
                self.times.append((held.filesystem, answer["seconds"]))
        except Gone:
            self.thaw()
            return Trouble(self._held[0].filesystem, "the helper that freezes was killed")
        return None

    def thaw(self) -> List[Trouble]:
        """Thaw all in reverse order; what was found thawed already (FRZ-06). Does not raise."""
        if self.over:
            return []
        self.over = True
        try:
            self._service.send({"do": "thaw"})
            answer = self._service.receive(now() + _THAW_PATIENCE)
            while answer is not None and "thawed" not in answer:  # a late answer to freeze
                answer = self._service.receive(now() + _THAW_PATIENCE)
            troubles = self._thaw_here() if answer is None else self._troubles(answer)
        except Gone:
            if self._attempted is not None:
                # It may have died right after that freeze: better thawed once too often.
                with contextlib.suppress(OSError):
                    thaw(self._held[self._attempted].descriptor)
            troubles = self._thaw_here()
        for held in self._held:
            os.close(held.descriptor)
        return troubles

    def _troubles(self, answer: Message) -> List[Trouble]:
        return [
            _trouble(self._held[index].filesystem, {"error": number})
            for index, number in answer["thawed"]
            if number is not None
        ]

    def _thaw_here(self) -> List[Trouble]:
        troubles = []
        for index in reversed(self._frozen):
            held = self._held[index]
            try:
                thaw(held.descriptor)
            except OSError as problem:
                troubles.append(_trouble(held.filesystem, {"error": problem.errno}))
        return troubles


def _trouble(filesystem: Filesystem, answer: Message) -> Trouble:
    number = answer["error"]
    if number == errno.EBUSY:
        return Trouble(filesystem, "somebody else has frozen it already (EBUSY)", foreign=True)
    if number == errno.EINVAL:
        return Trouble(filesystem, "somebody else thawed it before its time", foreign=True)
    if number == errno.ETIMEDOUT:
        return Trouble(filesystem, "it had to be thawed at the bound, before its time")
    return Trouble(filesystem, f"the kernel refused: {os.strerror(number)}")


class _Helper:
    """The helper's own side; a single thread that only calls ioctl, poll, send and receive."""

    def __init__(self, end: socket.socket, held: Sequence[Held], bound: float) -> None:
        self._end = end
        self._held = held
        self._bound = bound
        self._frozen: List[int] = []
        self._early: Set[int] = set()
        self._until: Optional[float] = None

    def serve(self) -> None:
        os.setsid()
        poll = select.poll()
        poll.register(self._end.fileno(), select.POLLIN)
        while True:
            left = None if self._until is None else max(0.0, self._until - now())
            if not poll.poll(None if left is None else int(left * 1000) + 1):
                # The worker should have thawed before now: it hangs.
                self._early.update(self._frozen)
                self._thaw()
                continue
            packet = receive_packet(self._end)
            request = unpack(packet)["do"] if packet else "thaw"
            if request == "freeze":
                self._freeze(poll)
                continue
            thawed = self._thaw()
            thawed += [(index, errno.ETIMEDOUT) for index in sorted(self._early)]
            # Before the answer: a post-script may unmount what was frozen.
            self._close()
            self._send({"thawed": thawed})
            if not packet:
                return

    def _freeze(self, poll: select.poll) -> None:
        self._until = now() + self._bound
        for index, held in enumerate(self._held):
            began = now()
            number: Optional[int] = None
            try:
                freeze(held.descriptor)
                self._frozen.append(index)
            except OSError as problem:
                number = problem.errno
            self._send({"error": number, "seconds": now() - began})
            # A word from the worker now is "thaw", or that it is gone; the bound may be over too.
            if number is not None or poll.poll(0) or now() > self._until:
                return

    def _thaw(self) -> List[Tuple[int, Optional[int]]]:
        self._until = None
        thawed: List[Tuple[int, Optional[int]]] = []
        while self._frozen:
            index = self._frozen.pop()
            number: Optional[int] = None
            try:
                thaw(self._held[index].descriptor)
            except OSError as problem:
                number = problem.errno
            thawed.append((index, number))
        return thawed

    def _close(self) -> None:
        for held in self._held:
            os.close(held.descriptor)
        self._held = ()

    def _send(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            self._end.send(pack(message))
