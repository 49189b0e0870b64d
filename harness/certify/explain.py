"""What `snapcert explain NAME` prints of certification: a clause, a rule, or a finding of lint."""

from __future__ import annotations

import re

from harness.certify.clauses import CLAUSES, TITLES, KitClause, clauses_of
from harness.certify.lint.rules import CLAUSE_OF, TEXT_OF
from harness.results.wording import wrapped

_WIDTH = 88
_AREA = "KIT"
_BREAKS = "an error breaks it, a warning is shown only"
_SHELLCHECK = re.compile(r"sc\d{4}")

#: All that is explained here.
NAMES: tuple[str, ...] = (*CLAUSES, *TITLES, *TEXT_OF)


def explain(name: str) -> str | None:
    """The text for a clause or rule of a kit ("KIT-1"), or a name in lint's findings.

    Case is ignored. None where the name is none of these.
    """
    wanted = name.strip().casefold()
    if wanted == _AREA.casefold():
        return "\n".join(f"{rule:<9}{title}" for rule, title in TITLES.items())
    if _SHELLCHECK.fullmatch(wanted):
        return _shellcheck(wanted.upper())
    known = {each.casefold(): each for each in NAMES}.get(wanted)
    if known is None:
        return None
    if known in TITLES:
        return _rule(known)
    return _clause(CLAUSES[known]) if known in CLAUSES else _finding(known)


def _rule(rule: str) -> str:
    lines = [f"{rule}: {TITLES[rule]}"]
    for clause in clauses_of(rule):
        lines += ["", f"  {clause.id}", *wrapped(clause.text, _WIDTH, " " * 6, " " * 6)]
    return "\n".join(lines)


def _clause(clause: KitClause) -> str:
    lines = [f"{clause.id}: {TITLES[clause.id.partition('.')[0]]}", ""]
    lines += _field("rule", clause.text)
    lines += _field("if broken", clause.consequence)
    lines += _field("basis", "this project, for each kit and under each rule set")
    own = [name for name, of in CLAUSE_OF.items() if of == clause.id]
    return "\n".join(lines + (_field("findings", ", ".join(own)) if own else []))


def _finding(name: str) -> str:
    lines = [f"{name}: a finding of level 1", "", *_field("found", TEXT_OF[name])]
    return "\n".join(lines + _field("clause", f"{CLAUSE_OF[name]}: {_BREAKS}"))


def _shellcheck(code: str) -> str:
    lines = [f"{code}: a finding of ShellCheck's", ""]
    lines += _field("found", f"https://www.shellcheck.net/wiki/{code} says what, and the remedy.")
    return "\n".join(lines + _field("clause", f"KIT-1.shellcheck: {_BREAKS}"))


def _field(label: str, text: str) -> list[str]:
    return wrapped(text, _WIDTH, f"  {label:<13}", " " * 15)
