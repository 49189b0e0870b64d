"""Reading one table of a TOML document: each key by its type, and no key unread.

Every reader raises a `ManifestError` that names the key by its full place ("disks[0].size").
"""

from __future__ import annotations

import difflib
import math
import posixpath
import re
from collections.abc import Mapping
from typing import Any, TypeVar

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}

#: A command that runs longer than a script may (CFG-04) is no command of an application.
LONGEST_DEADLINE = 1800.0

_T = TypeVar("_T")
_MISSING: Any = object()


class ManifestError(Exception):
    """One thing that is wrong in kit.toml: the key in question, a sentence, a remedy."""

    def __init__(self, key: str, message: str, remedy: str, ref: str = "kit.value") -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.remedy = remedy
        self.ref = ref


class Table:
    """One table of the document; knows its place, and which of its keys were asked for."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self._values = values
        self._place = place
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def wrong(
        self, key: str, message: str, remedy: str = "mend this value", ref: str = "kit.value"
    ) -> ManifestError:
        return ManifestError(self._at(key), f"{self._at(key)}: {message}", remedy, ref)

    def done(self) -> None:
        """Every key was known."""
        for key in self._values:
            if key in self._known:
                continue
            near = difflib.get_close_matches(key, self._known, 1, 0.5)
            known = ", ".join(sorted(self._known))
            where = f"[{self._place}]" if self._place else "the document"
            remedy = f"is {near[0]!r} meant? " if near else ""
            raise ManifestError(
                self._at(key),
                f"unknown key {key!r} in {where}",
                f"{remedy}{where} may hold: {known}",
                "kit.unknown-key",
            )

    def text(self, key: str, default: str = _MISSING) -> str:
        value: str = self._value(key, str, "a string", default)
        if "\0" in value or (default is _MISSING and not value.strip()):
            raise self.wrong(key, "it is empty or holds a NUL")
        return value

    def matching(self, key: str, pattern: str, words: str) -> str:
        value = self.text(key)
        if not re.fullmatch(pattern, value):
            raise self.wrong(key, f"{value!r} is no name", f"use {words}")
        return value

    def flag(self, key: str) -> bool:
        value: bool = self._value(key, bool, "true or false", _MISSING)
        return value

    def texts(self, key: str, default: tuple[str, ...] = _MISSING) -> tuple[str, ...]:
        fallback = default if default is _MISSING else list(default)
        values = self._value(key, list, "a list of strings", fallback)
        for value in values:
            if not isinstance(value, str) or "\0" in value:
                raise self.wrong(key, f"{value!r} is no string", "write a list of strings")
        return tuple(values)

    def strings(self, key: str) -> dict[str, str]:
        values = self._value(key, dict, "a table of strings", {})
        for name, value in values.items():
            if not isinstance(value, str) or "\0" in value or not name or "=" in name:
                raise self.wrong(key, f"{name} = {value!r} is no environment variable")
        return dict(values)

    def choice(self, key: str, choices: tuple[Any, ...], default: str) -> Any:
        value = self._value(key, str, "a string", default)
        if value not in choices:
            near = difflib.get_close_matches(value, choices, 1, 0.5)
            meant = f"is {near[0]!r} meant? " if near else ""
            raise self.wrong(
                key,
                f"unknown {key} {value!r}",
                f"{meant}known are {', '.join(choices)}",
                f"kit.unknown-{key}",
            )
        return value

    def relative(self, key: str, default: str = _MISSING) -> str:
        """A path in the kit's folder that does not lead out of it by its own words."""
        value = self.text(key, default)
        if value == default:
            return value
        path = posixpath.normpath(value)
        if path.startswith(("/", "../")) or path in ("..", "."):
            raise self.wrong(
                key,
                f"{value!r} lies outside of the kit's folder",
                "name a file of the kit, relative to its folder",
                "kit.outside",
            )
        return path

    def absolute(self, key: str) -> str:
        return self._absolute(key, self.text(key))

    def absolutes(self, key: str) -> tuple[str, ...]:
        return tuple(self._absolute(key, value) for value in self.texts(key, ()))

    def _absolute(self, key: str, value: str) -> str:
        # Of two slashes at the beginning normpath makes no one.
        if not re.match("/(?!/)", value) or posixpath.normpath(value) != value:
            raise self.wrong(
                key, f"{value!r} is no full path in the guest", "write it from /, without .. or //"
            )
        return value

    def mode(self, key: str, default: int) -> int:
        value = self._value(key, str, 'a string such as "700"', f"{default:o}")
        if not re.fullmatch(r"[0-7]{3,4}", value):
            raise self.wrong(key, f"{value!r} is no mode", 'write it in octal, such as "700"')
        return int(value, 8)

    def size(self, key: str, default: int) -> int:
        value = self._value(key, str, 'a string such as "64M"', str(default))
        match = re.fullmatch(r"([1-9][0-9]{0,14})([KMG]?)", value)
        if match is None:
            raise self.wrong(key, f"{value!r} is no size", 'write bytes, or such as "64M" or "1G"')
        return int(match[1]) * _UNITS.get(match[2], 1)

    def seconds(self, key: str, default: float) -> float:
        if isinstance(self._values.get(key), int) and not isinstance(self._values[key], bool):
            self._known.append(key)
            value = float(self._values[key])
        else:
            value = self._value(key, float, "a number of seconds", default)
        if not math.isfinite(value) or not 0 < value <= LONGEST_DEADLINE:
            raise self.wrong(key, f"{value:g} s are no deadline", "more than 0, at most 1800")
        return value

    def table(self, key: str, needed: bool = True) -> Table:
        value = self._value(key, dict, f"a table, [{self._at(key)}]", _MISSING if needed else {})
        return Table(value, self._at(key))

    def tables(self, key: str, least: int = 0) -> list[Table]:
        values = self._value(key, list, f"tables, [[{key}]]", _MISSING if least else [])
        for value in values:
            if not isinstance(value, dict):
                raise self.wrong(key, f"it must be tables, [[{key}]]")
        if len(values) < least:
            raise self.wrong(key, f"at least {least} is needed", f"add [[{key}]]")
        return [Table(value, f"{self._at(key)}[{place}]") for place, value in enumerate(values)]

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _value(self, key: str, kind: type[_T], wanted: str, default: Any) -> Any:
        self._known.append(key)
        value = self._values.get(key, default)
        if value is _MISSING:
            near = difflib.get_close_matches(key, list(self._values), 1, 0.6)
            meant = f" ({near[0]!r} stands there: is that meant?)" if near else ""
            raise self.wrong(key, f"it is missing{meant}", f"add it: {wanted}", "kit.missing-key")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"{value!r} is not {wanted}", f"it must be {wanted}", "kit.type")
        return value
