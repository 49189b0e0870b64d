"""Keeps secrets out of what is written down: whatever a guest says of them is replaced.

A secret is known by its text, also as it stands in JSON, in a message of Python, in an address, in
base64 or quoted for a shell. What was cut to its end may begin inside of a secret: the rest of one
is replaced there too.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import urllib.parse
from collections.abc import Iterable, Iterator

REPLACEMENT = "[redacted]"

#: So many characters of a secret's end are told from other text.
_LEAST_REST = 4


class Redactor:
    """Replaces these values in text, in output and in lines of a record."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _forms(value)}
        #: The longest first: one form may hold another.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._encoded = [json.dumps(form)[1:-1].encode("ascii") for form in self._forms]
        rests = {end for form in self._encoded for end in _rests(form)}
        ordered = sorted(rests, key=lambda rest: (-len(rest), rest))
        self._begins = (
            re.compile(b'(?<=")(?:' + b"|".join(map(re.escape, ordered)) + b")")
            if ordered
            else None
        )

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} forms>"

    def text(self, text: str) -> str:
        """A text for people."""
        for form in self._forms:
            text = text.replace(form, REPLACEMENT)
        return text

    def output(self, data: bytes, cut: bool = False) -> bytes:
        """What a program printed; `cut`: only its end is there."""
        replacement = REPLACEMENT.encode()
        for form in self._forms:
            data = data.replace(form.encode("utf-8", "surrogateescape"), replacement)
        rests = (rest for form in self._forms for rest in _rests(form.encode()))
        if cut and (begins := next((rest for rest in rests if data.startswith(rest)), b"")):
            data = replacement + data[len(begins) :]
        return data

    def line(self, encoded: bytes) -> bytes:
        """A line of a record, as it is written: JSON in ASCII."""
        for form in self._encoded:
            encoded = encoded.replace(form, REPLACEMENT.encode())
        if self._begins is not None:
            encoded = self._begins.sub(REPLACEMENT.encode(), encoded)
        return encoded


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield json.dumps(value)[1:-1]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield urllib.parse.quote(value, safe="")
    yield urllib.parse.quote_plus(value)
    yield shlex.quote(value)
    yield base64.b64encode(value.encode()).decode().rstrip("=")


def _rests(form: bytes) -> Iterator[bytes]:
    """The ends of a form, the longest first."""
    for start in range(1, len(form) - _LEAST_REST + 1):
        yield form[start:]
