"""kit.toml's published schema and its parser say the same of a kit, key by key."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.certify import kit_schema
from harness.certify.manifest import parse_manifest
from harness.certify.table import ManifestError
from harness.cli import main

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = Path(kit_schema.__file__).with_name("kit.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))
KITS = sorted((ROOT / "fixtures").glob("*kits/*/kit.toml"))

#: What a schema of one value can't say, because it is about several, or about a sum.
BEYOND = ("have the same", "needs a disk", "root filesystem on ext2", "the shape is", "too few")

#: Every key that there is.
FULL: dict[str, Any] = {
    "kit": {"name": "a", "vendor": "b", "version": "1", "description": "c", "base": "../d"},
    "guest": {"packages": ["python3"], "shape": "data"},
    "disks": [{"name": "data", "mountpoint": "/srv/a", "filesystem": "ext4", "size": "64M"}],
    "scripts": {
        "config": "c.json",
        "pre": "pre.sh",
        "post": "post.sh",
        "modes": {"config": "600", "pre": "700", "post": "0700"},
    },
    "install": [{"source": "x", "target": "/opt/x", "mode": "755"}],
    "secrets": {"names": ["A", "B_2"], "target": "/etc/a/secrets"},
    "application": {
        "user": "a",
        "stops_writes": True,
        "environment": {"A": "b"},
        "data": ["/var/lib/a"],
        **{
            name: {"command": ["/opt/kit/x", "y"], "user": "a", "deadline": 3.5}
            for name in ("setup", "init", "start", "ready", "stop", "workload", "state", "verify")
        },
    },
}  # fmt: skip
OF_ANY_TYPE: tuple[Any, ...] = (
    True, 0, -1, 1, 60, 1800, 1801, 2.5, "", " ", "x", "A b", "a=b", "x\0", "/", "//x", "/x", "/x/",
    "/x/../y", "/x/./y", "/...", "/etc", "/etc/x", "/dev/x", "/opt/kit", "/opt/kit/x", "/opt/kits",
    "x/y", "..", "../x", "...", ".", "./x", "700", "0700", "78", "64M", "0M", "1.5G", "ext2",
    "root-on-disk", "ntfs", "-a", "a--b", "a.b", "Ä", [], [""], ["x"], ["/x"], ["/x", ""],
    ["/x", 1], ["A", "A"], [{}], {}, {"x": 1}, {"a": "b"}, {"a=b": "c"}, {"": "c"}, {"a": "\0"},
)  # fmt: skip


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every key of a document and of the tables in it."""
    within = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in within:
        yield (*at, key)
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*at, key))


def changed(at: tuple[str | int, ...], *value: Any) -> dict[str, Any]:
    """FULL with another value there, or with none."""
    document = copy.deepcopy(FULL)
    table: Any = document
    for key in at[:-1]:
        table = table[key]
    if value:
        table[at[-1]] = value[0]
    else:
        del table[at[-1]]
    return document


def refusal(document: dict[str, Any]) -> str:
    """What the parser has against a document, "" where nothing."""
    try:
        parse_manifest(document)
    except ManifestError as error:
        return error.message
    return ""


def test_the_published_schema_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert PUBLISHED.read_text() == kit_schema.published(), (
        "python -m harness.certify.kit_schema > harness/certify/kit.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(kit_schema.build())
    with pytest.raises(SystemExit):
        main(["lint", "--schema"])
    assert capsys.readouterr().out == PUBLISHED.read_text()


@pytest.mark.parametrize("path", KITS, ids=lambda path: path.parent.name)
def test_every_kit_of_ours_keeps_to_it(path: Path) -> None:
    VALIDATOR.validate(tomllib.loads(path.read_text(encoding="utf-8")))


PLACES = list(places(FULL))


@pytest.mark.parametrize("at", PLACES, ids=lambda at: ".".join(map(str, at)))
def test_it_refuses_what_the_parser_refuses(at: tuple[str | int, ...]) -> None:
    """A key that is gone, and a value of any type and shape in its place."""
    assert VALIDATOR.is_valid(FULL)
    assert refusal(FULL) == ""
    for document in (changed(at), *(changed(at, value) for value in OF_ANY_TYPE)):
        said = refusal(document)
        alone = any(words in said for words in BEYOND)
        assert VALIDATOR.is_valid(document) == (not said or alone), (document, said)


def test_a_key_that_there_is_not() -> None:
    """In each table but the environment, whose keys are the kit's."""
    tables = {at[:-1] for at in PLACES if isinstance(at[-1], str)}
    for at in sorted(tables - {("application", "environment")}, key=str):
        document = changed((*at, "commmand"), "x")
        assert "unknown key 'commmand'" in refusal(document)
        assert not VALIDATOR.is_valid(document), at


def test_every_key_of_the_parser_is_tried() -> None:
    """FULL has all keys of the schema, but for the one that excludes another."""

    def keys(schema: dict[str, Any], at: str = "") -> set[str]:
        found = set()
        for name, inner in schema.get("properties", {}).items():
            found |= {f"{at}{name}"} | keys(inner.get("items", inner), f"{at}{name}.")
        return found

    tried = {".".join(part for part in at if isinstance(part, str)) for at in PLACES}
    assert keys(kit_schema.build()) - tried == {"guest.dockerfile"}
    both = copy.deepcopy(FULL)
    both["guest"]["dockerfile"] = "Dockerfile"
    assert "exclude one another" in refusal(both)
    assert not VALIDATOR.is_valid(both)
    del both["guest"]["packages"]
    assert refusal(both) == ""
    assert VALIDATOR.is_valid(both)
