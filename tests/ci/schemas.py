"""The schemas of three files of other programs.

GitHub's for an action and GitLab's for CI/CD YAML are the published ones, as check-jsonschema
brings them. pre-commit's for a manifest of hooks is no JSON Schema but code, whose nine packages
are not brought in for one file: HOOKS is a reduction of our own of what "creating new hooks" in its
documentation publishes. It leaves out keys that the project does not use, so that a misspelt one is
noticed; .pre-commit-hooks.yaml was also held against pre-commit 4.7's `validate-manifest`, by
hand.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

_TEXT = {"type": "string", "minLength": 1}


def _record(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _published(name: str) -> dict[str, Any]:
    folder = resources.files("check_jsonschema.builtin_schemas") / "vendor"
    schema: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return schema


ACTION = _published("github-actions")
GITLAB = _published("gitlab-ci")

HOOKS = {
    "type": "array",
    "minItems": 1,
    "items": _record(
        ["id", "name", "entry", "language"],
        id=_TEXT,
        name=_TEXT,
        description=_TEXT,
        entry=_TEXT,
        language={"const": "python"},
        files=_TEXT,
        types={"type": "array", "items": {"enum": ["file", "text", "shell", "toml", "json"]}},
        pass_filenames={"type": "boolean"},
        require_serial={"type": "boolean"},
    ),
}
