"""A History as JSON and back, unchanged: a stored run can be judged again.

Instants keep their full precision; tuples become lists and come back as tuples. Bytes of a guest
that are no UTF-8 live in strings as lone surrogates; they are written escaped, so that the JSON
is always clean ASCII.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from harness.history import BtrfsImage, Ext4Image, History, Image, XfsImage

#: Which kind of image an object is, under the key "kind".
_KINDS = {Ext4Image: "ext4", XfsImage: "xfs", BtrfsImage: "btrfs"}


def to_data(history: History) -> dict[str, Any]:
    """A history as plain dicts, lists, strings and numbers."""
    data: dict[str, Any] = _CONVERTER.unstructure(history)
    return data


def from_data(data: Mapping[str, Any]) -> History:
    """The history of `to_data`; raises ValueError where the data is of another shape."""
    try:
        return _CONVERTER.structure(data, History)
    except Exception as error:
        raise ValueError(f"this is no history of a run: {error}") from error


def to_json(history: History) -> str:
    """A history as one line of ASCII JSON."""
    return json.dumps(to_data(history), ensure_ascii=True, separators=(",", ":"))


def from_json(text: str | bytes) -> History:
    """The history of `to_json`; raises ValueError where the text is none."""
    return from_data(json.loads(text))


def finite(value: Any, _: type[float]) -> float:
    """A number as it can be drawn and compared; raises ValueError for one that is not finite."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no finite number")
    return number


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, finite)
    configure_tagged_union(Image, converter, tag_name="kind", tag_generator=lambda c: _KINDS[c])
    return converter


_CONVERTER = _converter()
