"""The report: one HTML page that opens from a mail, without a network and without a server.

Jinja2 with autoescape; every text of a guest goes through `plain` first. A content security
policy lets the page load nothing and run only its own script, by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import markupsafe

from harness.results.coverage import coverage
from harness.results.page import build_page
from harness.results.plain import one_line, plain, seconds
from harness.results.record import Record, Status
from harness.results.verdict import STATUSES
from harness.results.wording import HARMS

_TEMPLATES = Path(__file__).parent / "templates"
_BREAKS = re.compile(r"(?<=[_/:\[.])(?=\w)")
_GLYPHS: Mapping[Status, str] = {
    "not-applicable": "·",
    "skipped": "○",
    "passed": "✓",
    "warned": "!",
    "failed": "✗",
    "hung": "◷",
    "crashed": "✗",
    "harness-error": "⚠",
}


def render(
    record: Record,
    clauses: Mapping[str, str] | None = None,
    errors: Mapping[str, tuple[str, str]] | None = None,
) -> str:
    """The page. `clauses` maps clause ids to texts, `errors` names to (message, action)."""
    covered = coverage(record.header, record.checks)
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = _environment().get_template("report.html.j2")
    return template.render(
        page=build_page(record, errors or {}),
        unchecked=covered.unchecked if covered else (),
        clauses=defaultdict(str, clauses or {}),
        statuses=tuple(reversed(STATUSES)),
        glyphs=_GLYPHS,
        harms=HARMS,
        script=script,
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
    )


def breakable(text: str) -> markupsafe.Markup:
    """An id that may be broken between its words, and only there; copied text stays the same."""
    return markupsafe.Markup("<wbr>").join(_BREAKS.split(one_line(text)))


def bars_path(bars: Sequence[float]) -> str:
    """Heights from 0 to 1 as one SVG path, in a box one unit wide for each and one unit high."""
    return "".join(
        f"M{left} 1V{1 - height:.3g}h.8V1z" for left, height in enumerate(bars) if height
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "line": one_line,
        "breakable": breakable,
        "seconds": seconds,
        "bars": bars_path,
    }
    return environment
