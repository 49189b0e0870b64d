"""Guest text never commands a terminal or a browser."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results.plain import one_line, plain, seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0mb", "aredb"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1bcb", "ab"),
        ("10%\rdone\r\nnext", "10%\ndone\nnext"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("bell\x07", "bell\\x07"),
        ("exe\u202etxt", "exe\\u202etxt"),
        ("über\ttab\nline", "über\ttab\nline"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_fit_for_utf8_xml_and_a_terminal(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert "\x1b" not in shown
    element = ET.Element("a")
    element.text = shown
    assert ET.fromstring(ET.tostring(element)).text == (shown or None)
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0004, "0.4 ms"),
        (0.084, "84 ms"),
        (0.9996, "1.00 s"),
        (1.25, "1.25 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
        (-0.5, "-500 ms"),
    ],
)
def test_durations(value: float, shown: str) -> None:
    assert seconds(value) == shown
