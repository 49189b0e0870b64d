"""The tracked results of the mutants, each survivor's reason, and what is wrong with them.

`results/*.json` say what became of each mutant, `survivors.toml` is written by hand, SURVIVORS.md
is rendered from both. `make test` compares all of it with the code, so that no result is stale and
no survivor goes without a word.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.collected import is_there
from tests.mutants.mutations import CONTRACT, EXECUTOR, by_id, digests, mutations
from tests.mutants.outcomes import INVALID, KILLED, SURVIVED, Outcome, load

_FOLDER = Path(__file__).parent
REASONS = _FOLDER / "survivors.toml"
PAGE = _FOLDER / "SURVIVORS.md"

#: What a survivor may be: no behaviour differs; it differs where nothing outside can see it; it
#: could be seen, and the reason says why no test or scenario asks; nobody has judged it yet.
KINDS = ("equivalent", "unobservable", "accepted", "open")


@dataclass(frozen=True)
class Reason:
    """Why a mutant may survive."""

    kind: str
    text: str


@dataclass(frozen=True)
class Result:
    """The tracked result of one room."""

    room: str
    about: Mapping[str, Any]
    scopes: Mapping[str, str]
    outcomes: tuple[Outcome, ...]

    @property
    def survivors(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status == SURVIVED)


def result(room: str) -> Result:
    """What is tracked; empty where nothing is."""
    tracked = load(room)
    return Result(
        room,
        tracked.get("about", {}),
        tracked.get("scopes", {}),
        tuple(Outcome(**record) for record in tracked.get("mutants", ())),
    )


def reasons(text: str) -> dict[str, Reason]:
    """survivors.toml by mutant; a ValueError names what is wrong with an entry."""
    found: dict[str, Reason] = {}
    for entry in tomllib.loads(text).get("survivor", ()):
        reason = Reason(entry["kind"], entry["reason"].strip())
        if reason.kind not in KINDS or not reason.text:
            raise ValueError(
                f"{entry['ids']}: kind must be one of {', '.join(KINDS)}, with a reason"
            )
        for identity in entry["ids"]:
            if identity in found:
                raise ValueError(f"{identity} has two reasons")
            found[identity] = reason
    return found


def complaints(results: Sequence[Result], why: Mapping[str, Reason]) -> Iterator[str]:
    """What is wrong with the tracked results, in sentences."""
    survivors = {outcome.id for each in results for outcome in each.survivors}
    for identity in sorted(survivors - set(why)):
        yield f"{identity} survives without a reason in {REASONS.name}"
    for identity in sorted(set(why) - survivors):
        yield f"{identity} has a reason in {REASONS.name}, and does not survive"
    for each in results:
        yield from _stale(each)
        for outcome in each.outcomes:
            if outcome.status == KILLED and not is_there(outcome.by):
                yield f"{outcome.id} was killed by {outcome.by}, which is not there any more"


def _stale(each: Result) -> Iterator[str]:
    now = digests(each.room)
    changed = [
        scope for scope in {**now, **each.scopes} if now.get(scope) != each.scopes.get(scope)
    ]
    for scope in changed:
        yield f"{scope} has changed since its mutants were tried: make mutants"
    if changed:
        return
    known, tried = by_id(mutations(each.room)), {outcome.id for outcome in each.outcomes}
    for identity in sorted(tried - set(known)):
        yield f"{identity} is no mutant of this code: make mutants"
    if each.room == CONTRACT:
        for identity in sorted(set(known) - tried):
            yield f"{identity} was not tried: make mutants"


def page(results: Iterable[Result], why: Mapping[str, Reason]) -> str:
    """SURVIVORS.md."""
    lines = [
        "# Mutants that survived, and why",
        "",
        "Written by `python -m tests.mutants report` from `results/` and `survivors.toml`;",
        "[docs/mutants.md](../../docs/mutants.md) says what this proves.",
    ]
    for each in results:
        lines += ["", *_section(each, why)]
    return "\n".join(lines) + "\n"


def _section(each: Result, why: Mapping[str, Reason]) -> Iterator[str]:
    yield f"## harness/{each.room}/"
    yield ""
    yield f"{_about(each)}"
    yield ""
    yield "| module | killed | survived | no program |"
    yield "| --- | --- | --- | --- |"
    modules = sorted({outcome.scope.partition(":")[0] for outcome in each.outcomes})
    for module in [*modules, ""]:
        mine = [o for o in each.outcomes if not module or o.scope.partition(":")[0] == module]
        told = Counter(outcome.status for outcome in mine)
        counts = " | ".join(str(told[word]) for word in (KILLED, SURVIVED, INVALID))
        yield f"| {module or '**all**'} | {counts} |"
    for kind in (*KINDS, ""):
        chosen = [o for o in each.survivors if (why[o.id].kind if o.id in why else "") == kind]
        if chosen:
            yield ""
            yield f"### {kind.capitalize() or 'Without a reason'}"
            if each.room == EXECUTOR:
                yield ""
                yield _met(chosen)
        for outcome in chosen:
            yield ""
            yield from _survivor(outcome, why.get(outcome.id))


def _about(each: Result) -> str:
    about = each.about
    if each.room == EXECUTOR:
        return (
            f"{about['sampled']} mutants by lot (seed {about['seed']}) of the {about['covered']} "
            f"whose line one of {about['scenarios']} scenarios executes; the executor has "
            f"{about['mutants']}. Made by {about['tool']}. A survivor says how many scenarios it "
            "passed, of those that executed its line when it was tried: the nearest ones, and all "
            "others where it had no reason then."
        )
    return f"All {about['mutants']} mutants, by tests/contract. Made by {about['tool']}."


def _met(survivors: Sequence[Outcome]) -> str:
    whole = sum(outcome.tried == outcome.near for outcome in survivors)
    return (
        f"{len(survivors)}, of which {whole} passed every scenario that executed their "
        f"line, and {len(survivors) - whole} the nearest ones alone."
    )


def _survivor(outcome: Outcome, reason: Reason | None) -> Iterator[str]:
    module, _, scope = outcome.scope.partition(":")
    place = f"{module}:{outcome.line}" + (f" {scope}" if scope else "")
    passed = f"; passed {outcome.tried} of {outcome.near} scenarios" if outcome.near else ""
    yield f"- `{outcome.id}` {place}, {outcome.operator}{passed}"
    yield f"  - `{outcome.before}`"
    yield f"  - `{outcome.after}`"
    yield f"  - {' '.join(reason.text.split()) if reason else 'no reason yet'}"


def tracked() -> tuple[Result, Result]:
    """Both results as they are tracked."""
    return result(CONTRACT), result(EXECUTOR)


def tracked_reasons() -> dict[str, Reason]:
    """The reasons as they are tracked."""
    return reasons(REASONS.read_text(encoding="utf-8")) if REASONS.is_file() else {}


def judged() -> set[str]:
    """The survivors whose reason somebody has given: all that are tracked but the open ones."""
    return {identity for identity, reason in tracked_reasons().items() if reason.kind != "open"}
