"""Secrets where others can read them: on a command line, or written into a script.

A command line is shown by `ps` to every user of the machine, also where the secret comes from a
variable. An environment is not, a file with mode 600 is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.certify.lint.finding import LintFinding
from harness.certify.lint.programs import MYSQL, NEXT_IS_PAIR, NEXT_IS_SECRET, TALKING
from harness.certify.lint.scope import Read
from harness.certify.lint.shell import Command, settings

#: Options of whatever program that say what they hold.
_TELLING = re.compile(r"--(?:[a-z-]*-)?(?:password|passwd|passphrase|secret|api-?key|token)=(.+)")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+]*://[^/\s:@]*:[^/\s@]+@")
_HEADER = re.compile(r"Authorization:\s*\S+\s+\S+", re.IGNORECASE)
_PASS = re.compile(r"pass:(.+)")
#: Variables that hold a secret; those that name a file do not end so.
_VARIABLE = re.compile(
    r"(?:.*_)?(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|API_?KEY|ACCESS_KEY|AUTH)|PG_?PASSWORD"
    r"|SSHPASS|[A-Z_]+_TOKEN"
)
_NO_SECRET = frozenset(("PWD", "OLDPWD"))


def exposure_findings(read: Read) -> Iterator[LintFinding]:
    """Of one script, in the order of its lines."""
    for command in read.script.commands:
        exposed = _on_the_command_line(command)
        if exposed:
            yield LintFinding(
                "lint.secret",
                "error",
                read.file.path,
                command.line,
                f"{command.name} is given a secret on its command line ({exposed}): every user of "
                "the machine can read it in the list of processes",
                "give it by a file with mode 600 (a defaults file, .pgpass, --config), by standard "
                "input or by the program's own variable, read from such a file",
            )
        for name, value in dict.fromkeys((*command.variables, *settings(command))):
            if _is_secret(name, value):
                yield LintFinding(
                    "lint.secret",
                    "error" if (name, value) in command.variables and command.words else "warning",
                    read.file.path,
                    command.line,
                    f"the secret in {name} is written into the script, and travels with it",
                    "read it from a file with mode 600 that does not belong to the kit; "
                    "[secrets] in kit.toml puts one there",
                )


def _on_the_command_line(command: Command) -> str:
    """The option or place that holds a secret, never the secret; "" where there is none."""
    name, words = command.name, command.words
    if not name or name in TALKING:
        return ""
    for number, word in enumerate(words[1:], 1):
        following = words[number + 1] if number + 1 < len(words) else ""
        if match := _TELLING.match(word):
            return word[: match.start(1)] + "…"
        if name in MYSQL and re.match(r"-p.", word):
            return "-p…"
        if word in NEXT_IS_SECRET.get(name, ()) and following and not following.startswith("-"):
            return f"{word} …"
        if word in NEXT_IS_PAIR.get(name, ()) and ":" in following:
            return f"{word} …:…"
        if name == "curl" and (_HEADER.search(word) or re.match(r"-u[^:\s]+:.", word)):
            return "Authorization: …" if _HEADER.search(word) else "-u…:…"
        if name == "openssl" and _PASS.match(word):
            return "pass:…"
        if name in ("sqlplus", "rman", "expdp") and re.match(r"[\w$]+/[^@\s/]+(@.*)?$", word):
            return "USER/…"
        if _ADDRESS.search(word):
            return "…://…:…@"
    return ""


def _is_secret(name: str, value: str) -> bool:
    """Whether a secret's own text stands there: no expansion, no path, nothing empty."""
    if name in _NO_SECRET or not _VARIABLE.fullmatch(name):
        return False
    return bool(value) and not re.search(r"[$`]", value) and not value.startswith("/")
