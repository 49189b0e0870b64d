"""CFG-01 to CFG-03 once more, from the contract's text alone: what the config's reader is held to.

A JSON reader of its own, by the grammar of RFC 8259, so that nothing is taken from the one that is
tested; then one plain line for each rule. Slow, small, and built differently on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}

#: CFG-01 and CFG-02: the keys, and what they default to; ... is none.
DEFAULTS: dict[str, Any] = {
    "pluginName": "ScriptRunner",
    "preScriptLocation": ...,
    "postScriptLocation": ...,
    "preScriptParams": [],
    "postScriptParams": [],
    "preScriptNoOfRetries": 0,
    "postScriptNoOfRetries": 0,
    "timeoutInSeconds": 30,
    "continueBackupOnFailure": True,
    "fsFreezeEnabled": True,
    "ScriptsExecutionPollTimeSeconds": 1,
}


@dataclass(frozen=True)
class Number:
    """A number as it is written: 30, 30.0 and 3e1 are three."""

    text: str

    @property
    def whole(self) -> bool:
        return not set(self.text) & set(".eE")


class Pairs(list[tuple[str, Any]]):
    """An object as it is written: a key may stand twice."""


class Broken(Exception):
    """The text can't be read; the reason is the last word of a clause of CFG-03."""


def read(raw: bytes) -> tuple[dict[str, Any] | None, set[str], bool]:
    """The settings, or None and every reason against them; and whether a warning is due."""
    try:
        pairs = _document(raw)
    except Broken as broken:
        return None, {str(broken)}, False
    given = dict(pairs)
    reasons = {
        "missing-key" for key, value in DEFAULTS.items() if value is ... and key not in given
    }
    for key, value in given.items():
        if key in DEFAULTS:
            reasons |= set(_against(key, value))
    unknown = any(key not in DEFAULTS for key in given)
    name = given.get("pluginName", "ScriptRunner")
    warned = unknown or (isinstance(name, str) and name != "ScriptRunner")
    if reasons:
        return None, reasons, warned
    plain = {key: _plain(value) for key, value in given.items() if key in DEFAULTS}
    return {**DEFAULTS, **plain}, set(), warned


def _against(key: str, value: Any) -> list[str]:
    """The first thing that CFG-03 has against a value, in a list; empty where it is good."""
    if value is None:
        return ["null"]
    if key.endswith("Location"):
        return _path(value)
    if key.endswith("Params"):
        return _params(value)
    if key == "pluginName":
        return [] if isinstance(value, str) else ["type"]
    if key in ("continueBackupOnFailure", "fsFreezeEnabled"):
        return [] if isinstance(value, bool) else ["type"]
    if isinstance(value, bool):
        return ["bool-is-no-number"]
    if not isinstance(value, Number):
        return ["type"]
    if not value.whole:
        return ["float-is-no-number"]
    number = int(value.text)
    if key.endswith("NoOfRetries"):
        return ["negative"] if number < 0 else []
    if key == "timeoutInSeconds":
        return ["timeout"] if number < 1 else []
    return [] if number in (1, 2, 3, 4, 5) else ["poll"]


def _path(value: Any) -> list[str]:
    if not isinstance(value, str):
        return ["type"]
    if value == "":
        return ["empty-path"]
    if "\0" in value:
        return ["nul"]
    return [] if value[0] == "/" else ["relative-path"]


def _params(value: Any) -> list[str]:
    if not isinstance(value, list) or isinstance(value, Pairs):
        return ["params"]
    for item in value:
        if item is None:
            return ["null"]
        if not isinstance(item, str):
            return ["params"]
        if "\0" in item:
            return ["nul"]
    return []


def _plain(value: Any) -> Any:
    return int(value.text) if isinstance(value, Number) else value


def _document(raw: bytes) -> Pairs:
    if raw[:3] == b"\xef\xbb\xbf":
        raise Broken("bom")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("encoding") from None
    value, end = _value(text, _skip(text, 0))
    if _skip(text, end) != len(text):
        raise Broken("json")
    if _has_half_a_pair(value):
        raise Broken("surrogate")
    if not isinstance(value, Pairs):
        raise Broken("not-object")
    return value


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _value(text: str, at: int) -> tuple[Any, int]:
    if text.startswith("{", at):
        return _object(text, _skip(text, at + 1))
    if text.startswith("[", at):
        return _list(text, _skip(text, at + 1))
    if text.startswith('"', at):
        return _string(text, at + 1)
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    if text.startswith(("NaN", "Infinity", "-Infinity"), at):
        raise Broken("constant")
    number = _NUMBER.match(text, at)
    if number is None:
        raise Broken("json")
    return Number(number[0]), number.end()


def _object(text: str, at: int) -> tuple[Pairs, int]:
    pairs = Pairs()
    while not text.startswith("}", at) or pairs:
        if not text.startswith('"', at):
            raise Broken("json")
        key, at = _string(text, at + 1)
        at = _skip(text, at)
        if not text.startswith(":", at):
            raise Broken("json")
        value, at = _value(text, _skip(text, at + 1))
        pairs.append((key, value))
        at = _skip(text, at)
        if text.startswith("}", at):
            break
        if not text.startswith(",", at):
            raise Broken("json")
        at = _skip(text, at + 1)
    if len({key for key, _ in pairs}) != len(pairs):
        raise Broken("duplicate-key")
    return pairs, at + 1


def _list(text: str, at: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while not text.startswith("]", at) or items:
        value, at = _value(text, at)
        items.append(value)
        at = _skip(text, at)
        if text.startswith("]", at):
            break
        if not text.startswith(",", at):
            raise Broken("json")
        at = _skip(text, at + 1)
    return items, at + 1


def _string(text: str, at: int) -> tuple[str, int]:
    units: list[int] = []  # UTF-16, as the escapes are
    while True:
        if at >= len(text) or text[at] < " ":
            raise Broken("json")
        if text[at] == '"':
            break
        if text[at] != "\\":
            units += memoryview(text[at].encode("utf-16-le")).cast("H").tolist()
            at += 1
        elif text[at + 1 : at + 2] in _ESCAPES:
            units.append(ord(_ESCAPES[text[at + 1 : at + 2]]))
            at += 2
        else:
            code = re.compile(r"\\u([0-9a-fA-F]{4})").match(text, at)
            if code is None:
                raise Broken("json")
            units.append(int(code[1], 16))
            at += 6
    raw = b"".join(unit.to_bytes(2, "little") for unit in units)
    return raw.decode("utf-16-le", "surrogatepass"), at + 1


def _has_half_a_pair(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, Pairs):
        return any(_has_half_a_pair(key) or _has_half_a_pair(item) for key, item in value)
    return isinstance(value, list) and any(map(_has_half_a_pair, value))
