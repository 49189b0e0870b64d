"""The secrets that a kit needs, such as a database's password: from a file of the user's.

Lines `NAME=VALUE`, the value as it stands, `#` begins a comment line. A guest gets them as a file
that only root can read, at the path that kit.toml names: for the scripts, whose environment is
fixed (RUN-09). The application's commands get them as variables. No report does.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.machines.process import CommandResult
from harness.problem import UsageProblem
from harness.results.redact import Redactor

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: What is shorter, or a plain word, can't be told from other text, and so not be kept out of it.
_SHORTEST = 8


@dataclass(frozen=True)
class Secrets:
    """Values by name; never shown."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    redactor: Redactor = field(default_factory=Redactor, compare=False)

    def redacted(self, result: CommandResult) -> CommandResult:
        """What a command printed, without them, before anything of it is cut or shown."""
        return replace(
            result,
            out=self.redactor.output(result.out, result.cut),
            err=self.redactor.output(result.err, result.cut),
        )

    def as_file(self) -> bytes:
        """What a guest's file holds: assignments that a shell reads in with `.`."""
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in self.values.items())
        return "".join(lines).encode()


def read_secrets(path: Path, wanted: Sequence[str]) -> Secrets:
    """Read an env file that must hold these names and no others. Raises UsageProblem."""
    values: dict[str, str] = {}
    for number, line in enumerate(_private_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not _NAME.fullmatch(name) or name in values:
            what = f"gives {name} twice" if name in values else "is no NAME=VALUE"
            raise _wrong(f"{path}:{number} {what}", "write each secret once, as NAME=VALUE")
        if not _can_be_told(value):
            raise _wrong(
                f"{path}:{number}: the value of {name} could not be kept out of reports",
                f"use one of {_SHORTEST} characters or more, with letters and digits, without "
                "control characters: the guests are fresh, and need no password that is used "
                "elsewhere",
            )
        values[name] = value
    missing = [name for name in wanted if name not in values]
    if missing:
        raise _wrong(f"{path} lacks {', '.join(missing)}", "add what secrets.names of kit.toml has")
    if beyond := [name for name in values if name not in wanted]:
        raise _wrong(
            f"{path} holds {', '.join(beyond)}, which the kit does not ask for",
            "leave out what is not needed, or name it in secrets.names of kit.toml",
        )
    return Secrets(values, Redactor(values.values()))


def _private_text(path: Path) -> str:
    """The file's text; nobody but its owner may read it. What is judged is what is read."""
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise _wrong(f"{path} is no regular file", "give a file with lines NAME=VALUE")
            if stat.S_IMODE(facts.st_mode) & 0o077:
                raise _wrong(
                    f"{path} has mode {stat.S_IMODE(facts.st_mode):o}: others can read the secrets",
                    f"chmod 600 {shlex.quote(str(path))}",
                )
            if facts.st_uid not in (0, os.geteuid()):
                raise _wrong(f"{path} belongs to somebody else", "use a file of your own")
            return file.read().decode("utf-8")
    except UnicodeDecodeError:
        raise _wrong(f"{path} is no UTF-8", "save it as UTF-8") from None
    except OSError as error:
        raise _wrong(f"{path} cannot be read: {error.strerror}", "name the right file") from None


def _can_be_told(value: str) -> bool:
    return (
        len(value) >= _SHORTEST
        and value.isprintable()
        and any(map(str.isalpha, value))
        and any(map(str.isdigit, value))
    )


def _wrong(message: str, remedy: str) -> UsageProblem:
    return UsageProblem(message, remedy, "kit.secrets")
