"""A killed run and the next one: whose post-script ran, when, and as what (ROB-02, ROB-05).

The killed run's post-script may be run by what survives of it, in its own record, or by the next
run, before that run's own pre-script.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.history import Finding, History, Mark
from harness.oracles.consequences import found
from harness.oracles.instants import own_starts
from harness.oracles.scripts import verbatim


@dataclass(frozen=True)
class Owed:
    """What the killed run still owed: its post-script, as its config said.

    It is due `least` to `most` times: more than once where its attempts fail, or where it ran
    when the executor was killed. `own` is how often the next run starts its own post-script.
    """

    paths: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    least: int = 1
    most: int = 1
    own: int = 1


def findings(killed: History, later: History, owed: Owed) -> tuple[Finding, ...]:
    """ROB-02.post and .before-pre, ROB-05.post and .once, by the marks of both runs."""
    return tuple(_findings(killed, later, owed))


def _findings(killed: History, later: History, owed: Owed) -> Iterator[Finding]:
    early = own_starts(killed, "post")  # not what it recovered itself
    pre = later.starts("pre")
    before = [m for m in later.starts("post") if not pre or m.at < pre[0].at]
    after = len(later.starts("post")) - len(before)
    # What the next run starts after its pre-script, beyond its own, comes too late.
    late = max(after - owed.own, 0)
    times = len(early) + len(before) + late
    told = f"{len(early)} times by what survived, {len(before)} times by the next run first"
    told += f", {late} times after its pre-script" if late else ""
    yield found("ROB-02.post", times > 0, "the killed run's post-script is run", f"it ran {told}")
    if times and pre:
        yield found(
            "ROB-02.before-pre",
            not late,
            "the killed run's post-script is run before the next run's pre-script",
            f"it ran {told}",
        )
    if not times:
        return
    yield found(
        "ROB-05.once",
        times <= owed.most,
        f"the killed run's post-script is started {_range(owed)}",
        f"it ran {told}",
    )
    wrong = _as_another((*early, *before), owed)
    enough = times >= owed.least
    yield found(
        "ROB-05.post",
        not wrong and enough,
        f"{' or '.join(owed.paths) or 'it'} {list(owed.arguments)!r}, started {_range(owed)}",
        f"argument vector {list(wrong[0].argv)!r}" if wrong else f"it ran {told}",
    )


def _as_another(marks: tuple[Mark, ...], owed: Owed) -> list[Mark]:
    return [m for m in marks if m.argv and not verbatim(m.argv, owed.paths, owed.arguments)]


def _range(owed: Owed) -> str:
    if owed.least == owed.most:
        return "once" if owed.most == 1 else f"{owed.most} times"
    return f"{owed.least} to {owed.most} times"
