"""The records of the contract can't be changed: judge, executor and report share them."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import harness

_ROOM = Path(harness.__file__).parent / "contract"
_MODULES = [
    importlib.import_module(
        ".".join(("harness", "contract", *path.relative_to(_ROOM).with_suffix("").parts))
    )
    for path in sorted(_ROOM.rglob("*.py"))
    if path.name != "__init__.py"
]
_RECORDS = [
    kind
    for module in _MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__ and kind.__doc__
    if not issubclass(kind, Exception) and not issubclass(kind, str)
]


def test_there_are_records() -> None:
    names = {kind.__name__ for kind in _RECORDS}
    assert {"Clause", "Config", "ErrorText", "FreezeDone", "Policy", "Verdict"} <= names


@pytest.mark.parametrize("kind", _RECORDS, ids=lambda kind: kind.__qualname__)
def test_a_record_is_compared_by_value_and_never_changes(kind: type) -> None:
    values = dict.fromkeys(inspect.signature(kind).parameters, "a value")
    one, same = kind(**values), kind(**values)
    assert one == same
    assert hash(one) == hash(same)
    for name in values:
        with pytest.raises(AttributeError):
            setattr(one, name, "another value")
        assert kind(**{**values, name: "another value"}) != one
