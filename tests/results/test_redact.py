"""Secrets stay out of texts, outputs and lines, in whatever form they come."""

from __future__ import annotations

import base64
import json
import shlex
import urllib.parse

import pytest

from harness.results.record import CheckLine, decode, encode
from harness.results.redact import Redactor

SECRET = "It's \"h\\nter2 ünd 𝄞 more"
REDACTOR = Redactor([SECRET, "second-secret-2"])


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        repr(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        shlex.quote(SECRET),
        urllib.parse.quote(SECRET),
        urllib.parse.quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        "second-secret-2",
    ],
)
def test_every_form_is_replaced(form: str) -> None:
    text = REDACTOR.text(f"before {form} after {form}")
    assert text.replace("=", "") == "before [redacted] after [redacted]"
    output = REDACTOR.output(f"before {form} after".encode())
    assert output.replace(b"=", b"") == b"before [redacted] after"


def test_other_text_stays() -> None:
    text = "second secret 2, h\\nter2, [redacted]"
    assert REDACTOR.text(text) == text
    assert REDACTOR.output(b"\xff second") == b"\xff second"
    assert Redactor().text(SECRET) == SECRET


def check(observed: str) -> CheckLine:
    return CheckLine(
        scenario="s", run="", clause="KIT-2.ends", rule="KIT-2", basis="project", status="failed",
        expected="e", observed=observed,
    )  # fmt: skip


@pytest.mark.parametrize("secret", [SECRET, "second-secret-2"])
def test_a_line_of_a_record(secret: str) -> None:
    encoded = REDACTOR.line(encode(check(f"said {secret} and {secret!r}")))
    line = decode(json.loads(encoded))
    assert line == check("said [redacted] and '[redacted]'") or line == check(
        'said [redacted] and "[redacted]"'
    )
    assert REDACTOR.line(encode(check("said nothing"))) == encode(check("said nothing"))


def test_what_was_cut_begins_inside_of_a_secret() -> None:
    assert REDACTOR.output(b"secret-2\nnext", cut=True) == b"[redacted]\nnext"
    assert REDACTOR.output(b"secret-2\nnext") == b"secret-2\nnext"
    line = decode(json.loads(REDACTOR.line(encode(check("cond-secret-2 next")))))
    assert line == check("[redacted] next")


def test_it_does_not_show_what_it_knows() -> None:
    assert "second" not in repr(REDACTOR)
