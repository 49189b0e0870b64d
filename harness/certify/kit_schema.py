"""The JSON Schema of kit.toml, for editors and for programs that write kits.

`kit.schema.json` beside this file is the published copy (`snapcert lint --schema` prints it). What
it refuses `manifest.parse_manifest` refuses, and what is of another type, missing or unknown there
is here; a test holds the two against one another key by key. What only several keys together can
get wrong (two disks of one name) is the parser's alone.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

from harness.certify.manifest import KIT_FOLDER, KIT_NAME, PACKAGE, RESERVED, Commands
from harness.certify.table import LONGEST_DEADLINE
from harness.history import Filesystem, Shape

_Schema = dict[str, Any]

#: Text without a NUL that is not blank.
_SOMETHING = r"[^\u0000]*[^\s\u0000][^\u0000]*"

_FREE: _Schema = {"type": "string", "pattern": r"^[^\u0000]*$"}
_TEXT: _Schema = {"type": "string", "pattern": rf"^{_SOMETHING}$"}
_RELATIVE: _Schema = {"type": "string", "pattern": rf"^(?!/|\.$|\.\.(/|$)){_SOMETHING}$"}
_MODE: _Schema = {"type": "string", "pattern": "^[0-7]{3,4}$"}

#: One element of a full path or more, none of them "." or "..".
_BELOW_ROOT = r"(/(?!\.{1,2}(/|$))[^/\u0000]+)+"


def build() -> _Schema:
    """The schema, draft 2020-12, as JSON has it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kit.toml of a script kit",
        **_table(
            ("kit", "guest", "disks", "scripts", "application"),
            kit=_table(
                ("name", "vendor", "version"),
                name=_matching(KIT_NAME),
                vendor=_TEXT,
                version=_TEXT,
                description=_FREE,
                base={"type": "string", "pattern": r"^(?!/)[^\u0000]*$"},
            ),
            guest=_guest(),
            disks={"type": "array", "minItems": 1, "items": _disk()},
            scripts=_table(
                ("config", "pre", "post"),
                config=_RELATIVE,
                pre=_RELATIVE,
                post=_RELATIVE,
                modes=_table((), config=_MODE, pre=_MODE, post=_MODE),
            ),
            install={
                "type": "array",
                "items": _table(
                    ("source", "target"), source=_RELATIVE, target=_absolute("/"), mode=_MODE
                ),
            },
            secrets=_table(
                ("names", "target"),
                names={
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": _matching("[A-Za-z_][A-Za-z0-9_]*"),
                },
                target=_absolute("/", "/dev/", "/proc/", "/sys/", f"{KIT_FOLDER}/"),
            ),
            application=_application(),
        ),
    }


def published() -> str:
    """The text of kit.schema.json."""
    return json.dumps(build(), indent=1) + "\n"


def _table(required: tuple[str, ...], /, **properties: _Schema) -> _Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _matching(pattern: str) -> _Schema:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _absolute(*refused: str) -> _Schema:
    """A full path; of those refused, one that ends with / stands for all below it."""
    ends = (f"{path}.*" if path.endswith("/") and path != "/" else path for path in refused)
    never = f"(?!({'|'.join(ends)})$)" if refused else ""
    return {"type": "string", "pattern": f"^{never}(/|{_BELOW_ROOT})$"}


def _guest() -> _Schema:
    table = _table(
        (),
        packages={"type": "array", "items": _matching(PACKAGE)},
        dockerfile={**_RELATIVE, "pattern": f"^$|{_RELATIVE['pattern']}"},
        shape={"enum": list(get_args(Shape))},
    )
    both = {"packages": {"minItems": 1}, "dockerfile": {"minLength": 1}}
    return {**table, "not": {"properties": both, "required": list(both)}}


def _disk() -> _Schema:
    reserved = [word for path in RESERVED for word in (path, f"{path}/")]
    return _table(
        ("name", "mountpoint"),
        name=_matching("[a-z0-9][a-z0-9-]{0,30}"),
        mountpoint=_absolute(*reserved),
        filesystem={"enum": list(get_args(Filesystem))},
        size=_matching("[1-9][0-9]{0,14}[KMG]?"),
    )


def _application() -> _Schema:
    command = _table(
        ("command",),
        command={
            "type": "array",
            "minItems": 1,
            "prefixItems": [{"type": "string", "pattern": r"^/[^\u0000]*$"}],
            "items": _FREE,
        },
        user=_FREE,
        deadline={"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_DEADLINE},
    )
    commands = dataclasses.fields(Commands)
    needed = (entry.name for entry in commands if entry.default is dataclasses.MISSING)
    return _table(
        ("stops_writes", *needed),
        user=_FREE,
        stops_writes={"type": "boolean"},
        environment={
            "type": "object",
            "propertyNames": {"pattern": "^[^=]+$"},
            "additionalProperties": _FREE,
        },
        data={"type": "array", "items": _absolute()},
        **{entry.name: command for entry in commands},
    )


if __name__ == "__main__":
    print(published(), end="")
