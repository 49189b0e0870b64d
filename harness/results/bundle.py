"""What the rows of the page hold, as data: small, inert, and a part of the page when asked for.

Thousands of checks say few different things: each text stands once, a check is four numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.results.plain import one_line, plain
from harness.results.verdict import STATUSES
from harness.results.views import ScenarioView
from harness.results.wording import GLYPHS

#: What would end the element that the data stands in, or begin a comment that hides its end.
_UNSAFE = (("</", "<\\/"), ("<!", "\\u003c!"))


def bundle(views: Sequence[ScenarioView], inside: Sequence[str], clauses: Mapping[str, str]) -> str:
    """JSON that may stand in a script element.

    "texts" is all that checks say, "clauses" pairs of id and text, "statuses" pairs of name and
    glyph. Each of "rows" has "checks", four numbers a check: clause, status, expected, observed;
    and "more", HTML that was escaped where it was made.
    """
    texts: dict[str, int] = {}
    names: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(plain(text), len(texts))

    rows = []
    for view, more in zip(views, inside, strict=True):
        checks: list[int] = []
        for check in view.checks:
            checks += (
                names.setdefault(check.clause, len(names)),
                STATUSES.index(check.status),
                number(check.expected),
                number(check.observed),
            )
        rows.append({"checks": checks, "more": more})
    data = {
        "statuses": [(status, GLYPHS[status]) for status in STATUSES],
        "clauses": [(one_line(name), one_line(clauses[name])) for name in names],
        "texts": list(texts),
        "rows": rows,
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    for unsafe, safe in _UNSAFE:
        text = text.replace(unsafe, safe)
    return text
