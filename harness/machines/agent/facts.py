"""What the examiners' output says about an image: parsers, pure."""

from __future__ import annotations

import re

_ITEM = re.compile(r"([A-Z]+): cnt:")
_UNREADABLE = ("xfs_logprint: unknown", "xfs_logprint: data size", "Bad ", "ERROR", "*****")

# Progress of xfs_repair, its note on the log that -n leaves aside, and the lazy counters.
_HARMLESS = (
    "Phase ",
    "- ",
    "Cannot get host filesystem geometry",
    "Repair may fail if there is a sector size mismatch",
    "the image and the host filesystem.",
    "No modify flag set",
    "ALERT: The filesystem has valuable metadata changes in a log which is being",
    "ignored because the -n option was used.",
    "which may be resolved by first mounting the filesystem to replay the log.",
    "sb_fdblocks ",
    "sb_ifree ",
    "sb_icount ",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def ext_header(text: str) -> dict[str, Any]:
    """From `dumpe2fs -h`: needs_recovery and journal_start.

    Without a journal (ext2) nothing has to be recovered, and the start is 0. Raises ValueError
    where the output is none of dumpe2fs's.
    """
    fields = dict(_field(line) for line in text.splitlines() if ":" in line)
    if "Filesystem features" not in fields:
        raise ValueError("no line Filesystem features in the output of dumpe2fs")
    features = fields["Filesystem features"].split()
    start = fields.get("Journal start", "0")
    return {"needs_recovery": "needs_recovery" in features, "journal_start": int(start)}


def xfs_log(text: str) -> dict[str, Any]:
    """From `xfs_logprint -t`: distinct kinds of log items between tail and head, transactions.

    A kind is "INODE", what a buffer holds ("SUPER Block Buffer", "AGF Buffer", "BUF DATA"), or
    the item's own word ("ICR", "EFI"); "UNREADABLE" where the tool met something it can't read.
    Raises ValueError where the output is no print of a log.
    """
    lines = text.splitlines()
    if not any(line.strip().startswith("log tail:") for line in lines):
        raise ValueError(f"xfs_logprint printed no log but: {text.strip()[-200:]}")
    kinds = set()
    transactions = 0
    for at, line in enumerate(lines):
        if line.startswith("TRANS:"):
            transactions += 1
            continue
        if line.startswith(_UNREADABLE):
            kinds.add("UNREADABLE")
        found = _ITEM.match(line)
        if not found:
            continue
        word = found.group(1)
        if word == "BUF":
            # The item's line, its regions, then what the buffer holds.
            holds = lines[at + 2 : at + 3]
            word = holds[0].partition(":")[0].strip() if holds else word
        kinds.add("INODE" if word == "INO" else word)
    return {"log_items": sorted(kinds), "log_transactions": transactions}


def xfs_changes(items: list[str]) -> bool:
    """Whether a log holds more than the superblock, which a freeze itself writes into it."""
    return any(not item.casefold().startswith("super") for item in items)


def xfs_faults(text: str) -> list[str]:
    """What `xfs_repair -n` finds in an image whose log it leaves aside, but for the superblock's
    counters, which are kept in memory while an xfs is mounted."""
    found = []
    for line in text.splitlines():
        said = line.strip()
        if said and not said.startswith(_HARMLESS):
            found.append(said)
    return found


def btrfs_log_root(text: str) -> int:
    """From `btrfs inspect-internal dump-super`: the address of the log tree, 0 where none."""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "log_root":
            return int(words[1])
    raise ValueError("no line log_root in the output of dump-super")


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
