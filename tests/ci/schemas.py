"""Reduced schemas of three files of other programs, from what their documentation publishes.

GitHub: metadata syntax for actions (name, description, runs required; a composite action's steps
name their shell). GitLab: CI/CD YAML syntax (jobs, variables, artifacts). pre-commit: creating new
hooks (id, name, entry, language required). Keys that the project does not use are left out, so
that a misspelt one is noticed.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_LIST = {"type": "array", "items": _TEXT, "minItems": 1}


def _record(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


ACTION = _record(
    ["name", "description", "runs"],
    name=_TEXT,
    description=_TEXT,
    author=_TEXT,
    branding=_record(
        ["icon", "color"],
        icon=_TEXT,
        color={
            "enum": [
                "white",
                "black",
                "yellow",
                "blue",
                "green",
                "orange",
                "red",
                "purple",
                "gray-dark",
            ]
        },
    ),
    inputs={
        "type": "object",
        "propertyNames": {"pattern": "^[a-z_][a-z0-9_-]*$"},
        "additionalProperties": _record(
            ["description"],
            description=_TEXT,
            required={"type": "boolean"},
            default={"type": "string"},
        ),
    },
    outputs={
        "type": "object",
        "propertyNames": {"pattern": "^[a-z_][a-z0-9_-]*$"},
        "additionalProperties": _record(["description", "value"], description=_TEXT, value=_TEXT),
    },
    runs=_record(
        ["using", "steps"],
        using={"const": "composite"},
        steps={
            "type": "array",
            "minItems": 1,
            "items": _record(
                ["run", "shell"],
                name=_TEXT,
                id=_TEXT,
                run=_TEXT,
                shell={"enum": ["bash", "sh"]},
                env=_TEXTS,
            ),
        },
    ),
)

HOOKS = {
    "type": "array",
    "minItems": 1,
    "items": _record(
        ["id", "name", "entry", "language"],
        id=_TEXT,
        name=_TEXT,
        description=_TEXT,
        entry=_TEXT,
        language={"enum": ["python", "system", "script"]},
        files=_TEXT,
        types={"type": "array", "items": {"enum": ["file", "text", "shell", "toml", "json"]}},
        pass_filenames={"type": "boolean"},
        require_serial={"type": "boolean"},
    ),
}

GITLAB = {
    "type": "object",
    # A job whose name begins with a dot is a template that never runs by itself.
    "propertyNames": {"pattern": r"^\."},
    "minProperties": 1,
    "additionalProperties": _record(
        ["script"],
        stage=_TEXT,
        image=_TEXT,
        variables=_TEXTS,
        before_script=_LIST,
        script=_LIST,
        artifacts=_record(
            ["paths"],
            when={"enum": ["on_success", "on_failure", "always"]},
            paths=_LIST,
            reports=_record(["junit"], junit=_TEXT),
        ),
    ),
}
