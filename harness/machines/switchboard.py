"""The thread that moves the bytes of all machines' connections, and beats."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

from harness.machines.agent import wire

if TYPE_CHECKING:
    from harness.machines.channel import Channel

_log = logging.getLogger(__name__)


class Switchboard:
    """The thread that moves the bytes of all channels of this process, and beats."""

    _shared: Switchboard | None = None
    _shared_by = 0
    _shared_lock = threading.Lock()

    def __init__(self, beat_seconds: float = wire.BEAT_SECONDS) -> None:
        self._beat_seconds = beat_seconds
        self._lock = threading.Lock()
        self._channels: dict[Channel, int] = {}
        self._leaving: list[tuple[Channel, threading.Event]] = []
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="switchboard", daemon=True)
        self._thread.start()

    @classmethod
    def shared(cls) -> Switchboard:
        """The one of this process; a forked child, which has no threads, gets its own."""
        with cls._shared_lock:
            if cls._shared is None or cls._shared_by != os.getpid():
                cls._shared, cls._shared_by = Switchboard(), os.getpid()
            return cls._shared

    def beat_within(self, seconds: float) -> None:
        """Beat at least this often: for machines with a shorter lease than usual."""
        if seconds < self._beat_seconds:
            self._beat_seconds = seconds
            self.wake()

    def add(self, channel: Channel) -> None:
        """Serve this channel from now on."""
        with self._lock:
            self._channels[channel] = 0
        self.wake()

    def remove(self, channel: Channel) -> None:
        """Stop serving this channel; returns when no byte of it is being moved any more."""
        if threading.current_thread() is self._thread:
            with self._lock:
                self._channels.pop(channel, None)
            return
        left = threading.Event()
        with self._lock:
            if channel not in self._channels:
                return
            self._leaving.append((channel, left))
        self.wake()
        left.wait(5.0)

    def wake(self) -> None:
        """There is something to do."""
        with contextlib.suppress(BlockingIOError):
            self._wake_in.send(b"!")

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._wake_out, selectors.EVENT_READ)
        beats = itertools.count(1)
        last_beat = time.monotonic()
        while True:
            self._arrange(selector)
            left = last_beat + self._beat_seconds - time.monotonic()
            for key, _ in selector.select(max(0.0, left)):
                if key.fileobj is self._wake_out:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_out.recv(4096)
                    continue
                self._serve(selector, key.data)
            if time.monotonic() >= last_beat + self._beat_seconds:
                number = next(beats)
                with self._lock:
                    channels = list(self._channels)
                for channel in channels:
                    channel.beat(number)
                last_beat = time.monotonic()

    def _serve(self, selector: selectors.BaseSelector, channel: Channel) -> None:
        try:
            alive = channel.drain()
        except Exception as error:  # noqa: BLE001
            # One channel's fault must not end the heartbeats of the others.
            _log.exception("%s: %s", channel.name, error)
            alive = False
        if not alive:
            self._drop(selector, channel)
            channel.ended()

    def _arrange(self, selector: selectors.BaseSelector) -> None:
        """Register who is new, drop who left, send what waits."""
        with self._lock:
            leaving, self._leaving = self._leaving, []
            channels = dict(self._channels)
        for channel, left in leaving:
            if channel in channels:
                with contextlib.suppress(OSError):
                    channel.flush()
                self._drop(selector, channel)
                channels.pop(channel)
            left.set()
        for channel, registered in channels.items():
            try:
                self._register(selector, channel, registered)
            except (OSError, ValueError, KeyError) as error:
                # Its descriptor was closed under us; the others must go on.
                _log.debug("%s: %s", channel.name, error)
                self._drop(selector, channel)
                channel.ended()

    def _register(
        self, selector: selectors.BaseSelector, channel: Channel, registered: int
    ) -> None:
        channel.flush()
        wanted = selectors.EVENT_READ
        if channel.wants_to_send:
            wanted |= selectors.EVENT_WRITE
        if registered == wanted:
            return
        if registered:
            selector.modify(channel, wanted, channel)
        else:
            selector.register(channel, wanted, channel)
        with self._lock:
            if channel in self._channels:
                self._channels[channel] = wanted

    def _drop(self, selector: selectors.BaseSelector, channel: Channel) -> None:
        with self._lock:
            registered = self._channels.pop(channel, 0)
        if registered:
            with contextlib.suppress(KeyError, ValueError, OSError):
                selector.unregister(channel)
