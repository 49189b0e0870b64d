"""executor.toml: what a third party's executor says of itself."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.contract.clauses import CATALOGUE
from harness.problem import UsageProblem

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "packages": list,
    "image": str,
    "setup": list,
    "arguments": list,
    "environment": dict,
    "deadline": (int, float),
    "not-applicable": dict,
}


@dataclass(frozen=True)
class Manifest:
    """What `executor.toml` says; every key is optional."""

    name: str = ""
    version: str = "unknown"
    packages: tuple[str, ...] = ()
    image: str | None = None
    setup: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    not_applicable: Mapping[str, str] = field(default_factory=dict)


def parse_manifest(text: str, where: str) -> Manifest:
    """The manifest in `text`; a UsageProblem names `where`, the key and the remedy."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{where} is not TOML: {error}", "mend the line it names") from None
    _check_keys(data, where)
    _check_commands(data, where)
    _check_environment(data, where)
    for rule, reason in data.get("not-applicable", {}).items():
        _check_not_applicable(rule, reason, where)
    if "image" in data and "packages" in data:
        raise UsageProblem(
            f"{where} names both an image and packages",
            "packages are added to our own image; keep one of the two keys",
        )
    deadline = data.get("deadline")
    return Manifest(
        name=data.get("name", ""),
        version=data.get("version", "unknown"),
        packages=tuple(data.get("packages", ())),
        image=data.get("image"),
        setup=tuple(data.get("setup", ())),
        arguments=tuple(data.get("arguments", ())),
        environment=dict(data.get("environment", {})),
        deadline=float(deadline) if deadline is not None else None,
        not_applicable=dict(data.get("not-applicable", {})),
    )


def _check_keys(data: Mapping[str, Any], where: str) -> None:
    for key, value in data.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(_KEYS)}"
            raise UsageProblem(f"{where} has an unknown key {key!r}", hint)
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise UsageProblem(
                f"{where}: {key} is {value!r}, which is of the wrong type",
                "see docs/executors.md for the shape of each key",
            )
    for key in ("packages", "setup", "arguments"):
        _all_strings(data.get(key, []), f"{where}: {key}")
    for key in ("environment", "not-applicable"):
        _all_strings(list(data.get(key, {}).values()), f"{where}: {key}")
    if "image" in data and not data["image"].strip():
        raise UsageProblem(f"{where}: image is empty", "name an image, or leave the key out")
    if not 0 < data.get("deadline", 1) < math.inf:
        raise UsageProblem(
            f"{where}: deadline is {data['deadline']}", "give a number of seconds above 0"
        )


def _check_commands(data: Mapping[str, Any], where: str) -> None:
    for key in ("setup", "arguments"):
        if any("\0" in word for word in data.get(key, [])):
            raise UsageProblem(f"{where}: {key} holds a NUL byte", "no command can have one")
    if data.get("setup", ["-"])[:1] in ([], [""]):
        raise UsageProblem(
            f"{where}: setup names no program",
            "give a command as a list of words, or leave the key out",
        )


def _check_environment(data: Mapping[str, Any], where: str) -> None:
    for name, value in data.get("environment", {}).items():
        if not name or "=" in name or "\0" in name + value:
            raise UsageProblem(
                f"{where}: {name!r} can't be set as a variable",
                "a name is not empty and has no `=`, neither it nor its value a NUL byte",
            )
        if name.startswith("SNAPCERT_"):
            raise UsageProblem(
                f"{where}: environment sets {name}, which the suite gives",
                "leave it out; docs/executors.md lists what an executor is given",
            )


def _check_not_applicable(rule: str, reason: str, where: str) -> None:
    rules = sorted({clause.rule for clause in CATALOGUE.values()})
    if rule not in rules:
        near = difflib.get_close_matches(rule.upper(), rules, n=1)
        raise UsageProblem(
            f"{where}: not-applicable names {rule!r}, which is no rule",
            f"did you mean {near[0]}?" if near else "give ids as reports show them, like RUN-03",
        )
    if rule == "PLG-01":
        raise UsageProblem(
            f"{where}: PLG-01 can't be declared not applicable",
            "it is how the suite learns of an outcome at all; leave it out",
            rule,
        )
    if not reason.strip():
        raise UsageProblem(
            f"{where}: not-applicable has no reason for {rule}",
            "say why the rule does not apply; the verdict shows it",
        )


def _all_strings(values: list[Any], where: str) -> None:
    for value in values:
        if not isinstance(value, str):
            raise UsageProblem(f"{where} holds {value!r}, which is no string", "quote it")
