"""Carrying out a plan's actions, while the process that called waits for it."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time

from . import linux
from .problem import AgentProblem
from .triggers import describe
from .wire import Code, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

#: How long an action waits at most for the word that it awaits, in seconds.
_AWAIT_SECONDS = 30.0


class Faults:
    """Does what a plan says and tells each action as an event `fault`."""

    def __init__(
        self,
        *,
        emit: Callable[..., None],
        kill: Callable[[str | int, int, bool], list[int]],
        own_disk: Callable[[int], bool],
        put: Callable[[list[dict[str, Any]]], None],
        mount: Callable[[str], None],
        unmount: Callable[[str], None],
    ) -> None:
        self._emit = emit
        self._kill = kill
        self._own_disk = own_disk
        self._put = put
        self._mount = mount
        self._unmount = unmount
        self._words: dict[str, threading.Event] = {}
        self._later: list[threading.Timer] = []

    def forget_later(self) -> None:
        """What was to be done later is not: the run that it was meant for is over."""
        while self._later:
            self._later.pop().cancel()

    def say(self, word: str) -> None:
        """Let an action that awaits this word, or will await it, go on."""
        self._words.setdefault(word, threading.Event()).set()

    def carry_out(self, actions: Iterable[dict[str, Any]], caller: int) -> bool:
        """Every action in order; whether all of them could be done. `caller` is a pid.

        One with `after` is carried out so many seconds later, and nobody waits for it.

        A kill or a thaw is told before it is done, so that nobody sees the death, or the disk
        thawed, before its cause; so is a wait, which somebody ends who has heard of it.
        """
        good = True
        for action in actions:
            problem = ""
            if "after" in action:
                later = {key: value for key, value in action.items() if key != "after"}
                timer = threading.Timer(action["after"], self.carry_out, ([later], caller))
                timer.daemon = True
                self._later.append(timer)
                timer.start()
                continue
            first = any(verb in action for verb in ("kill", "thaw", "await"))
            if first:
                self._emit(Event.FAULT, {"what": describe(action), "problem": ""})
            try:
                self._one(action, caller)
            except AgentProblem as error:
                problem = error.message
            except OSError as error:
                problem = f"{error.strerror} ({error.filename})"
            good = good and not problem
            if problem or not first:
                self._emit(Event.FAULT, {"what": describe(action), "problem": problem})
        return good

    def _one(self, action: dict[str, Any], caller: int) -> None:
        if "kill" in action:
            target = caller if action["kill"] == "caller" else action["kill"]
            self._kill(target, int(action.get("signal", 9)), bool(action.get("tree", False)))
        elif "resume" in action:
            self._kill(action["resume"], signal.SIGCONT, True)
        elif "put" in action:
            self._put(action["put"])
        elif "delay" in action:
            time.sleep(float(action["delay"]))
        elif "await" in action:
            self._await(action["await"])
        elif "freeze" in action:
            self._on_disk(action["freeze"], lambda held: fcntl.ioctl(held, linux.FIFREEZE, 0))
        elif "thaw" in action:
            self._on_disk(action["thaw"], linux.thaw)
        elif "remount" in action:
            flags, data = linux.mount_options(action.get("options", ""))
            linux.mount("", action["remount"], "", linux.MS_REMOUNT | flags, data)
        elif "mount" in action:
            self._mount(action["mount"])
        elif "unmount" in action:
            self._unmount(action["unmount"])
        elif "event" not in action and "refuse" not in action:
            raise AgentProblem(Code.BAD_REQUEST, f"no action is called {describe(action)}", "")

    def _await(self, word: str) -> None:
        said = self._words.setdefault(word, threading.Event())
        if not said.wait(_AWAIT_SECONDS):
            raise AgentProblem(Code.FAILED, f"nobody said {word!r} in {_AWAIT_SECONDS:g} s", "")
        said.clear()

    def _on_disk(self, path: str, act: Callable[[int], object]) -> None:
        """Act on the filesystem of `path`, if it is one of the guest's own disks.

        Anything else might be the machine's: frozen, it would stop for good.
        """
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not self._own_disk(held):
                raise AgentProblem(Code.BAD_REQUEST, f"{path} is on none of this guest's disks", "")
            act(held)
        finally:
            os.close(held)
