"""Which actions of a plan are due at a call: pure matching, each trigger once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Occasion:
    """What happened: a mark ("pre", "start", attempt), a snapshot request, an ask, a freeze or
    thaw that the executor asks for ("freeze", disk, its number of that kind), the opening of a
    file that is watched, or the start of a watched script ("pre")."""

    def __init__(self, kind: str, words: Sequence[str], number: int) -> None:
        self.kind = kind
        self.words = tuple(words)
        self.number = number


class Plan:
    """Triggers that have not gone off, and the counts that they refer to."""

    def __init__(self, triggers: Sequence[dict[str, Any]] = ()) -> None:
        self._waiting = list(triggers)
        self._starts: dict[str, int] = {}
        self._requests = 0
        self._calls: dict[str, int] = {}

    def mark(self, script: str, point: str) -> Occasion:
        """A script reached a point; `number` is its attempt, counted by its "start" marks."""
        if point == "start":
            self._starts[script] = self._starts.get(script, 0) + 1
        return Occasion("mark", (script, point), self._starts.get(script, 0))

    def request(self) -> Occasion:
        """The snapshot command was called; `number` counts the calls from 1."""
        self._requests += 1
        return Occasion("snapshot", (), self._requests)

    def ask(self, word: str) -> Occasion:
        """A script asked for an action by its word."""
        return Occasion("ask", (word,), 0)

    def opened(self, path: str) -> Occasion:
        """Somebody opens a file for which a trigger waits; it is not open yet."""
        return Occasion("opened", (path,), 0)

    def started(self, script: str) -> Occasion:
        """A watched script was executed; it goes on meanwhile."""
        return Occasion("started", (script,), 0)

    def watched_paths(self) -> list[str]:
        """The files, and the folders of files, whose opening a trigger waits for."""
        return [t["when"]["opened"] for t in self._waiting if "opened" in t["when"]]

    def freeze_call(self, what: str, disk: str) -> Occasion:
        """A freeze or thaw of a disk; `number` counts each of the two kinds from 1."""
        self._calls[what] = self._calls.get(what, 0) + 1
        return Occasion("call", (what, disk), self._calls[what])

    def due(self, occasion: Occasion) -> list[dict[str, Any]]:
        """The actions for this occasion; an `ask` may be asked again, others go off once."""
        actions: list[dict[str, Any]] = []
        for trigger in list(self._waiting):
            if _matches(trigger["when"], occasion):
                actions += trigger["do"]
                if occasion.kind != "ask":
                    self._waiting.remove(trigger)
        return actions


def _matches(when: dict[str, Any], occasion: Occasion) -> bool:
    if occasion.kind == "mark":
        if tuple(when.get("mark", ())) != occasion.words:
            return False
        return bool(when.get("attempt", occasion.number) == occasion.number)
    if occasion.kind == "snapshot":
        if when.get("request") != "snapshot":
            return False
        return bool(when.get("number", occasion.number) == occasion.number)
    if occasion.kind == "call":
        what, disk = occasion.words
        if when.get("call") != what or when.get("disk", disk) != disk:
            return False
        return bool(when.get("number", occasion.number) == occasion.number)
    return bool(when.get(occasion.kind) == occasion.words[0])


def describe(action: dict[str, Any]) -> str:
    """The action in words, for the record: "kill executor", "freeze /data"."""
    if "put" in action:
        return "put " + " ".join(file["path"] for file in action["put"])
    for verb in (
        "kill",
        "resume",
        "delay",
        "await",
        "freeze",
        "thaw",
        "remount",
        "mount",
        "unmount",
        "refuse",
        "event",
    ):
        if verb in action:
            return f"{verb} {action[verb]}"
    return "unknown action " + " ".join(sorted(action))
