"""What freezes or locks, and whether it is undone on every way out.

A script that ends before its time, by `set -e`, a signal or an `exit` in the middle, must thaw what
it froze: a trap. For what an application keeps for a backup, that either of the two scripts undoes
it at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.certify.lint.finding import LintFinding
from harness.certify.lint.programs import TALKING
from harness.certify.lint.scope import Read
from harness.certify.lint.shell import Command, Script, read_script

_FREEZES = {"fsfreeze": ("-f", "--freeze"), "xfs_freeze": ("-f",)}
_THAWS = {"fsfreeze": ("-u", "--unfreeze"), "xfs_freeze": ("-u",)}
_ENDS = frozenset(("EXIT", "0"))

#: What holds an application for as long as nobody undoes it: how it is begun, and how ended.
_HOLDS = (
    (r"\bpg_(?:start_backup|backup_start)\s*\(", r"\bpg_(?:stop_backup|backup_stop)\s*\("),
    (r"\bfsyncLock\b", r"\bfsyncUnlock\b"),
    (r"\b(?:begin\s+backup)\b", r"\b(?:end\s+backup)\b"),
    (r"\bset\s+write\s+suspend\b", r"\bset\s+write\s+resume\b"),
    (r"\bExternalFreeze\b", r"\bExternalThaw\b"),
    (r"\bread_only\s*=\s*(?:1|on|true)\b", r"\bread_only\s*=\s*(?:0|off|false|\$|%|')"),
    (r"\bclient\s+pause\b", r"\bclient\s+unpause\b"),
)


def undoing_findings(scripts: Sequence[Read]) -> Iterator[LintFinding]:
    """Of all scripts of a kit together."""
    for read in scripts:
        yield from _frozen(read)
    said = [(read, command, _said(command)) for read in scripts for command in read.script.commands]
    for begins, ends in _HOLDS:
        if any(re.search(ends, text, re.IGNORECASE) for _, _, text in said):
            continue
        for read, command, text in said:
            if match := re.search(begins, text, re.IGNORECASE):
                yield LintFinding(
                    "lint.held",
                    "warning",
                    read.file.path,
                    command.line,
                    f"{match[0].rstrip('( ')!r} holds the application, and neither script says "
                    "what ends it",
                    "undo it in the post-script, and in a trap of the script that did it",
                )
                break


def _frozen(read: Read) -> Iterator[LintFinding]:
    for command in read.script.commands:
        if not _does(command, _FREEZES):
            continue
        if any(_thaws(read.script, trap) for trap in _traps(read.script, before=command.line)):
            continue
        yield LintFinding(
            "lint.freeze",
            "error",
            read.file.path,
            command.line,
            f"{command.name} freezes a filesystem, and no trap on EXIT before it thaws it: where "
            "this script fails or is told to end, the filesystem stays frozen",
            "leave the freeze to the executor (fsFreezeEnabled), which also finds a filesystem "
            "that is frozen already a failure (FRZ-07); or set trap '… -u …' EXIT first",
        )


def _traps(script: Script, before: int) -> Iterator[Command]:
    for command in script.commands:
        if command.line <= before and command.name == "trap" and _ENDS & set(command.words[2:]):
            yield command


def _thaws(script: Script, trap: Command) -> bool:
    """Whether a trap's action thaws, by itself or by the script's functions that it calls."""
    waiting = list(read_script(trap.words[1]).commands)
    seen: set[str] = set()
    while waiting:
        command = waiting.pop()
        if _does(command, _THAWS):
            return True
        function = script.function(command.name)
        if function is not None and function.name not in seen:
            seen.add(function.name)
            waiting += script.within(function)
    return False


def _does(command: Command, options: dict[str, tuple[str, ...]]) -> bool:
    words = command.words
    if command.name in TALKING:
        return False
    for number, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in options:  # also behind sudo, timeout, nice
            return bool(set(options[name]) & set(words[number + 1 :]))
    return False


def _said(command: Command) -> str:
    return f"{' '.join(command.words)} {command.text}"
