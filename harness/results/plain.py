"""Text of a guest, made fit to be shown: logs are hostile until proven otherwise.

Terminal control sequences are removed whole, so that a log can't move the cursor, set a title or
hide a line; other control characters and the halves of surrogate pairs that stand for bytes that
were no UTF-8 become visible. The result is safe for a terminal, for XML 1.0 and for UTF-8.
"""

from __future__ import annotations

import re

# ECMA-48: CSI … final byte; OSC/DCS/SOS/PM/APC … up to ST or BEL; two-character escapes.
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
# What turns text around or hides it, and what XML 1.0 does not know.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)
_LONE = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """The text with nothing in it that a terminal or a browser would obey; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SEQUENCES.sub("", text)
    text = _UNSEEN.sub(_visible, text)
    return _LONE.sub(_byte, text)


def one_line(text: str) -> str:
    """The same on one line, spaces run together."""
    return " ".join(plain(text).split())


def seconds(value: float) -> str:
    """A duration for a person: "84 ms", "1.25 s", "2 min 05 s"."""
    if value < 0:
        return "-" + seconds(-value)
    if value < 0.0095:
        return f"{value * 1000:.1f} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _byte(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
