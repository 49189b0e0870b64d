"""What became of each mutant: kept while a run goes on, and tracked when it is over.

A run appends one line a finished mutant to a state file, so that a killed run goes on where it
was. An outcome counts only for the code that it speaks of: its scope's digest tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.mutants.collected import is_there
from tests.mutants.mutations import ROOT, Mutation

KILLED, SURVIVED, INVALID = "killed", "survived", "invalid"

#: What a run keeps until it is over; `make clean` forgets it.
STATE = ROOT / ".make" / "mutants"
_RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    `status`: killed; survived; invalid, where it is no program or the same one. `by` is the test or
    scenario that failed and `how` what failed there: a clause of the contract, or a word. `before`
    and `after` are the lines that differ; `tried` is how many scenarios ran, of the `near` ones
    that execute the line (unit tests: 0).
    """

    id: str
    scope: str
    line: int
    operator: str
    status: str
    before: str = ""
    after: str = ""
    by: str = ""
    how: str = ""
    tried: int = 0
    near: int = 0


class State:
    """The outcomes of a room so far; `digests` are those of the code as it is now."""

    def __init__(self, room: str, digests: Mapping[str, str]) -> None:
        self._path = STATE / f"{room}.jsonl"
        self._digests = digests
        self._known: dict[str, tuple[str, Outcome]] = {}
        tracked = load(room)
        for record in tracked.get("mutants", ()):
            outcome = Outcome(**record)
            self._known[outcome.id] = (tracked["scopes"].get(outcome.scope, ""), outcome)
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                outcome = Outcome(**entry["outcome"])
                self._known[outcome.id] = (entry["digest"], outcome)

    def get(self, mutation: Mutation) -> Outcome | None:
        """What became of it; None where it was not tried, or the code has changed since, or the
        test that killed it is gone."""
        digest, outcome = self._known.get(mutation.id, ("", None))
        if outcome is None or digest != self._digests.get(outcome.scope):
            return None
        return None if outcome.status == KILLED and not is_there(outcome.by) else outcome

    def add(self, outcome: Outcome) -> None:
        """One more; it takes the place of an earlier one of the same mutant."""
        digest = self._digests[outcome.scope]
        self._known[outcome.id] = (digest, outcome)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"digest": digest, "outcome": asdict(outcome)}, ensure_ascii=False)
        # One write: the shards of a run append to the same file.
        with self._path.open("ab", buffering=0) as file:
            file.write(line.encode() + b"\n")


def load(room: str) -> Mapping[str, Any]:
    """The tracked result of a room, {} where there is none yet."""
    path = result_path(room)
    result: Mapping[str, Any] = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    )
    return result


def save(
    room: str, about: Mapping[str, Any], scopes: Mapping[str, str], outcomes: Iterable[Outcome]
) -> None:
    """Write the tracked result: one mutant a line, so that a change of it can be read."""
    lines = [json.dumps(_told(outcome), ensure_ascii=False) for outcome in outcomes]
    text = (
        '{\n"about": ' + json.dumps(about, ensure_ascii=False) + ',\n"scopes": '
        + json.dumps(scopes, indent=1) + ',\n"mutants": [\n' + ",\n".join(lines) + "\n]\n}\n"
    )  # fmt: skip
    result_path(room).parent.mkdir(exist_ok=True)
    result_path(room).write_text(text, encoding="utf-8")


def result_path(room: str) -> Path:
    """Where the tracked result of a room lies."""
    return _RESULTS / f"{room}.json"


def outcome_of(
    mutation: Mutation, scope: str, shown: tuple[str, str], status: str, **more: Any
) -> Outcome:
    """An outcome of this mutant."""
    before, after = shown
    return Outcome(
        mutation.id, scope, mutation.line, mutation.operator, status, before, after, **more
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    """Without what is empty, and of what was killed without the text: its test tells more."""
    facts = asdict(outcome)
    if outcome.status == KILLED:
        facts.update(before="", after="")
    return {key: value for key, value in facts.items() if value not in ("", 0)}
