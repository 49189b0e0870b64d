"""The last line of a record: what all the lines before it come to.

The one that writes a record and the one that merges several close it in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.results.coverage import coverage
from harness.results.deviations import stale
from harness.results.record import Footer, Header, Line, ScenarioLine
from harness.results.verdict import count, judge


def close(
    header: Header, lines: Sequence[Line], *, ended: str, digest: str, interrupted: str = ""
) -> Footer:
    """The footer over these lines; `digest` is over the bytes of header and lines."""
    verdict = judge(
        lines, header.kit, interrupted, header.selection, stale(header, lines, interrupted)
    )
    covered = coverage(header, lines)
    return Footer(
        counts=count(lines),
        verdict=verdict.word,
        exit_code=verdict.exit_code,
        ended=ended,
        digest=digest,
        why=(*verdict.why, *((covered.sentence,) if covered else ()), *_again(header, lines)),
        interrupted=interrupted,
    )


def _again(header: Header, lines: Sequence[Line]) -> tuple[str, ...]:
    if not header.replay:
        return ()
    told = f"nothing was run: the runs of {header.replay} were judged again"
    scenarios = [line for line in lines if isinstance(line, ScenarioLine)]
    if skipped := sum(line.status == "skipped" for line in scenarios):
        told += f"; {skipped} of {len(scenarios)} scenarios can't be (docs/gate.md says why)"
    return (told,)
