"""The JSON Schema of results.jsonl, for readers in other languages: one schema a line.

Made from the record's own types, so that it can't say anything else; `schema.json` beside this
file is the published copy (`python -m harness.results.schema` prints it), and a test holds the two
together. Unknown keys are allowed: a later suite may add some.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import json
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.results.record import SCHEMA, TYPES, Header, Line

_SCALARS: dict[object, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def build() -> dict[str, Any]:
    """The schema, draft 2020-12, as JSON has it."""
    definitions: dict[str, Any] = {}
    lines = [_line(name, kind, definitions) for name, kind in TYPES.items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of results.jsonl, format {SCHEMA}",
        "oneOf": lines,
        "$defs": dict(sorted(definitions.items())),
    }


def published() -> str:
    """The text of schema.json."""
    return json.dumps(build(), indent=1) + "\n"


def _line(name: str, kind: type[Line], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _record(kind, definitions)
    required = ["type", *schema["required"]]
    if kind is Header:
        required.append("schema")
    properties = {"type": {"const": name}, **schema["properties"]}
    return {**schema, "properties": properties, "required": required}


def _record(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = [
        f.name
        for f in fields
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    return {
        "type": "object",
        "description": (kind.__doc__ or "").split("\n", 1)[0],
        "properties": {f.name: _value(hints[f.name], definitions) for f in fields},
        "required": required,
    }


def _value(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if hint is type(None):
        return {"type": "null"}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_value(argument, definitions) for argument in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _value(arguments[0], definitions)}
    if origin is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": _value(arguments[1], definitions)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    if not dataclasses.is_dataclass(hint) or not isinstance(hint, type):
        raise TypeError(f"the record holds a type that JSON does not have: {hint!r}")
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # so that a type which holds itself ends
        definitions[hint.__name__] = _record(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


if __name__ == "__main__":
    print(published(), end="")
