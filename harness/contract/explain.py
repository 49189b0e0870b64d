"""What `snapcert explain NAME` prints: an error, a rule, a clause or an area, as plain text."""

from __future__ import annotations

import difflib
import textwrap
from typing import List, Optional, Tuple

from .clauses import CATALOGUE, RULES, SEED, TITLES, Clause, rule
from .errors import ERRORS, ErrorText
from .rulesets import RULESETS, binding

_WIDTH = 88
_BASES = {
    "seed": "the article of 2017",
    "config-readme": "the vendor's read-me of the config file",
    "vendor-doc": "the vendor's current article",
    "project": "this project, where the sources are silent",
}


def explain(name: str) -> Optional[str]:
    """The text for an error name, a rule ("FBK-03"), a clause or an area ("FBK"); case is ignored.

    None where the name is none of these; `suggest` then has what may be meant.
    """
    wanted = name.strip().casefold()
    for error in ERRORS.values():
        if error.name.value.casefold() == wanted:
            return _error(error)
    for identity in RULES:
        if identity.casefold() == wanted:
            return _rule(identity)
    for clause in CATALOGUE.values():
        if clause.id.casefold() == wanted:
            return _clause(clause)
    area = tuple(r for r in RULES if r.split("-")[0].casefold() == wanted)
    return _area(area) if area else None


def suggest(name: str) -> Tuple[str, ...]:
    """Names that `explain` knows and that may be meant by this one, at most three.

    Names that contain it ("timeout") come first, then those that are spelt nearly so.
    """
    wanted = name.strip().casefold()
    if not wanted:
        return ()
    known = {n.casefold(): n for n in (*ERRORS, *RULES, *CATALOGUE)}
    near = difflib.get_close_matches(wanted, list(known), 3, 0.6)
    inside = [n for n in known if wanted in n] if len(wanted) > 2 else []
    return tuple(known[n] for n in list(dict.fromkeys([*inside, *near]))[:3])


def _error(error: ErrorText) -> str:
    origin = "a documented error" if error.documented else "an error of this project"
    lines = [f"{error.name.value}: {origin}", ""]
    lines += _field("meaning", error.message)
    lines += _field("what to do", error.action)
    lines += _field("arises from", "; ".join(f"{r} ({TITLES[r]})" for r in error.rules))
    return "\n".join(lines)


def _area(rules: Tuple[str, ...]) -> str:
    return "\n".join(f"{identity:<9}{TITLES[identity]}" for identity in rules)


def _rule(identity: str) -> str:
    lines = [f"{identity}: {TITLES[identity]}"]
    for clause in rule(identity):
        lines += ["", f"  {clause.id}  [{clause.basis}]"]
        lines += _wrapped(clause.text, "      ")
    return "\n".join(lines)


def _clause(clause: Clause) -> str:
    lines = [f"{clause.id}: {TITLES[clause.rule]}", ""]
    lines += _field("rule", clause.text)
    lines += _field("if broken", clause.consequence)
    lines += _field("basis", _BASES[clause.basis])
    for quote in clause.quotes:
        # Quotations are not wrapped: they have no spaces to wrap at, and are there to be searched.
        lines.append(f"  {'':<13}{quote.text if quote.source == SEED else quote.source}")
    lines += _field("binds under", ", ".join(r for r in RULESETS if binding(clause, r)))
    if not clause.observable:
        lines += _field("not observed", clause.unobservable_reason)
    if clause.reference_only:
        lines += _field("checked for", "the reference executor only")
    return "\n".join(lines)


def _field(label: str, text: str) -> List[str]:
    wrapped = _wrapped(text, " " * 15)
    return [f"  {label:<13}{wrapped[0].lstrip()}", *wrapped[1:]]


def _wrapped(text: str, indent: str) -> List[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
