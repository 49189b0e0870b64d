"""The options of a run, the same for `snapcert` and for `pytest scenarios/`."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from harness.contract.rulesets import RULESETS
from harness.history import Filesystem
from harness.problem import UsageProblem
from harness.targets.select import default_rules

#: Filesystems that a conformance run may be asked to cover, in the order of its matrix.
FILESYSTEMS: tuple[Filesystem, ...] = ("ext4", "xfs", "btrfs")

#: Situations drawn by chance in a run, where nobody asks for more.
USUAL_SITUATIONS = 12

_PATHS = ("out", "kit", "env_file", "key", "known_deviations", "replay")


@dataclass(frozen=True)
class Options:
    """What the user asked for; `kit` is None in a conformance run."""

    executor: str = "reference"
    rules: str = "strict"
    filesystems: tuple[Filesystem, ...] = FILESYSTEMS
    out: Path = Path("reports/latest")
    kit: Path | None = None
    #: The file with the secrets that the kit asks for; each process reads it for itself.
    env_file: Path | None = None
    level: int = 4
    rounds: int = 5
    seed: int = 0
    situations: int = USUAL_SITUATIONS
    keep_failed: bool = False
    timeout_scale: float = 1.0
    quiet: bool = False
    #: How much faster the fixed waits of an executor pass, where it has any.
    speed: int = 1
    #: The verdict as one JSON document on standard output; the view goes to standard error.
    as_json: bool = False
    #: The private key that signs the certificate of a kit that is certified, and its life in days.
    key: Path | None = None
    valid_days: int = 365
    #: A file of failures that are accepted for a while.
    known_deviations: Path | None = None
    #: Ids of the scenarios that are run, where not all are, and the options that chose them.
    only: tuple[str, ...] = ()
    selection: str = ""
    #: A record whose runs are judged again, instead of running anything, or only this one of them.
    replay: Path | None = None
    replay_run: str = ""

    @property
    def needs_machines(self) -> bool:
        """Neither the static level of a certification nor a replay needs any."""
        return self.replay is None and (self.kit is None or self.level > 1)

    def to_json(self) -> str:
        """As text that a worker's process reads."""
        return json.dumps({**asdict(self), **{name: _text(getattr(self, name)) for name in _PATHS}})

    @classmethod
    def from_json(cls, text: str) -> Options:
        """What `to_json` wrote."""
        data = json.loads(text)
        data["filesystems"] = tuple(data["filesystems"])
        data["only"] = tuple(data["only"])
        for name in _PATHS:
            data[name] = Path(data[name]) if data[name] else None
        return cls(**data)


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None


def parse_filesystems(text: str) -> tuple[Filesystem, ...]:
    """ "ext4,xfs" to a tuple; a UsageProblem names an unknown one."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FILESYSTEMS:
            raise UsageProblem(
                f"--fs names an unknown filesystem {name!r}",
                f"choose from {', '.join(FILESYSTEMS)}",
            )
    if not names:
        raise UsageProblem("--fs names no filesystem", f"choose from {', '.join(FILESYSTEMS)}")
    return cast("tuple[Filesystem, ...]", names)


def parse_rules(text: str | None, executor: str) -> str:
    """The rule set, by default the executor's; a UsageProblem names an unknown one."""
    if text is None:
        return default_rules(executor)
    if text not in RULESETS:
        raise UsageProblem(
            f"--rules names an unknown rule set {text!r}", f"choose from {', '.join(RULESETS)}"
        )
    return text


def fresh_seed() -> int:
    """A seed that a person can type."""
    return secrets.randbelow(2**31)
