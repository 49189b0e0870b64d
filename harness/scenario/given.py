"""Given: the config and the scripts of a scenario, in a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from harness.machines.files import GuestFile
from harness.oracles.terms import COMMANDS
from harness.scenario.suite import fixture
from harness.targets.situation import (
    POST_PATH,
    PRE_PATH,
    config_file,
    script_file,
)

#: Both values of continueBackupOnFailure, as `go_on`.
policy = pytest.mark.parametrize("go_on", [True, False], ids=["continue", "fail"])

_PATHS = {"pre": PRE_PATH, "post": POST_PATH}


@dataclass(frozen=True)
class Given:
    """A config, or raw bytes in its place, or none; and the files beside it.

    `instead` stands in the config's place (another mode, a link, a pipe, other bytes); `config` is
    then what its author meant to say, whether or not the contract lets it be trusted.
    """

    config: Mapping[str, Any] | bytes | None
    files: tuple[GuestFile, ...] = ()
    instead: GuestFile | None = None

    def all_files(self) -> tuple[GuestFile, ...]:
        """What is put into the guest, the config last."""
        if self.instead is not None:
            return (*self.files, self.instead)
        if self.config is None:
            return self.files
        return (*self.files, config_file(self.config))

    def arguments(self) -> Mapping[str, tuple[str, ...]]:
        """The arguments of each script (CFG-06)."""
        return {which: tuple(self.setting(f"{which}ScriptParams", ())) for which in ("pre", "post")}

    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """Where each script lies and, where the config names a link to it, that link."""
        return {
            which: tuple(dict.fromkeys((path, self.setting(f"{which}ScriptLocation", path))))
            for which, path in _PATHS.items()
        }

    def places(self) -> dict[str, str]:
        """Where each script lies: where the config says, unless that is a link to the usual place.

        A config that can't be trusted says nothing.
        """
        usual = {file.path for file in self.files if file.kind != "absent"}
        configured = {w: str(self.setting(f"{w}ScriptLocation", _PATHS[w])) for w in _PATHS}
        return {
            which: path if path.startswith("/") and _PATHS[which] not in usual else _PATHS[which]
            for which, path in configured.items()
        }

    def retries(self) -> Mapping[str, int]:
        """How often each script may be run again; never, where the config says nonsense."""
        settings = {which: self.setting(f"{which}ScriptNoOfRetries", 0) for which in _PATHS}
        return {which: many if isinstance(many, int) else 0 for which, many in settings.items()}

    def setting(self, key: str, default: Any) -> Any:
        """A setting of the config; `default` where the config can't be trusted or is not there."""
        if isinstance(self.config, Mapping):
            return self.config.get(key, default)
        return default


def configured(**settings: Any) -> Mapping[str, Any]:
    """The complete config of fixtures/configs with some settings changed."""
    config: dict[str, Any] = json.loads(fixture("configs/complete.json"))
    unknown = set(settings) - set(config)
    if unknown:
        raise ValueError(f"the config has no key {', '.join(sorted(unknown))}")
    return {**config, **settings}


def named(path: str, name: str, *, mode: str = "0700", uid: int = 0) -> GuestFile:
    """`fixtures/scripts/NAME.sh` at a path of its own, beside the two scripts."""
    return script_file(path, fixture(f"scripts/{name}.sh"), mode=mode, uid=uid)


def script(which: str, name: str, *, mode: str = "0700", uid: int = 0) -> GuestFile:
    """`fixtures/scripts/NAME.sh` as the pre- or the post-script."""
    return script_file(_PATHS[which], fixture(f"scripts/{name}.sh"), mode=mode, uid=uid)


def command(name: str) -> GuestFile:
    """`fixtures/commands/NAME.sh`, to be called in the place of the snapshot command."""
    path = f"{COMMANDS}{name}"
    return GuestFile(path, content=fixture(f"commands/{name}.sh"), mode="0700")


def scripts(pre: str | None = "succeed", post: str | None = "succeed") -> tuple[GuestFile, ...]:
    """Both scripts by their fixture names; None leaves one out."""
    chosen = (("pre", pre), ("post", post))
    return tuple(script(which, name) for which, name in chosen if name is not None)
