"""The report: one HTML page that opens from a mail, without a network and without a server.

Jinja2 with autoescape; every text of a guest goes through `plain` first. A content security
policy lets the page load nothing and run only its own script, by its digest. What is inside the
rows of all scenarios travels as data and becomes a part of the page when its row is opened.
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

from harness.contract.clauses import TITLES
from harness.results.bundle import bundle
from harness.results.page import Page, build_page
from harness.results.plain import one_line, plain, seconds
from harness.results.proof import CONSISTENCIES
from harness.results.record import Record
from harness.results.verdict import STATUSES
from harness.results.wording import GLYPHS, HARMS, round_sentence

_TEMPLATES = Path(__file__).parent / "templates"
_INDENT = re.compile(r"\n\s+")
_BREAKS = re.compile(r"(?<=[_/:\[.])(?=\w)")


def render(records: Sequence[Record], clauses: Mapping[str, str] | None = None) -> str:
    """The page of one record, or of several side by side; `clauses` maps clause ids to texts."""
    page = build_page(records)
    texts = _texts(page, clauses or {})
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = _environment()
    parts = environment.get_template("parts.html.j2").module
    inside = [
        _INDENT.sub("\n", str(parts.inside(view)))  # type: ignore[attr-defined]
        for view in page.scenarios
    ]
    return environment.get_template("report.html.j2").render(
        page=page,
        clauses=texts,
        titles=TITLES,
        statuses=tuple(reversed(STATUSES)),
        glyphs=GLYPHS,
        harms=HARMS,
        consistencies=CONSISTENCIES,
        data=markupsafe.Markup(bundle(page.scenarios, inside, texts)),  # noqa: S704  # it is inert
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


def _texts(page: Page, clauses: Mapping[str, str]) -> Mapping[str, str]:
    """Certification's own clauses are not in the contract: their checks carry their words."""
    own = {
        check.clause: check.expected
        for view in page.scenarios
        for check in view.checks
        if check.clause not in clauses and check.rule.startswith("KIT-")
    }
    return defaultdict(str, {**clauses, **own})


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
        "round_sentence": round_sentence,
    }
    return environment
